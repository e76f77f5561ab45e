"""Recordings for tests of the page: the simulated camera's numbered pictures in files, as a recorder leaves them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final, NamedTuple

from common.codec import H264Encoder, JpegDecoder
from common.encoders import EncoderOptions
from common.fmp4 import fragment, init_segment
from common.h264 import AccessUnit
from common.recordings.camera_store import CameraStore
from common.recordings.container import Facts, Sample
from common.recordings.rows import EventRow, FileRow, GapRow, Reason, State
from common.recordings.video import VideoWriter
from common.units import HZ_90K, NS_PER_S
from tools.mock_camera.scene import Scene
from tools.mock_camera.sizes import Size

QVGA: Final = Size(320, 240)
KEY_EVERY_S: Final = 2
_HEAD_BYTES: Final = len(fragment(AccessUnit((b"\x65x",)), 0, 0, 0)) - 6


class Film(NamedTuple):
    """Pictures that follow each other evenly, encoded: (is_key, sample) each."""

    init: bytes
    samples: list[tuple[bool, bytes]]
    fps: float

    @property
    def length_ns(self) -> int:
        return round(len(self.samples) * NS_PER_S / self.fps)

    def part(self, first: int, after: int) -> "Film":
        """Return some of it; a keyframe must be first."""
        return self._replace(samples=self.samples[first:after])


def film(camera: str, start_ns: int, frames: int, fps: float) -> Film:
    """Return the simulated camera's pictures from a time on, numbered from 0."""
    scene, decoder = Scene(camera, QVGA), JpegDecoder()
    encoder = H264Encoder(EncoderOptions(QVGA.width, QVGA.height, Fraction(round(fps)), bitrate_kbps=400))
    units = []
    for number in range(frames):
        picture = decoder.decode(scene.jpeg(number, start_ns + round(number * NS_PER_S / fps)))
        is_key = number % round(KEY_EVERY_S * fps) == 0
        units.append(encoder.encode(picture, round(number * HZ_90K / fps), idr=is_key))
    samples = [(unit.is_key, fragment(unit, 0, 0, 0)[_HEAD_BYTES:]) for unit in units]
    return Film(init_segment(units[0]), samples, fps)


class Stored:
    """A camera's folder that is being filled."""

    def __init__(self, store: CameraStore) -> None:
        self._store = store

    def fill(self, start_ns: int, of: Film, shift_ns: int = 0) -> FileRow:
        """Write one file."""
        store = self._store
        facts = Facts(store.camera, start_ns, shift_ns, 1, 1, 1, QVGA.width, QVGA.height, "avc1.42C01F")
        writer = VideoWriter(store.folder, facts, of.init)
        times = [start_ns + round(at * NS_PER_S / of.fps) for at in range(len(of.samples))]
        samples = [Sample(time_ns, *sample) for time_ns, sample in zip(times, of.samples, strict=True)]
        writer.append(samples, start_ns + of.length_ns)
        writer.close()
        row = replace(writer.row, state=State.DONE)
        return replace(row, id=store.add_file(row))

    def gap(self, from_ns: int, to_ns: int, reason: Reason, detail: str = "") -> None:
        """Note why a time has no footage; `to_ns` 0: it goes on."""
        self._store.put_gap(GapRow(from_ns, to_ns, reason, detail))

    def event(self, key: str, name: str, from_ns: int, to_ns: int) -> None:
        self._store.put_event(EventRow(key, name, from_ns, to_ns))

    def protect(self, from_ns: int, to_ns: int) -> None:
        self._store.protect(from_ns, to_ns)


@contextmanager
def stored(recordings: Path, camera: str) -> Iterator[Stored]:
    """Open (and at the end close) the folder of a camera."""
    recordings.mkdir(parents=True, exist_ok=True)
    store = CameraStore.open(recordings / camera, camera)
    assert store is not None, f"somebody else writes the recordings of {camera}"
    try:
        yield Stored(store)
    finally:
        store.close()
