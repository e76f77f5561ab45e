"""Recordings for tests, made without a codec: samples that are no pictures, files of both kinds, a camera's folder."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from common.fmp4 import init_segment
from common.h264 import AccessUnit
from common.recordings.camera_store import CameraStore
from common.recordings.container import Facts, Sample
from common.recordings.originals import OriginalsWriter
from common.recordings.rows import FileRow, State
from common.recordings.spool import Original
from common.recordings.video import VideoWriter
from common.units import NS_PER_S
from tests.helpers.annex_b import IDR, PPS, SPS_QVGA

# 2026-11-22T21:33:09.123456789Z
START_NS = 1_795_383_189_123_456_789
CAMERA = "porch"
INIT = init_segment(AccessUnit((SPS_QVGA, PPS, IDR)))


def facts(start_ns: int = START_NS, camera: str = CAMERA, shift_ns: int = 0) -> Facts:
    """Return the facts of a file of the test camera."""
    return Facts(camera, start_ns, shift_ns, 7, 8, 9, 320, 240, "avc1.42C00D")


def samples(
    count: int, start_ns: int = START_NS, *, step_ns: int = NS_PER_S // 5, key_every: int = 10, size: int = 30
) -> list[Sample]:
    """Return samples of different contents; the first is a keyframe."""
    return [
        Sample(start_ns + index * step_ns, index % key_every == 0, bytes((index % 251,)) * (size + index % 7))
        for index in range(count)
    ]


def originals(count: int, start_ns: int = START_NS, *, step_ns: int = NS_PER_S // 5) -> list[Original]:
    """Return originals of different contents, the second of which says that three frames are missing."""
    return [
        Original(start_ns + index * step_ns, index, 7, 320, 240, b"\xff\xd8" + bytes((index,)) * 40 + b"\xff\xd9",
                 {"corrupt": 3} if index == 1 else {})
        for index in range(count)
    ]  # fmt: skip


def write_video(
    folder: Path, start_ns: int = START_NS, *, count: int = 10, each: int = 5, close: bool = True
) -> tuple[VideoWriter, list[int]]:
    """Write a file in fragments of `each` samples; return its writer and where the head and each fragment end."""
    writer = VideoWriter(folder, facts(start_ns), INIT)
    ends = [writer.size_bytes]
    pending = samples(count, start_ns)
    for first in range(0, count, each):
        part = pending[first : first + each]
        writer.append(part, part[-1].time_ns + NS_PER_S // 5, {"overload": first})
        ends.append(writer.size_bytes)
    writer.sync()
    if close:
        writer.close()
    return writer, ends


def write_originals(folder: Path, start_ns: int = START_NS, *, count: int = 6) -> tuple[OriginalsWriter, list[int]]:
    """Write a spool, a picture at a time; return its writer, closed, and where the head and each record end."""
    writer = OriginalsWriter(folder, CAMERA, start_ns)
    ends = [writer.size_bytes]
    for original in originals(count, start_ns):
        writer.append([original])
        ends.append(writer.size_bytes)
    writer.close()
    return writer, ends


def open_store(folder: Path, camera: str = CAMERA) -> CameraStore:
    """Open a camera's folder for writing; nobody else may have it open."""
    store = CameraStore.open(folder, camera)
    assert store is not None, f"{folder} is locked"
    return store


def record(store: CameraStore, start_ns: int = START_NS, *, count: int = 10, done: bool = True) -> FileRow:
    """Write a file and its row, as a recorder does; return the row."""
    writer, _ = write_video(store.folder, start_ns, count=count, close=done)
    row = replace(writer.row, state=State.DONE if done else State.OPEN)
    if not done:
        writer.close()
    return replace(row, id=store.add_file(row))


def without_ids(rows: Sequence[FileRow]) -> list[FileRow]:
    """Return rows as they compare across indexes."""
    return [replace(row, id=0) for row in rows]
