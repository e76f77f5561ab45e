"""Mode event with real processes: a broker, a recorder with its encoder, and a camera that numbers its pictures."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from common.bus import Bus
from common.clock import host_id
from common.config import Settings
from common.errors import RecordingError
from common.frame import Frame
from common.recordings.index import IndexReader
from common.recordings.layout import INDEX_NAME
from common.recordings.originals import read_originals
from common.recordings.rows import EventRow, FileRow, Kind, Reason, State
from common.topics import CAMERA, EVENT, H264, JPEG, MP4, topic
from common.units import NS_PER_MS, NS_PER_S
from common.wire import encode_record
from services.recorder.encoding import WORK_NAME
from tests.helpers.bus import broker, short_tmp
from tests.helpers.crashing_codec import HANG, crashing_codecs, marked
from tests.helpers.numbered import QVGA, numbered, numbered_jpeg
from tests.helpers.recording import numbers_in
from tests.helpers.rooms import Room, room, settings_in

# At the lowest priority, an encoder on a busy machine takes its time.
pytestmark = pytest.mark.timeout(240)

NAME = "porch"
INTERVAL_NS = 100 * NS_PER_MS
PRE_S, POST_S = 1.5, 0.5
# Two clocks of 90 kHz between a picture's time and the one that its video tells.
TICK_NS = 12_000
DEADLINE_S = 100.0
# A camera that pushes H.264 sends these pictures over and over.
VIDEO_PICTURES, GROUP = 120, 6
LIMITS = {
    "CAM_RECORDING_MODE": "event",
    "CAM_RECORDING_PRE_ROLL_S": str(PRE_S),
    "CAM_RECORDING_POST_ROLL_S": str(POST_S),
    "CAM_RECORDING_SYNC_INTERVAL_S": "0.2",
    "CAM_RECORDING_MIN_FREE_MIB": "0",
}


T = TypeVar("T")


class Camera:
    """Publishes numbered pictures while they are wanted, and looks into the folder of recordings."""

    def __init__(self, bus: Bus, settings: Settings) -> None:
        self.sent: dict[int, int] = {}
        """When each picture was captured, by its number."""
        self.hang_at = -1
        self.kind = "jpeg"
        self.event: dict[str, object] = {}
        self._bus = bus
        self._folder = settings.recording_dir / NAME
        self._number = 0
        self._next_ns = self._next_record_ns = 0

    def run_until(self, condition: Callable[[], object], what: str) -> None:
        """Send pictures, announcements and what is told of an event until `condition()` is true."""
        end = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < end, f"not within {DEADLINE_S:g} s: {what}"
            self._turn()
            time.sleep(0.01)

    def run_for(self, seconds: float) -> None:
        """Send pictures for a time; as many as come in it, be it long."""
        end = time.monotonic() + seconds
        self.run_until(lambda: time.monotonic() >= end, f"{seconds} s")

    def run_for_pictures(self, count: int) -> None:
        enough = len(self.sent) + count
        self.run_until(lambda: len(self.sent) >= enough, f"{count} pictures that somebody wants")

    def begin_event(self) -> int:
        """Tell of an event that begins now and goes on; return its start."""
        start_ns = time.time_ns()
        self.event = {"id": "a1", "name": "door", "start_ns": start_ns, "from": "test"}
        self._next_record_ns = 0
        return start_ns

    def end_event(self) -> int:
        end_ns = time.time_ns()
        self.event["end_ns"] = end_ns
        self._next_record_ns = 0
        return end_ns

    def files(self, kind: Kind | None = None) -> list[FileRow]:
        return self._asked(lambda reader: reader.files(kind=kind), [])

    def events(self) -> list[EventRow]:
        return self._asked(lambda reader: reader.events(), [])

    def reasons(self) -> list[Reason]:
        return self._asked(lambda reader: [row.reason for row in reader.gaps()], [])

    def wait_all_encoded(self) -> list[FileRow]:
        """Run until every file is done and there is a video; return the videos."""

        def is_done() -> bool:
            rows = self.files()
            return any(row.kind is Kind.VIDEO for row in rows) and all(row.state is State.DONE for row in rows)

        self.run_until(is_done, "all originals encoded")
        return self.files(Kind.VIDEO)

    def shown(self, rows: list[FileRow]) -> dict[int, int]:
        """Return the pictures of videos, number to time; one that is there twice fails the test."""
        pictures = [
            (number, row.start_ns + offset_ns) for row in rows for number, offset_ns in numbers_in(self.path(row))
        ]
        assert len({number for number, _ in pictures}) == len(pictures)
        return dict(pictures)

    def path(self, row: FileRow) -> Path:
        return self._folder / row.name

    @property
    def work(self) -> Path:
        return self._folder / WORK_NAME

    def _asked(self, question: Callable[[IndexReader], T], otherwise: T) -> T:
        reader = IndexReader(self._folder / INDEX_NAME)
        try:
            return question(reader)
        except RecordingError:
            return otherwise
        finally:
            reader.close()

    def _turn(self) -> None:
        self._bus.drain()
        for kind in {JPEG, MP4, H264} - {self._format}:
            # Of a camera that sends JPEGs, that would make an encoder work.
            assert not self._bus.is_wanted(topic(kind, NAME))
        now_ns = time.monotonic_ns()
        if now_ns >= self._next_record_ns:
            self._next_record_ns = now_ns + NS_PER_S // 4
            self._tell(now_ns)
        if now_ns >= self._next_ns and self._bus.is_wanted(topic(self._format, NAME)):
            self._next_ns = now_ns + INTERVAL_NS
            self._send()

    def _tell(self, now_ns: int) -> None:
        camera = {
            "id": NAME,
            "online": True,
            "stalled": False,
            "kind": self.kind,
            "claim_mono_ns": 1,
            "interval_ns": INTERVAL_NS,
        }
        record = {"publisher": "ingest-0", "incarnation": 5, "host": host_id(), "full": True, "cameras": [camera]}
        self._bus.publish(topic(CAMERA, host_id(), "ingest-0"), encode_record(record))
        if self.event:
            self._bus.publish(topic(EVENT, NAME), encode_record(self.event))

    @property
    def _format(self) -> str:
        return MP4 if self.kind == "h264" else JPEG

    def _send(self) -> None:
        number, self._number = self._number, self._number + 1
        captured_ns = time.time_ns()
        frame = Frame(
            seq=number,
            source=9,
            media_time_ns=captured_ns,
            captured_at_ns=captured_ns,
            width=QVGA.width,
            height=QVGA.height,
            key=True,
            interval_ns=INTERVAL_NS,
        )
        frame = self._with_jpeg(frame) if self.kind == "jpeg" else self._with_video(frame)
        self.sent[number] = captured_ns
        self._bus.publish_frame(topic(self._format, NAME), frame)

    def _with_jpeg(self, frame: Frame) -> Frame:
        jpeg = numbered_jpeg(frame.seq)
        return replace(frame, payload=marked(jpeg, HANG) if frame.seq == self.hang_at else jpeg)

    def _with_video(self, frame: Frame) -> Frame:
        coded = numbered(VIDEO_PICTURES, key_every=GROUP)
        is_key, data = coded.samples[frame.seq % VIDEO_PICTURES]
        moof = (16).to_bytes(4, "big") + b"moof" + bytes(8)
        return replace(
            frame,
            key=is_key,
            payload=moof + (8 + len(data)).to_bytes(4, "big") + b"mdat" + data,
            init=coded.init if is_key else b"",
            codec="avc1.42C00D" if is_key else "",
            term=1,
            encoder_start_ns=1,
            out_seq=frame.seq,
        )


@pytest.fixture
def folder() -> Iterator[Path]:
    with short_tmp() as path:
        (path / "run").mkdir()
        yield path


@pytest.fixture
def camera(folder: Path) -> Iterator[Camera]:
    variables = variables_in(folder)
    settings = settings_in(folder, **variables)
    with broker(settings.run_dir), Bus(settings.bus_addresses) as bus:
        yield Camera(bus, settings)


def variables_in(folder: Path, **more: str) -> dict[str, str]:
    return {**LIMITS, "CAM_RECORDING_DIR": str(folder / "recordings"), **more}


@contextmanager
def recorder(folder: Path, **more: str) -> Iterator[Room]:
    with room("recorder-0", folder, **variables_in(folder, **more)) as started:
        yield started


def encoder_of(recorder: Room) -> list[psutil.Process]:
    try:
        children = psutil.Process(recorder.process.pid).children()
        return [child for child in children if "services.recorder.encoder_child" in child.cmdline()]
    except psutil.NoSuchProcess:
        return []


def has_ended(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def assert_exact(camera: Camera, shown: dict[int, int]) -> None:
    """Fail unless each picture has the time at which it was captured."""
    late = {number: time_ns - camera.sent[number] for number, time_ns in shown.items()}
    assert {number: off_ns for number, off_ns in late.items() if abs(off_ns) > TICK_NS} == {}


def run_through_an_event(camera):
    start_ns = camera.begin_event()
    camera.run_for_pictures(8)
    end_ns = camera.end_event()
    return start_ns, end_ns, camera.wait_all_encoded()


def shown_without_a_hole(camera, videos):
    shown = camera.shown(videos)
    numbers = sorted(shown)
    assert numbers == list(range(numbers[0], numbers[-1] + 1))
    assert_exact(camera, shown)
    return shown, numbers


def test_recorder_shows_each_picture_of_an_event_once_at_its_time_when_it_was_encoded_late(folder, camera):
    with recorder(folder, CAM_RECORDING_KEEP_ORIGINAL="true"):
        camera.run_for_pictures(25)
        assert camera.files() == []
        start_ns, end_ns, videos = run_through_an_event(camera)

    shown, numbers = shown_without_a_hole(camera, videos)
    # From the picture that was there when the pre-roll began to the last one of the post-roll, or to those that came
    # before the word of the end did.
    assert shown[numbers[0]] <= start_ns - PRE_S * NS_PER_S < shown[numbers[0] + 1]
    assert end_ns + POST_S * NS_PER_S < camera.sent[numbers[-1] + 1]
    assert camera.events() == [EventRow("a1", "door", start_ns, end_ns)]
    kept = [original for row in camera.files(Kind.ORIGINALS) for original in read_originals(camera.path(row))]
    assert [original.seq for original in kept] == numbers
    assert all(original.jpeg == numbered_jpeg(original.seq) for original in kept)


def test_recorder_goes_on_with_an_event_when_it_is_killed_in_the_middle(folder, camera):
    with recorder(folder) as first:
        camera.run_for_pictures(20)
        start_ns = camera.begin_event()
        camera.run_until(lambda: any(row.frames > 10 for row in camera.files(Kind.ORIGINALS)), "an event on disk")
        (open_row,) = camera.files(Kind.ORIGINALS)
        first.kill()
    assert open_row.state is State.OPEN
    with recorder(folder):
        camera.run_until(lambda: len(camera.files()) > 1, "the event goes on")
        camera.run_for_pictures(5)
        end_ns = camera.end_event()
        camera.run_until(lambda: camera.events() == [EventRow("a1", "door", start_ns, end_ns)], "its end")
        camera.run_for_pictures(10)
        videos = camera.wait_all_encoded()

    shown = camera.shown(videos)
    assert_exact(camera, shown)
    # All that was on disk, before and after: the rest was nowhere yet.
    last_ns = open_row.end_ns - INTERVAL_NS // 2
    on_disk = [number for number, at_ns in camera.sent.items() if open_row.start_ns <= at_ns < last_ns]
    assert set(on_disk) <= shown.keys()
    assert max(shown.values()) > end_ns
    assert Reason.RECORDER_DOWN in camera.reasons()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_video_is_made_by_the_next_recorder_when_one_ends_while_it_is_made(folder, camera, number):
    codecs = crashing_codecs(folder / "codecs")
    with recorder(folder, **codecs) as first:
        camera.run_for_pictures(5)
        camera.begin_event()
        # So that it has begun a file when it hangs.
        camera.hang_at = max(camera.sent) + 10
        camera.run_for_pictures(12)
        camera.end_event()
        camera.run_until(lambda: encoder_of(first), "an encoder at work")
        (encoder,) = encoder_of(first)
        camera.run_until(lambda: list(camera.work.rglob("*")), "something half made")
        first.process.send_signal(number)
        assert first.process.wait(DEADLINE_S) == (0 if number == signal.SIGTERM else -number)
        camera.run_until(lambda: has_ended(encoder), "the encoder's end")
    with recorder(folder):
        videos = camera.wait_all_encoded()

    shown = camera.shown(videos)
    assert_exact(camera, shown)
    assert camera.hang_at in shown
    assert sorted(shown) == list(range(min(shown), max(shown) + 1))
    assert not camera.work.exists()
    assert camera.files(Kind.ORIGINALS) == []


def test_recorder_keeps_the_video_of_an_event_when_the_camera_pushes_h264(folder, camera):
    camera.kind = "h264"
    with recorder(folder):
        camera.run_for_pictures(25)
        start_ns, end_ns, videos = run_through_an_event(camera)

    shown, numbers = shown_without_a_hole(camera, videos)
    assert numbers[0] % GROUP == 0
    assert shown[numbers[0]] <= start_ns - PRE_S * NS_PER_S < shown[numbers[0] + GROUP]
    assert end_ns + POST_S * NS_PER_S < camera.sent[numbers[-1] + 1]
    assert camera.files(Kind.ORIGINALS) == []
