"""Recordings for tests of those who read them: real files and an index, of flat pictures that tell their number."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from pathlib import Path

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame

from common.fmp4 import fragment, init_segment
from common.h264 import parse_access_unit
from common.recordings.container import Facts, Sample
from common.recordings.index import Index
from common.recordings.layout import INDEX_NAME
from common.recordings.rows import FileRow, GapRow, State
from common.recordings.video import VideoWriter
from common.units import NS_PER_S

# 2026-11-22T21:00:00Z
EVENING_NS = 1_795_381_200 * NS_PER_S
FPS = 15
_FRAGMENT_HEAD_BYTES = len(fragment(parse_access_unit(b"\0\0\1\x65x"), 0, 0, 0)) - 6


@dataclass(frozen=True)
class Coded:
    """Samples of one encoder, and its init segment."""

    init: bytes
    samples: Sequence[tuple[bool, bytes]]
    width: int
    height: int


def level_of(number: int) -> int:
    """Return the grey of a picture, which tells its number among 24."""
    return 16 + number % 24 * 8


@lru_cache(maxsize=8)
def coded(frames: int, width: int = 64, height: int = 48, key_every: int = 30) -> Coded:
    """Return so many coded pictures, each flat in its own grey."""
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, "yuv420p"
    context.time_base = Fraction(1, FPS)
    context.gop_size = key_every
    context.thread_count = 1
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "10", "x264-params": "scenecut=0"}
    packets: list[bytes] = []
    for number in range(frames):
        picture = VideoFrame(width, height, "yuv420p")
        for plane, level in zip(picture.planes, (level_of(number), 128, 128), strict=True):
            plane.update(bytes((level,)) * (plane.line_size * plane.height))
        picture.pts = number
        picture.pict_type = PictureType.I if number % key_every == 0 else PictureType.NONE
        packets.extend(bytes(packet) for packet in context.encode(picture))
    packets.extend(bytes(packet) for packet in context.encode(None))
    units = [parse_access_unit(packet) for packet in packets]
    samples = [(unit.is_key, fragment(unit, 0, 0, 0)[_FRAGMENT_HEAD_BYTES:]) for unit in units]
    return Coded(init_segment(units[0]), samples, width, height)


class Footage:
    """A camera's folder in the making, as a recorder leaves it."""

    def __init__(self, folder: Path, camera: str = "porch") -> None:
        self.camera = camera
        self.folder = folder / camera
        self.folder.mkdir(parents=True, exist_ok=True)
        self.index = Index(self.folder / INDEX_NAME)

    def begin(self, start_ns: int, of: Coded, shift_ns: int = 0) -> VideoWriter:
        """Return a new file that is being written."""
        facts = Facts(self.camera, start_ns, shift_ns, 1, 1, 1, of.width, of.height, "avc1.42C01F")
        return VideoWriter(self.folder, facts, of.init)

    def add(
        self,
        start_ns: int,
        of: Coded,
        times_ns: Sequence[int] | None = None,
        end_ns: int = 0,
        *,
        is_protected: bool = False,
        shift_ns: int = 0,
    ) -> FileRow:
        """Write a whole file of coded pictures, at 15 fps where no times after its start are given; return its row."""
        offsets = times_ns if times_ns is not None else [at * NS_PER_S // FPS for at in range(len(of.samples))]
        end_ns = end_ns or start_ns + offsets[-1] + NS_PER_S // FPS
        writer = self.begin(start_ns, of, shift_ns)
        samples = [Sample(start_ns + at, *sample) for at, sample in zip(offsets, of.samples, strict=True)]
        for chunk in by_second(samples):
            after = samples.index(chunk[-1]) + 1
            writer.append(chunk, samples[after].time_ns if after < len(samples) else end_ns)
        writer.close()
        row = replace(writer.row, state=State.DONE, is_protected=is_protected)
        return replace(row, id=self.index.add_file(row))

    def gap(self, row: GapRow) -> None:
        """Note why there is none."""
        self.index.put_gap(row)

    def close(self) -> None:
        self.index.close()


def by_second(samples: Iterable[Sample]) -> list[list[Sample]]:
    """Return samples in fragments as a recorder flushes them: each second, and at each keyframe."""
    groups: list[list[Sample]] = []
    for sample in samples:
        if not groups or sample.is_key or sample.time_ns - groups[-1][0].time_ns >= NS_PER_S:
            groups.append([])
        groups[-1].append(sample)
    return groups
