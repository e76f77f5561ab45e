"""Videos of originals, made by a process beside: one at a time, and again after anything that went wrong."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from common.recordings.camera_store import CameraStore
from common.recordings.originals import OriginalsWriter
from common.recordings.rows import FileRow, Kind, State
from common.recordings.spool import Original
from common.settings import CameraSettings
from common.units import NS_PER_MS, NS_PER_S
from services.recorder.encoding import WORK_NAME, Encoding
from tests.helpers.crashing_codec import CRASH, HANG, crashing_codecs, marked
from tests.helpers.numbered import numbered_jpeg
from tests.helpers.recording import numbers_in
from tests.helpers.recording_files import open_store
from tests.helpers.rooms import wait_until

# At the lowest priority, an encoder on a busy machine takes its time.
pytestmark = pytest.mark.timeout(240)
DEADLINE_S = 100.0
START_NS = 1_800_000_000 * NS_PER_S
STEP_MS = 100


class House:
    """One recorder's encoder, and the folders that it works in."""

    def __init__(self, folder: Path) -> None:
        self.encoding = Encoding(2 * NS_PER_S)
        self.stores: dict[str, CameraStore] = {}
        self._folder = folder
        self._ahead_s = 0

    def open(self, camera: str = "porch", *, keep: bool = False) -> CameraStore:
        """Open a camera's folder and attach it."""
        store = open_store(self._folder / camera, camera)
        self.stores[camera] = store
        settings = CameraSettings(
            preset="ultrafast", bitrate_kbps=1500, recording_keep_original="yes" if keep else "no"
        )
        self.encoding.attach(camera, store, store.folder, settings)
        return store

    def spool(self, camera: str, jpegs: list[bytes], start_s: int = 0) -> FileRow:
        """Write originals as the recorder leaves them, and hand them in."""
        row = self.write(camera, jpegs, start_s)
        self.encoding.submit(camera, row.name)
        return row

    def write(self, camera: str, jpegs: list[bytes], start_s: int = 0) -> FileRow:
        store = self.stores[camera]
        start_ns = START_NS + start_s * NS_PER_S
        writer = OriginalsWriter(store.folder, camera, start_ns)
        times_ns = [start_ns + index * STEP_MS * NS_PER_MS for index in range(len(jpegs))]
        writer.append(
            [
                Original(time_ns, index, 7, 320, 240, jpeg)
                for index, (time_ns, jpeg) in enumerate(zip(times_ns, jpegs, strict=True))
            ]
        )
        writer.close()
        row = replace(writer.row, state=State.ENCODING, end_ns=times_ns[-1] + STEP_MS * NS_PER_MS)
        store.add_file(row)
        return row

    def tick(self) -> None:
        """Let it look; each time some seconds later than the last."""
        self._ahead_s += 10
        self.encoding.tick(time.monotonic_ns() + self._ahead_s * NS_PER_S)

    def wait_idle(self) -> None:
        """Let the encoder work until nothing waits."""

        def is_idle() -> bool:
            self.tick()
            return not any(self.encoding.waiting(camera) for camera in self.stores)

        wait_until(is_idle, "all videos made", DEADLINE_S)

    def wait_working(self) -> int:
        """Let it begin, and return its process."""

        def is_working() -> bool:
            self.tick()
            return self.encoding.pid != 0

        wait_until(is_working, "an encoder at work", DEADLINE_S)
        return self.encoding.pid

    def states(self, camera: str = "porch") -> list[tuple[Kind, State]]:
        return [(row.kind, row.state) for row in self.stores[camera].index.files()]

    def close(self) -> None:
        self.encoding.close()
        for store in self.stores.values():
            store.close()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.close()


def jpegs(count: int, first: int = 0) -> list[bytes]:
    return [numbered_jpeg(first + index) for index in range(count)]


VIDEO = (Kind.VIDEO, State.DONE)


def test_video_takes_the_originals_place_when_it_is_made(house):
    store = house.open()
    originals = house.spool("porch", jpegs(12))
    assert house.encoding.waiting("porch") == 1

    house.wait_idle()

    (row,) = store.index.files()
    assert (row.kind, row.state, row.frames) == (Kind.VIDEO, State.DONE, 12)
    assert (row.start_ns, row.end_ns) == (originals.start_ns, originals.end_ns)
    assert numbers_in(store.path(row)) == [(number, number * STEP_MS * NS_PER_MS) for number in range(12)]
    assert not store.path(originals).exists()
    assert not (store.folder / WORK_NAME).exists()


def test_originals_stay_beside_the_video_when_they_are_kept(house):
    store = house.open(keep=True)
    originals = house.spool("porch", jpegs(3))

    house.wait_idle()

    assert sorted(house.states()) == [(Kind.ORIGINALS, State.DONE), VIDEO]
    assert store.path(originals).stat().st_size == originals.size_bytes


