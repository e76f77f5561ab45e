"""A recorder process: what comes is on disk, whatever ends, and every gap has its reason."""

import os
import signal
import time

import pytest

from common.recordings.checking import check_file
from common.recordings.rows import Reason, State
from common.units import NS_PER_S
from tests.helpers.rooms import room, wait_until
from tests.helpers.time_line import check_time_line


def whole(house, camera="porch"):
    """Return files and gaps, after every file was found to be whole and as its row says."""
    with house.index(camera) as index:
        files, gaps = check_time_line(index)
    for row in files:
        checked = check_file(house.dir / camera / row.name)
        assert not checked.problem, checked.problem
        assert (checked.row.frames, checked.row.end_ns) == (row.frames, row.end_ns)
    return files, gaps


def test_recorder_keeps_every_frame_and_ends_in_order(house):
    house.film.roll("porch")
    with house.recorder(CAM_RECORDING_SEGMENT_S="2") as recorder:
        house.wait_frames(120)
        status = house.wait_status(lambda record: record["ledger"].get("porch", {}).get("out", 0) > 100, "a ledger")
        recorder.process.terminate()
        assert recorder.process.wait(5) == 0
    files, gaps = whole(house)
    assert len(files) >= 2
    assert not gaps
    assert all(row.state is State.DONE for row in files)
    row = status["ledger"]["porch"]
    assert row["in"] == row["out"] + sum(row["dropped"].values()) + row["held"]
    assert status["watches"] == {"porch": "recorded"}
    assert status["recordings"]["porch"]["state"] == "recording"
    # What was sent while it was subscribed is there: the last frames may have been under way.
    assert house.film.sent["porch"] - sum(row.frames for row in files) <= 15


def test_recorder_that_is_killed_and_started_anew_goes_on(house):
    house.film.roll("porch")
    for _ in range(3):
        with house.recorder() as recorder:
            house.wait_frames(25)
            recorder.kill()
    with house.recorder():
        house.wait_frames(25)
        house.wait_row(lambda row: row["state"] == "recording", "recording")
    files, gaps = whole(house)
    assert len(files) >= 4
    assert {row.reason for row in gaps} == {Reason.RECORDER_DOWN}
    assert all(row.end_ns for row in gaps)
    assert all(row.shift_ns == 0 for row in files)


def test_frames_lost_on_the_bus_are_a_gap_that_counts_them(house):
    house.film.roll("porch")
    with house.recorder():
        house.wait_frames(30)
        house.film.films["porch"].lose = 4
        house.wait_frames(60)
        wait_until(lambda: len(gaps_of(house)) == 1, "a gap")
    files, gaps = whole(house)
    assert len(files) == 2
    assert [gap.reason for gap in gaps] == [Reason.BUS]
    # Those that came after them and could not be used are missing as well.
    assert 4 <= gaps[0].frames <= 30


def test_frames_that_no_file_can_hold_do_not_end_the_recorder(house):
    house.film.roll("porch")
    with house.recorder() as recorder:
        house.wait_frames(20)
        for changes in ({"width": (1 << 64) - 1}, {"media_time_ns": (1 << 64) - 1}, {"skipped": {"bus": 1 << 63}}):
            sent = house.film.sent["porch"]
            house.film.films["porch"].changes = changes
            wait_until(lambda sent=sent: house.film.sent["porch"] > sent + 5, "some of them are sent")
        house.film.films["porch"].changes = {}
        house.wait_frames(40)
        assert recorder.process.poll() is None
    files, gaps = whole(house)
    assert len(files) >= 2
    assert Reason.BUS in {gap.reason for gap in gaps}


def gaps_of(house, camera="porch"):
    with house.index(camera) as index:
        return index.gaps()


def test_camera_that_goes_away_leaves_a_gap_that_says_so(house):
    house.film.roll("porch")
    with house.recorder():
        house.wait_frames(30)
        house.film.halt("porch")
        row = house.wait_row(lambda row: row["reason"] == "offline", "offline")
        assert row["state"] == "waiting"
        assert [gap.end_ns for gap in gaps_of(house)] == [0]
        house.film.roll("porch")
        house.wait_frames(30)
        wait_until(lambda: gaps_of(house)[0].end_ns, "the gap's end")
    _, gaps = whole(house)
    assert gaps[-1].reason is Reason.OFFLINE


def test_modes_are_switched_while_running(house):
    house.film.set_modes(porch="off")
    house.film.roll("porch")
    with house.recorder(CAM_RECORDING_MODE="off"):
        house.film.set_modes(porch="continuous")
        house.wait_frames(20)
        house.film.set_modes(porch="off")
        house.wait_row(lambda row: row["state"] == "off", "off")
        wait_until(lambda: not house.film.wants("porch", "mp4"), "nobody wants it")
        house.film.set_modes(porch="continuous")
        house.wait_frames(20)
    _, gaps = whole(house)
    assert [gap.reason for gap in gaps] == [Reason.OFF]


def test_camera_that_was_never_recorded_and_is_off_has_no_folder(house):
    house.film.set_modes(porch="continuous", attic="off")
    house.film.roll("porch")
    house.film.roll("attic")
    with house.recorder():
        house.wait_frames(20)
        assert not (house.dir / "attic").exists()


def test_mode_of_before_holds_while_keeper_is_silent(house):
    house.film.set_modes(porch="continuous")
    house.film.roll("porch")
    with house.recorder(CAM_RECORDING_MODE="off"):
        house.wait_frames(20)
    house.film.told_by_keeper = {}
    with house.recorder(CAM_RECORDING_MODE="off"):
        house.wait_frames(20)


