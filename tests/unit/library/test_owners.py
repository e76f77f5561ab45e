"""Who records which camera."""

import pytest

from services.library.owners import SILENT_NS, Owners, Recorded

ROW = {"state": "recording", "reason": "", "detail": "", "mode": "continuous"}


def a_record(name="recorder-0", socket="/run/recorder-0.sock", **changes):
    fields = {
        "stage": "recorder",
        "host": "here",
        "name": name,
        "recordings": {"porch": ROW},
        "recorder": {"socket": socket},
    }
    return {**fields, **changes}


def test_recorder_that_tells_of_a_camera_has_it():
    owners = Owners("here")
    owners.hear(a_record(), 0)
    assert owners.socket("porch", SILENT_NS) == "/run/recorder-0.sock"
    assert owners.recorded("porch", 0) == Recorded("recording", "", "", "continuous")
    assert owners.socket("garden", 0) == ""


def test_recorder_that_fell_silent_has_none():
    owners = Owners("here")
    owners.hear(a_record(), 0)
    assert owners.socket("porch", SILENT_NS + 1) == ""
    assert owners.recorded("porch", SILENT_NS + 1) == Recorded()


def test_last_word_counts_when_a_camera_changes_hands():
    owners = Owners("here")
    owners.hear(a_record(), 0)
    owners.hear(a_record("recorder-1", "/run/recorder-1.sock"), 1)
    assert owners.socket("porch", 2) == "/run/recorder-1.sock"
    owners.hear(a_record("recorder-1", recordings={}), 3)
    assert owners.socket("porch", 4) == "/run/recorder-0.sock"


def test_recorder_of_another_machine_cannot_be_asked():
    owners = Owners("here")
    owners.hear(a_record(host="there"), 0)
    assert owners.socket("porch", 0) == ""


def test_heartbeat_says_nothing_of_cameras():
    owners = Owners("here")
    owners.hear(a_record(), 0)
    owners.hear({"stage": "recorder", "host": "here", "name": "recorder-0", "heartbeat": True}, 1)
    assert owners.socket("porch", 1) == "/run/recorder-0.sock"


def test_modes_are_keeper_s():
    owners = Owners("here")
    owners.hear({"stage": "keeper", "recording": {"cameras": {"porch": "event", "x": 5}}}, 0)
    assert owners.modes() == {"porch": "event"}


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"stage": "keeper", "recording": 5},
        a_record(recordings=[1]),
        a_record(recordings={"porch": 5}),
        a_record(recorder=7, recordings={}),
        a_record(recordings={"porch": {"state": 5}}, recorder={"socket": 5}),
    ],
)
def test_malformed_record_says_nothing(record):
    owners = Owners("here")
    owners.hear(record, 0)
    assert owners.recorded("porch", 0) == Recorded()
    assert isinstance(owners.socket("porch", 0), str)
    assert owners.modes() == {}
