"""A disk that is full, limited, slow: live goes on, the oldest goes, and everything has its reason."""

import errno
import os
import resource
import threading
import time
from pathlib import Path

import pytest

from common.config import load
from common.recordings.camera_store import CameraStore
from common.recordings.rows import Reason
from common.units import NS_PER_MS, NS_PER_S
from common.unix_door import Later
from services.recorder.backlog import Backlog
from services.recorder.disk import Disk
from services.recorder.orders import Assign, Change
from services.recorder.taking import Arrived, Moment
from tests.helpers.film import film_frame
from tests.helpers.rooms import wait_until
from tests.helpers.surroundings import as_seen_by, small_disk
from tests.helpers.time_line import check_time_line

STEP_NS = 40 * NS_PER_MS


class Fed:
    """The disk thread without a process around it, fed by hand with frames of a clock of its own."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        self.settings = load(
            {
                "CAM_RUN_DIR": "/tmp/run",
                "CAM_RECORDING_DIR": str(folder),
                "CAM_RECORDING_MODE": "continuous",
                "CAM_RECORDING_SYNC_INTERVAL_S": "0.1",
                "CAM_RECORDING_SEGMENT_S": "2",
                "CAM_RECORDING_MIN_FREE_MIB": "0",
                **variables,
            }
        )
        self.backlog = Backlog(self.settings.recording.queue_mib << 20)
        self.news = threading.Event()
        self.disk = Disk(self.settings, self.backlog, self.news.set)
        self.number = 0
        self.time_ns = time.time_ns()

    def __enter__(self) -> "Fed":
        self.disk.start()
        self.backlog.put_order(Assign({"porch": "continuous"}))
        wait_until(lambda: self.disk.formats, "it begins")
        return self

    def __exit__(self, *_: object) -> None:
        self.disk.stop()

    def feed(self, frames: int, size: int = 0) -> None:
        """Hand frames on, a keyframe every 25."""
        for _ in range(frames):
            frame = film_frame(self.number, self.time_ns, key=self.number % 25 == 0, pad_bytes=size)
            self.backlog.put_frame("porch", Arrived(frame, "mp4", Moment(time.monotonic_ns(), self.time_ns)))
            self.number += 1
            self.time_ns += STEP_NS

    def settle(self) -> None:
        """Wait until everything that was handed on is dealt with."""
        wait_until(lambda: not self.backlog.size_bytes, "the queue is empty", 30)

    def wish(self, verb: str, from_ns: int, to_ns: int) -> object:
        later = Later()
        answers: list[object] = []
        later.on_settled(answers.append)
        self.backlog.put_order(Change(verb, "porch", from_ns, to_ns, "", later))
        wait_until(lambda: self.disk.answers, "an answer", 30)
        settled, answer = self.disk.answers.popleft()
        assert settled is later
        return answer

    @property
    def row(self):
        return self.disk.rows.get("porch", {})

    @property
    def tally(self):
        return self.disk.tally("porch").counted


def look(folder: Path):
    store = CameraStore.open(folder / "porch", "porch")
    assert store is not None
    try:
        assert store.repaired.is_clean, store.repaired.sentences
        return check_time_line(store.index)
    finally:
        store.close()


@pytest.fixture
def full_after(monkeypatch):
    """A disk that holds so many bytes of fragments; the files in it are real."""
    state = {"room": None}
    write = os.pwrite

    def pwrite(fd, data, at):
        if state["room"] is not None and len(data) > 4096:
            used = sum(path.stat().st_size for path in state["folder"].rglob("*.mp4"))
            if used + len(data) > state["room"]:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(fd, data, at)

    monkeypatch.setattr(os, "pwrite", pwrite)
    return state


def test_oldest_footage_makes_room_on_a_full_disk(tmp_path, full_after):
    full_after.update(room=2 << 20, folder=tmp_path)
    with Fed(tmp_path) as fed:
        for _ in range(20):
            fed.feed(25, 10_000)
            fed.settle()
        wait_until(lambda: fed.tally.out == 500, "everything is kept", 30)
    files, gaps = look(tmp_path)
    assert sum(row.size_bytes for row in files) <= 2 << 20
    assert not gaps
    assert files[0].start_ns > fed.time_ns - 500 * STEP_NS


def test_recording_stops_while_only_protected_footage_is_left_and_goes_on_by_itself(tmp_path, full_after):
    full_after.update(room=2 << 20, folder=tmp_path)
    with Fed(tmp_path) as fed:
        start_ns = fed.time_ns
        fed.feed(100, 10_000)
        fed.settle()
        answer = fed.wish("protect", start_ns, start_ns + 3600 * NS_PER_S)
        assert answer.status == 200
        for _ in range(10):
            fed.feed(25, 10_000)
            fed.settle()
        wait_until(lambda: fed.row.get("state") == "stopped", "stopped")
        assert fed.row["reason"] == "protected"
        assert "protected" in fed.row["detail"]
        assert fed.wish("unprotect", start_ns, start_ns + 3600 * NS_PER_S).status == 200
        wait_until(lambda: fed.disk.formats, "it goes on", 30)
        fed.feed(50, 10_000)
        fed.settle()
        wait_until(lambda: fed.row.get("state") == "recording", "recording", 30)
        counted = fed.tally
        assert counted.dropped["protected"] > 0
    files, gaps = look(tmp_path)
    assert Reason.PROTECTED in {gap.reason for gap in gaps}
    assert files[-1].end_ns > fed.time_ns - NS_PER_S


def test_limit_on_a_files_size_is_said_and_deletes_nothing(tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Fed(tmp_path, CAM_RECORDING_SEGMENT_S="3600") as fed:
        fed.feed(100, 10_000)
        fed.settle()
        resource.setrlimit(resource.RLIMIT_FSIZE, (2 << 20, before[1]))
        try:
            fed.feed(200, 10_000)
            fed.settle()
            wait_until(lambda: fed.row.get("state") == "stopped", "stopped", 30)
            assert fed.row["reason"] == "unwritable"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        wait_until(lambda: fed.disk.formats, "it goes on", 30)
        fed.number += -fed.number % 25
        fed.feed(25, 10_000)
        fed.settle()
    files, gaps = look(tmp_path)
    assert len(files) >= 2
    assert {gap.reason for gap in gaps} == {Reason.UNWRITABLE}


def test_slow_disk_keeps_nothing_waiting_but_the_queue(tmp_path, monkeypatch):
    stuck, sync = threading.Event(), os.fdatasync

    def fdatasync(fd):
        if stuck.is_set():
            wait_until(lambda: not stuck.is_set(), "the disk is back", 60)
        sync(fd)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    with Fed(tmp_path, CAM_RECORDING_QUEUE_MIB="1") as fed:
        fed.feed(50, 1000)
        fed.settle()
        stuck.set()
        try:
            fed.feed(50, 1000)
            taken = 0
            while fed.backlog.has_room(10_000):
                fed.feed(1, 10_000)
                taken += 1
            assert 50 < taken < 110
        finally:
            stuck.clear()
        fed.settle()
        wait_until(lambda: fed.tally.out == 100 + taken, "everything that fitted is kept", 30)
    files, gaps = look(tmp_path)
    assert sum(row.frames for row in files) == 100 + taken
    assert not gaps


def test_recording_stops_while_less_is_free_than_has_to_be(tmp_path, monkeypatch):
    free = {"bytes": 100 << 20}
    monkeypatch.setattr("services.recorder.room.free_bytes", lambda folder: free["bytes"])
    monkeypatch.setattr("services.recorder.disk.RETENTION_INTERVAL_NS", 0)
    with Fed(tmp_path, CAM_RECORDING_MIN_FREE_MIB="50") as fed:
        start_ns = fed.time_ns
        fed.feed(100)
        fed.settle()
        assert fed.wish("protect", start_ns, start_ns + 3600 * NS_PER_S).status == 200
        free["bytes"] = 10 << 20
        wait_until(lambda: fed.row.get("state") == "stopped", "stopped", 30)
        assert fed.row["reason"] == "protected"
        free["bytes"] = 100 << 20
        fed.time_ns += 60 * NS_PER_S
        wait_until(lambda: fed.row.get("state") != "stopped", "it goes on", 30)
        fed.number += -fed.number % 25
        fed.feed(25)
        fed.settle()
    files, gaps = look(tmp_path)
    assert sum(row.frames for row in files) == 125
    assert [gap.reason for gap in gaps] == [Reason.PROTECTED]


def test_retention_deletes_the_oldest_by_age_and_by_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr("services.recorder.disk.RETENTION_INTERVAL_NS", 0)
    with Fed(tmp_path, CAM_RECORDING_MAX_GIB=str((1 << 20) / (1 << 30))) as fed:
        fed.time_ns -= 3600 * NS_PER_S
        fed.feed(500, 10_000)
        fed.settle()
        wait_until(lambda: 0 < size_of(tmp_path) <= (1 << 20) + 600_000, "what is too much goes", 30)
    with Fed(tmp_path, CAM_RECORDING_MAX_DAYS="0.00001") as fed:
        fed.feed(25)
        fed.settle()
        wait_until(lambda: size_of(tmp_path) < 100_000, "what is too old goes", 30)
    files, _ = look(tmp_path)
    assert len(files) <= 1


def test_passes_go_on_while_more_comes_than_can_be_dealt_with(tmp_path):
    with Fed(tmp_path, CAM_RECORDING_SEGMENT_S="3600") as fed:
        take = fed.backlog.take
        busy = threading.Event()
        busy.set()

        def never_empty():
            item = take()
            while item is None and busy.is_set():
                fed.feed(1)
                item = take()
            return item

        fed.backlog.take = never_empty
        fed.backlog.put_order(Assign({"porch": "continuous"}))
        try:
            wait_until(lambda: fed.row.get("newest_wall_ns"), "what came is in the index", 30)
            before_ns = fed.row["newest_wall_ns"]
            wait_until(lambda: fed.row["newest_wall_ns"] > before_ns, "what came then, too", 30)
        finally:
            busy.clear()
    look(tmp_path)


def test_disk_that_is_smaller_than_what_is_to_be_free_loses_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr("services.recorder.disk.RETENTION_INTERVAL_NS", 0)
    with Fed(tmp_path) as fed:
        fed.feed(200)
        fed.settle()
    before, _ = look(tmp_path)
    monkeypatch.setattr("services.recorder.room.disk_bytes", lambda folder: 400 << 20)
    monkeypatch.setattr("services.recorder.room.free_bytes", lambda folder: 300 << 20)
    with Fed(tmp_path, CAM_RECORDING_MIN_FREE_MIB="500") as fed:
        wait_until(lambda: fed.row.get("state") == "stopped", "stopped", 30)
        assert fed.row["reason"] == "disk_full"
        assert "recording.min_free_mib" in fed.row["detail"]
    after, _ = look(tmp_path)
    assert [row.name for row in after][: len(before)] == [row.name for row in before]


def size_of(folder):
    return sum(path.stat().st_size for path in folder.rglob("*.mp4"))


def test_recorder_on_a_disk_of_two_megabytes_keeps_the_newest(house):
    house.film.pad_bytes = 12_000
    house.film.roll("porch")
    prefix = small_disk(house.dir, 2 << 20)
    with house.recorder(prefix=prefix, CAM_RECORDING_SEGMENT_S="2") as recorder:
        seen = as_seen_by(recorder.process.pid, house.dir)
        told = house.wait_row(lambda row: row["newest_wall_ns"] - row["oldest_wall_ns"] > 4 * NS_PER_S, "four seconds")
        was_ns = told["oldest_wall_ns"]
        house.wait_row(lambda row: row["oldest_wall_ns"] > was_ns, "the oldest goes")
        told = house.wait_row(lambda row: row["state"] == "recording", "recording")
        used = sum(path.stat().st_size for path in seen.rglob("*.mp4"))
        assert used < 2 << 20
        now_ns = time.time_ns()
        assert house.ask("/protect", camera="porch", from_ns=1, to_ns=now_ns + 3600 * NS_PER_S)[0] == 200
        house.wait_row(lambda row: row["reason"] == "protected", "only protected footage is left")
        gone = house.ask("/protect", camera="porch", from_ns=1, to_ns=now_ns + 7200 * NS_PER_S, protected=False)
        assert gone[0] in (200, 503)
        if gone[0] == 200:
            house.wait_row(lambda row: row["state"] == "recording", "recording again")
        assert recorder.log().count("WARNING") <= 5