def test_clock_set_forward_leaves_a_gap_and_one_set_back_a_shift(house):
    house.film.roll("porch")
    with house.recorder():
        house.wait_frames(20)
        house.film.clock_ns = 3600 * NS_PER_S
        house.wait_frames(80)
        house.film.clock_ns = 0
        row = house.wait_row(lambda row: row["shift_s"] > 3500, "a shift")
        house.wait_frames(20)
    files, gaps = whole(house)
    assert [gap.reason for gap in gaps] == [Reason.CLOCK]
    assert 3590 < (gaps[0].end_ns - gaps[0].start_ns) / NS_PER_S < 3610
    assert files[-1].shift_ns / NS_PER_S == pytest.approx(3600, abs=10)
    assert row["state"] == "recording"


def test_two_recorders_share_cameras_and_one_takes_over(house):
    cameras = [f"cam-{number}" for number in range(6)]
    for camera in cameras:
        house.film.roll(camera)
    with house.recorder("recorder-1") as other, house.recorder("recorder-0"):

        def owned(name):
            def all_recorded(record):
                return [camera for camera, row in record["recordings"].items() if row["state"] == "recording"]

            return house.wait_status(all_recorded, f"{name} records", name)["recordings"].keys()

        wait_until(lambda: owned("recorder-0") | owned("recorder-1") == set(cameras), "all are recorded", 30)
        wait_until(lambda: not owned("recorder-0") & owned("recorder-1"), "none is recorded twice", 30)
        assert owned("recorder-1")
        other.kill()
        wait_until(lambda: owned("recorder-0") == set(cameras), "one records all", 30)
        for camera in cameras:
            house.wait_frames(10, camera)
    for camera in cameras:
        whole(house, camera)


def test_broker_that_is_restarted_is_a_gap_at_most(house):
    house.film.roll("porch")
    with house.recorder():
        house.wait_frames(20)
        house.broker.kill()
        house.stack.enter_context(room("broker", house.folder, **house.variables))
        house.wait_frames(40)
    files, gaps = whole(house)
    assert len(files) - 1 <= len(gaps) <= 2
    assert {gap.reason for gap in gaps} <= {Reason.BUS, Reason.OFFLINE}


def test_protected_footage_is_not_deleted_and_other_footage_is(house):
    house.film.roll("porch")
    with house.recorder(CAM_RECORDING_SEGMENT_S="2"):
        wait_until(lambda: len(house.files()) >= 3, "three files", 30)
        files = house.files()
        first = {"camera": "porch", "from_ns": files[0].start_ns, "to_ns": files[0].start_ns + 1}
        status, told = house.ask("/protect", **first, protected=True, name="evidence")
        assert (status, told["files"]) == (200, 1)
        status, refused = house.ask("/delete", **{**first, "to_ns": files[-1].end_ns})
        assert status == 409
        assert "protected" in refused["error"]
        assert house.ask("/protect", **first, protected=False)[0] == 200
        everything = {"camera": "porch", "from_ns": files[0].start_ns, "to_ns": time.time_ns() + NS_PER_S}
        status, deleted = house.ask("/delete", **everything)
        assert status == 200
        assert deleted["files"] >= 3
        assert deleted["size_bytes"] > 0
        house.wait_frames(20)
        assert house.ask("/delete", **{**everything, "camera": "attic"})[0] == 404
        assert house.ask("/delete", **{**everything, "camera": "../porch"})[0] == 400
    kept, gaps = whole(house)
    assert not {row.name for row in files} & {row.name for row in kept}
    assert {gap.reason for gap in gaps} == {Reason.DELETED}


def test_recorder_that_is_stopped_for_a_while_goes_on(house):
    house.film.roll("porch")
    with house.recorder() as recorder:
        house.wait_frames(20)
        os.kill(recorder.process.pid, signal.SIGSTOP)
        try:
            wait_until(lambda: not house.film.wants("porch", "mp4"), "the broker takes it for gone")
        finally:
            os.kill(recorder.process.pid, signal.SIGCONT)
        house.wait_frames(60)
    whole(house)


def test_folder_that_is_moved_away_is_said_and_recording_goes_on_when_it_is_back(house):
    house.film.roll("porch")
    with house.recorder() as recorder:
        house.wait_frames(20)
        away = house.folder / "away"
        house.dir.rename(away)
        row = house.wait_row(lambda row: row["state"] == "stopped", "stopped")
        assert row["reason"] == "unwritable"
        assert not house.dir.exists()
        away.rename(house.dir)
        house.wait_frames(20)
        house.wait_row(lambda row: row["state"] == "recording", "recording")
        assert recorder.log().count("nothing can be written") <= 2
    _, gaps = whole(house)
    assert Reason.UNWRITABLE in {gap.reason for gap in gaps}


def test_recorder_starts_again_in_a_damaged_folder(house):
    house.film.roll("porch")
    with house.recorder() as recorder:
        house.wait_frames(30)
        recorder.kill()
    names = [row.name for row in house.files()]
    with (house.dir / "porch" / names[-1]).open("ab") as file:
        file.write(b"\0\0\1\0moof torn in the middle")
    (house.dir / "porch" / "index.sqlite").write_bytes(b"no database at all" * 100)
    with house.recorder() as again:
        house.wait_frames(20)
        assert "camera porch:" in again.log()
    files, gaps = whole(house)
    assert names[-1] in {row.name for row in files}
    assert {gap.reason for gap in gaps} <= {Reason.RECORDER_DOWN}
