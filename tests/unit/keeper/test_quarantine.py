"""Cameras whose pictures crash the codec."""

import json

import pytest

from common.errors import WireError
from common.units import NS_PER_S
from services.keeper.quarantine import (
    PROBATION_NS,
    QUARANTINE_NS,
    Quarantine,
    QuarantineError,
    Remembered,
    remembered_from,
)

WALL = 1_800_000_000 * NS_PER_S


class Desk:
    """A quarantine, and a clock."""

    def __init__(self, remembered=None, wall_ns=WALL):
        self.now_ns = 0
        self.quarantine = Quarantine(remembered or Remembered(), 0, wall_ns)

    def crash(self, camera, crash_id, process="transcode-0"):
        status = {"name": process, "suspects": [camera], "crash_id": crash_id}
        return self.quarantine.heard(status, self.now_ns, WALL + self.now_ns)

    def crashes(self, camera, count):
        return [line for crash_id in range(count) for line in self.crash(camera, crash_id)]

    def pass_s(self, seconds):
        self.now_ns += seconds * NS_PER_S
        return self.quarantine.tick(self.now_ns)


@pytest.fixture
def desk():
    return Desk()


def test_first_crash_sets_a_camera_apart(desk):
    (line,) = desk.crash("porch", 1)

    assert desk.quarantine.isolated() == {"porch": "transcode-alone-0"}
    assert desk.quarantine.processes() == {"transcode-alone-0"}
    assert desk.quarantine.quarantined() == {}
    assert desk.quarantine.is_changed
    assert line == "camera porch crashed the codec of transcode-0: encoded by transcode-alone-0 alone"


def test_same_crash_is_counted_once_however_often_it_is_told(desk):
    for _ in range(10):
        desk.crash("porch", 1)
        desk.pass_s(1)

    assert desk.crash("porch", 1) == []
    assert desk.quarantine.quarantined() == {}


def test_third_crash_within_a_minute_quarantines_for_an_hour(desk):
    *_, line = desk.crashes("porch", 3)

    assert desk.quarantine.isolated() == {}
    assert desk.quarantine.processes() == frozenset()
    assert desk.quarantine.quarantined() == {
        "porch": {
            "since_wall_ns": WALL,
            "until_wall_ns": WALL + QUARANTINE_NS,
            "reason": "its pictures crashed the encoder 3 times within 60 s",
        }
    }
    assert "make release CAMERA=porch" in line


def test_crashes_that_are_far_apart_do_not_add_up(desk):
    for crash_id in range(6):
        desk.crash("porch", crash_id)
        desk.pass_s(31)

    assert desk.quarantine.quarantined() == {}
    assert "porch" in desk.quarantine.isolated()


def test_camera_that_behaves_comes_back_ten_minutes_after_its_last_crash(desk):
    desk.crash("porch", 1)
    desk.pass_s(300)
    desk.crash("porch", 2)

    assert desk.pass_s(PROBATION_NS // NS_PER_S - 1) == []
    assert desk.pass_s(1) == ["camera porch: no crash for 10 min; it is back among all"]
    assert desk.quarantine.isolated() == {}


def test_quarantine_ends_after_an_hour_in_a_process_of_its_own(desk):
    desk.crashes("porch", 3)

    assert desk.pass_s(3599) == []
    assert len(desk.pass_s(1)) == 1
    assert desk.quarantine.quarantined() == {}
    assert "porch" in desk.quarantine.isolated()


def test_released_camera_is_encoded_apart_and_needs_three_new_crashes(desk):
    desk.crashes("porch", 3)
    desk.pass_s(5)

    desk.quarantine.release("porch", desk.now_ns)

    assert desk.quarantine.quarantined() == {}
    assert desk.quarantine.isolated() == {"porch": "transcode-alone-0"}
    # What is told again of the past counts no more.
    assert desk.crashes("porch", 3) == []
    desk.crash("porch", 11)
    desk.crash("porch", 12)
    assert desk.quarantine.quarantined() == {}
    desk.crash("porch", 13)
    assert "porch" in desk.quarantine.quarantined()


def test_release_of_a_camera_that_is_free_is_refused(desk):
    desk.crash("porch", 1)

    with pytest.raises(QuarantineError, match="camera porch is not in quarantine"):
        desk.quarantine.release("porch", 0)


def test_cameras_are_spread_over_the_processes(desk):
    for number in range(6):
        desk.crash(f"cam{number}", number)

    isolated = desk.quarantine.isolated()
    assert len({isolated[f"cam{number}"] for number in range(4)}) == 4
    assert len(desk.quarantine.processes()) == 4


def test_forgotten_camera_is_forgotten_here_too(desk):
    desk.crashes("porch", 3)
    desk.crash("attic", 9)
    desk.quarantine.is_changed = False

    desk.quarantine.forget("porch")
    desk.quarantine.forget("attic")

    assert desk.quarantine.is_changed
    assert desk.quarantine.document() == {"isolated": [], "quarantined": {}}


def test_state_survives_the_round_trip_and_the_hour_goes_on(desk):
    desk.crashes("porch", 3)
    desk.crash("attic", 9)
    remembered = remembered_from(json.loads(json.dumps(desk.quarantine.document())))

    later = Desk(remembered, WALL + 3000 * NS_PER_S)

    assert later.quarantine.quarantined() == desk.quarantine.quarantined()
    assert later.quarantine.isolated() == {"attic": "transcode-alone-0"}
    later.pass_s(599)
    assert "porch" in later.quarantine.quarantined()
    later.pass_s(1)
    assert later.quarantine.quarantined() == {}


@pytest.mark.parametrize("step_s", [-100_000, 100_000])
def test_wall_clock_that_steps_makes_a_quarantine_neither_endless_nor_negative(desk, step_s):
    desk.crashes("porch", 3)
    remembered = remembered_from(desk.quarantine.document())

    later = Desk(remembered, WALL + step_s * NS_PER_S)
    later.pass_s(3600)

    assert later.quarantine.quarantined() == {}


@pytest.mark.parametrize(
    "status",
    [
        {"name": "transcode-0", "suspects": ["porch"]},
        {"suspects": ["porch"], "crash_id": 1},
        {"name": "transcode-0", "suspects": "porch", "crash_id": 1},
        {"name": "transcode-0", "suspects": [1], "crash_id": 1},
        {"name": "transcode-0", "suspects": ["../etc"], "crash_id": 1},
    ],
)
def test_malformed_suspects_are_refused(desk, status):
    with pytest.raises(WireError):
        desk.quarantine.heard(status, 0, 0)

    assert desk.quarantine.isolated() == {}


def test_status_without_suspects_says_nothing(desk):
    assert desk.quarantine.heard({"name": "transcode-0"}, 0, 0) == []


@pytest.mark.parametrize(
    "document",
    [
        {"isolated": "porch"},
        {"quarantined": []},
        {"isolated": ["../etc"]},
        {"quarantined": {"porch": {}}},
        {"quarantined": {"porch": {"since_wall_ns": 1, "until_wall_ns": "2", "reason": "x"}}},
        {"quarantined": {"porch": {"since_wall_ns": 1, "until_wall_ns": 2, "reason": 3}}},
        {"quarantined": {"porch": {"since_wall_ns": 1, "until_wall_ns": 2, "reason": "x", "until_ns": 9}}},
    ],
)
def test_document_of_another_kind_is_refused(document):
    with pytest.raises(ValueError, match=r"camera|expected"):
        remembered_from(document)
