"""Real footage to feed and to fill disks with: pictures of a simulated VGA camera, as they came over the bus."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path
from typing import Final

from benchmarks.camera import camera
from benchmarks.run import Run
from common.frame import Frame
from common.recordings.camera_store import CameraStore
from common.recordings.container import Facts, sample_of
from common.recordings.rows import State
from common.recordings.video import VideoWriter
from common.topics import MP4, topic
from common.units import NS_PER_S
from common.wire import decode_frame, encode_frame
from tests.helpers.bus_ear import BusEar

FPS: Final = 15
GOP_S: Final = 4
INTERVAL_NS: Final = NS_PER_S // FPS
_GOP: Final = FPS * GOP_S
_CAMERA: Final = "footage"
_LENGTHS: Final = struct.Struct("=II")


def captured(run: Run) -> Path:
    """Return a file with a group of pictures at 15 fps; the pipeline makes it at the first call."""
    path = run.folder / "footage.bin"
    if not path.exists():
        pipeline = run.pipeline()
        name = topic(MP4, _CAMERA)
        with camera(run.folder, pipeline.port, _CAMERA, FPS), BusEar(pipeline.addresses(), name) as ear:
            ear.wait(lambda: len(_whole_group(ear.frames(name))) == _GOP, "a group of pictures", 20)
            group = _whole_group(ear.frames(name))
        path.write_bytes(b"".join(_packed(frame) for frame in group))
    return path


def _whole_group(frames: Sequence[Frame]) -> Sequence[Frame]:
    keys = [index for index, frame in enumerate(frames) if frame.key]
    whole = (first for first, after in pairwise(keys) if after - first >= _GOP)
    return next((frames[first : first + _GOP] for first in whole), [])


def _packed(frame: Frame) -> bytes:
    header = encode_frame(frame)
    return _LENGTHS.pack(len(header), len(frame.payload)) + header + frame.payload


def read_group(path: Path) -> list[Frame]:
    """Return the pictures that `captured` kept."""
    data, at, frames = path.read_bytes(), 0, []
    while at < len(data):
        header, payload = _LENGTHS.unpack_from(data, at)
        at += _LENGTHS.size
        frames.append(decode_frame(data[at : at + header], data[at + header : at + header + payload]))
        at += header + payload
    return frames


def endless(group: Sequence[Frame], source: int, encoder_ns: int) -> Iterator[Frame]:
    """Yield the group over and over, numbered as frames of one connection and one encoder; times are the caller's."""
    for number in count():
        frame = group[number % len(group)]
        yield replace(
            frame, seq=number, source=source, out_seq=number, term=1, encoder_start_ns=encoder_ns, skipped={},
            interval_ns=INTERVAL_NS,
        )  # fmt: skip


def write_files(folder: Path, camera_id: str, group: Sequence[Frame], start_ns: int, files: int, file_s: int) -> int:
    """Write so many files without a gap between them; return their bytes."""
    store = CameraStore.open(folder / camera_id, camera_id)
    assert store is not None, f"somebody else writes in {folder / camera_id}"
    sizes = 0
    try:
        with store.index.transaction():
            for number in range(files):
                sizes += _write_file(store, camera_id, group, start_ns + number * file_s * NS_PER_S, file_s)
    finally:
        store.close()
    return sizes


def _write_file(store: CameraStore, camera_id: str, group: Sequence[Frame], start_ns: int, file_s: int) -> int:
    first = group[0]
    facts = Facts(camera_id, start_ns, 0, 1, 1, 1, first.width, first.height, first.codec)
    writer = VideoWriter(store.folder, facts, first.init)
    frames = [group[number % len(group)] for number in range(file_s * FPS)]
    samples = [sample_of(frame, start_ns + number * INTERVAL_NS) for number, frame in enumerate(frames)]
    end_ns = start_ns + file_s * NS_PER_S
    # Fragments of a second, as the recorder writes them.
    for at in range(0, len(samples), FPS):
        part = samples[at : at + FPS]
        writer.append(part, samples[at + FPS].time_ns if at + FPS < len(samples) else end_ns)
    writer.close()
    store.index.add_file(replace(writer.row, state=State.DONE))
    return writer.size_bytes
