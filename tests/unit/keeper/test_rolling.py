"""A rolling restart: one after the other, and not before the last one is back."""

import pytest

from common.units import NS_PER_S
from services.keeper.desired import Member, ScaleError
from services.keeper.rolling import PATIENCE_S, Roll, members_of

TABLE = [
    Member("broker", "broker", "RUNNING", 10),
    Member("keeper", "keeper", "RUNNING", 11),
    Member("fanout", "fanout-0", "RUNNING", 20),
    Member("fanout", "fanout-1", "RUNNING", 21),
    Member("fanout", "fanout-8", "RUNNING", 28),
    Member("transcode", "transcode-0", "RUNNING", 30),
    Member("ingest", "ingest-0", "FATAL", 0),
]
SCALE = {"fanout": 2, "transcode": 1, "recorder": 0, "ingest": 1, "library": 0}


def test_roll_stops_the_first_at_once_and_the_second_when_the_first_was_heard_again():
    roll = Roll(["fanout-0", "fanout-1"])

    assert roll.advance(0, {"fanout-0": 20, "fanout-1": 21}, {}) == "fanout-0"
    assert roll.advance(1, {"fanout-0": 0, "fanout-1": 21}, {"fanout-0": 20}) == ""
    # Running, but not heard: not ready.
    assert roll.advance(2, {"fanout-0": 40, "fanout-1": 21}, {"fanout-0": 20}) == ""
    assert roll.advance(3, {"fanout-0": 40, "fanout-1": 21}, {"fanout-0": 40}) == "fanout-1"
    assert roll.done == ["fanout-0"]
    assert roll.advance(4, {"fanout-0": 40, "fanout-1": 41}, {"fanout-1": 41}) == ""
    assert not roll.is_running
    assert roll.done == ["fanout-0", "fanout-1"]


def test_roll_is_not_fooled_by_a_late_word_of_the_old_process():
    roll = Roll(["fanout-0"])
    roll.advance(0, {"fanout-0": 20}, {})

    roll.advance(1, {"fanout-0": 20}, {"fanout-0": 20})

    assert roll.is_running


def test_roll_gives_up_and_says_so_when_a_member_does_not_come_back():
    roll = Roll(["fanout-0", "fanout-1"])
    roll.advance(0, {"fanout-0": 20, "fanout-1": 21}, {})

    stop = roll.advance((PATIENCE_S + 1) * NS_PER_S, {"fanout-0": 0, "fanout-1": 21}, {})

    assert stop == ""
    assert not roll.is_running
    assert "fanout-0 was not ready again within 30 s" in roll.error
    assert roll.left == ["fanout-1"]


def test_roll_waits_for_a_member_that_did_not_run_without_stopping_it():
    roll = Roll(["ingest-0"])

    assert roll.advance(0, {"ingest-0": 0}, {}) == ""
    assert roll.current == "ingest-0"
    assert roll.advance(1, {"ingest-0": 50}, {"ingest-0": 50}) == ""
    assert roll.done == ["ingest-0"]


def test_members_of_a_stage_leave_the_port_holder_out():
    assert members_of("fanout", TABLE, SCALE) == ["fanout-0", "fanout-1"]


def test_members_of_a_stage_include_one_that_was_given_up():
    assert members_of("ingest", TABLE, SCALE) == ["ingest-0"]


def test_members_of_all_stages_end_with_keeper():
    assert members_of("", TABLE, SCALE) == ["broker", "fanout-0", "fanout-1", "transcode-0", "ingest-0", "keeper"]


def test_members_of_an_unknown_stage_are_refused():
    with pytest.raises(
        ScaleError,
        match="unknown stage 'fanuot'; expected one of ingest, transcode, recorder, fanout, broker, keeper, library",
    ):
        members_of("fanuot", TABLE, SCALE)


def test_roll_leaves_out_who_is_not_wanted_any_more():
    roll = Roll(["fanout-0", "fanout-1", "fanout-2"])
    roll.advance(0, {"fanout-0": 20}, {})

    roll.keep({"fanout-1"})

    assert roll.advance(1, {"fanout-1": 21}, {}) == "fanout-1"
    assert roll.left == []


def test_members_of_transcode_include_the_workers_for_one_camera_that_run():
    table = [*TABLE, Member("transcode-alone", "transcode-alone-1", "RUNNING", 50),
             Member("transcode-alone", "transcode-alone-2", "STOPPED", 0)]  # fmt: skip

    assert members_of("transcode", table, SCALE) == ["transcode-0", "transcode-alone-1"]
    assert members_of("", table, SCALE).count("transcode-alone-1") == 1


def test_members_of_all_stages_include_what_records_while_it_is_used():
    scale = {**SCALE, "recorder": 2, "library": 1}

    assert members_of("", TABLE, scale)[:5] == ["broker", "library", "fanout-0", "fanout-1", "recorder-0"]
    assert members_of("recorder", TABLE, scale) == ["recorder-0", "recorder-1"]
    assert members_of("library", TABLE, scale) == ["library"]
