"""How cameras are recorded, as `/status` says it."""

import json

import pytest

from common.units import NS_PER_S
from services.fanout.recordings import Recordings

WALL_NS = 1_800_000_000 * NS_PER_S


def keeper(used=True, **modes):
    return {"recording": {"cameras": modes, "default": "off", "used": used}}


def told(**changes):
    return {
        "mode": "continuous", "state": "recording", "reason": "", "detail": "", "since_wall_ns": WALL_NS,
        "newest_wall_ns": WALL_NS + NS_PER_S // 4, "shift_s": 0.0, "size_bytes": 5, **changes,
    }  # fmt: skip


def heard(record):
    recordings = Recordings()
    recordings.hear_keeper(record)
    return recordings


def test_camera_that_a_recorder_tells_of_has_all_the_fields():
    rows = heard(keeper(porch="continuous")).rows([{"recordings": {"porch": told(shift_s=3600.12345)}}])

    assert rows == {
        "porch": {
            "mode": "continuous", "state": "recording", "reason": "", "detail": "", "newest": 1_800_000_000.25,
            "shift_s": 3600.123,
        }
    }  # fmt: skip


def test_camera_that_is_to_be_recorded_has_its_mode_until_a_recorder_tells():
    assert heard(keeper(porch="event", attic="off")).rows([]) == {"porch": {"mode": "event"}}


def test_keepers_mode_counts_where_the_recorder_has_not_heard_of_it_yet():
    rows = heard(keeper(porch="off")).rows([{"recordings": {"porch": told()}}])

    assert (rows["porch"]["mode"], rows["porch"]["state"]) == ("off", "recording")


def test_newer_recorder_counts_at_a_change_of_hands():
    old, new = told(state="off", since_wall_ns=WALL_NS), told(since_wall_ns=WALL_NS + 1)

    for records in ([{"recordings": {"porch": old}}, {"recordings": {"porch": new}}],
                    [{"recordings": {"porch": new}}, {"recordings": {"porch": old}}]):  # fmt: skip
        assert heard(keeper()).rows(records)["porch"]["state"] == "recording"


@pytest.mark.parametrize("recording", [7, None, {"cameras": [1]}, {"cameras": {"porch": 5}}, {}])
def test_odd_word_of_keeper_harms_nothing(recording):
    rows = heard({"recording": recording}).rows([])

    assert set(rows) <= {"porch"}


@pytest.mark.parametrize(
    "recordings",
    [7, {"porch": 7}, {5: told()}, {"porch": told(shift_s=float("nan"), newest_wall_ns=-1, since_wall_ns="x")},
     {"porch": told(shift_s=float("inf"), detail=["x"] * 1000, newest_wall_ns=1 << 80)}],
)  # fmt: skip
def test_odd_word_of_a_recorder_is_still_json(recordings):
    rows = heard(keeper()).rows([{"recordings": recordings}])

    json.dumps(rows, allow_nan=False)


def test_library_is_missed_only_below_its_own_addresses():
    recordings = heard(keeper(used=True))

    assert recordings.refusal("/api/recordings")[0] == 503
    assert recordings.refusal("/api/exports/x")[0] == 503
    assert recordings.refusal("/api/recordingsX") is None
    assert recordings.refusal("/api/cameras") is None


def test_nobody_is_sent_away_for_good_before_keeper_was_heard():
    assert Recordings().refusal("/api/recordings")[0] == 503


def test_who_asks_where_nothing_is_recorded_is_told_how_to_begin():
    status, sentence = heard(keeper(used=False)).refusal("/api/recordings/porch/play.mp4")

    assert status == 404
    assert "nothing is recorded here yet" in sentence
    assert "/api/cameras/<id>/recording" in sentence