def test_encoder_gives_way_to_everybody_when_it_works(house, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", crashing_codecs(tmp_path / "codecs")["PYTHONPATH"])
    house.open()
    house.spool("porch", [marked(numbered_jpeg(0), HANG)])
    process = psutil.Process(house.wait_working())

    wait_until(lambda: (process.nice(), process.ionice().ioclass) == (19, psutil.IOPRIO_CLASS_IDLE), "low priority")


def test_one_encoder_works_at_a_time_when_many_cameras_have_originals(house):
    for camera in ("porch", "gate", "yard"):
        house.open(camera)
        house.spool(camera, jpegs(2))
    most = 0

    def is_idle() -> bool:
        nonlocal most
        house.tick()
        most = max(most, sum("encoder_child" in " ".join(child.cmdline()) for child in living_children()))
        return not any(house.encoding.waiting(camera) for camera in house.stores)

    wait_until(is_idle, "all videos made", DEADLINE_S)

    assert most == 1
    assert [house.states(camera) for camera in house.stores] == [[VIDEO]] * 3


def living_children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]


def test_video_is_made_anew_when_the_encoder_was_killed(house, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", crashing_codecs(tmp_path / "codecs")["PYTHONPATH"])
        store = house.open()
        house.spool("porch", [*jpegs(3), marked(numbered_jpeg(3), HANG)])
        pid = house.wait_working()
    # It has written nothing yet, or some of it: all the same.
    os.kill(pid, signal.SIGKILL)

    house.wait_idle()

    (row,) = store.index.files()
    assert [number for number, _ in numbers_in(store.path(row))] == [0, 1, 2, 3]
    assert house.encoding.problem("porch") == ""


def test_originals_stay_with_a_sentence_when_a_picture_crashes_the_encoder_twice(house, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", crashing_codecs(tmp_path / "codecs")["PYTHONPATH"])
    store = house.open()
    originals = house.spool("porch", [numbered_jpeg(0), marked(numbered_jpeg(1), CRASH)])
    house.spool("porch", jpegs(2), start_s=10)

    house.wait_idle()

    assert house.states() == [(Kind.ORIGINALS, State.DONE), VIDEO]
    assert store.path(originals).stat().st_size == originals.size_bytes
    # What works afterwards is no reason to forget it.
    assert "crashes the encoder" in house.encoding.problem("porch")


def test_originals_stay_with_a_sentence_when_nothing_of_them_can_be_decoded(house):
    house.open()
    house.spool("porch", [b"\xff\xd8\xff\xd9"] * 3)

    house.wait_idle()

    assert house.states() == [(Kind.ORIGINALS, State.DONE)]
    assert "none of its 3 pictures" in house.encoding.problem("porch")


def test_video_is_made_later_when_the_disk_refuses_it(house):
    store = house.open()
    (store.folder / WORK_NAME).write_text("something in the way")
    house.spool("porch", jpegs(2))
    house.tick()

    assert house.encoding.problem("porch").startswith("a video waits: ")
    assert house.encoding.waiting("porch") == 1
    (store.folder / WORK_NAME).unlink()
    house.wait_idle()
    assert house.states() == [VIDEO]
    assert house.encoding.problem("porch") == ""


def test_encoder_ends_when_the_camera_is_given_up(house, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", crashing_codecs(tmp_path / "codecs")["PYTHONPATH"])
        store = house.open()
        house.spool("porch", [*jpegs(3), marked(numbered_jpeg(3), HANG)])
        pid = house.wait_working()

    house.encoding.detach("porch")
    store.close()

    assert not psutil.pid_exists(pid)
    assert house.encoding.waiting("porch") == 0
    # Whoever has the folder next finds what is to be done.
    house.open()
    house.wait_idle()
    assert house.states() == [VIDEO]


def test_half_made_video_is_thrown_away_when_a_life_before_left_it(house, tmp_path):
    store = house.open()
    row = house.write("porch", jpegs(2))
    house.encoding.detach("porch")
    store.close()
    left = store.folder / WORK_NAME / row.name.replace(".spool", ".mp4")
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half of it")

    house.open()
    house.wait_idle()

    assert house.states() == [VIDEO]


def test_video_takes_the_place_of_one_that_a_life_before_had_just_moved(house):
    store = house.open()
    row = house.write("porch", jpegs(4))
    moved = store.folder / row.name.replace(".spool", ".mp4")
    house.encoding.submit("porch", row.name)
    house.wait_idle()
    (video,) = store.index.files()
    # The life ended before it could say that the originals are not needed any more.
    house.write("porch", jpegs(4))
    house.encoding.submit("porch", row.name)

    house.wait_idle()

    assert [replace(each, id=0) for each in store.index.files()] == [replace(video, id=0)]
    assert len(numbers_in(moved)) == 4


def test_video_goes_with_its_originals_when_they_are_deleted_meanwhile(house, tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("PYTHONPATH", crashing_codecs(tmp_path / "codecs")["PYTHONPATH"])
        store = house.open()
        house.spool("porch", [marked(numbered_jpeg(0), HANG)])
        pid = house.wait_working()
    store.delete_files(store.index.files())
    os.kill(pid, signal.SIGKILL)

    house.wait_idle()

    assert store.index.files() == []
    assert list(store.folder.glob("*/*.mp4")) == []


def test_protection_holds_for_the_video_when_the_originals_were_protected(house):
    store = house.open()
    row = house.spool("porch", jpegs(2))
    store.protect(row.start_ns, row.end_ns)

    house.wait_idle()

    assert [(each.kind, each.is_protected) for each in store.index.files()] == [(Kind.VIDEO, True)]


def test_recorder_does_not_load_the_codec_when_it_encodes():
    line = "import sys, services.recorder.encoding, services.recorder.event_mode; sys.exit('av' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", line], timeout=60).returncode == 0
