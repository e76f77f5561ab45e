"""What recording a camera costs: CPU, bytes written beside the footage itself, memory of the whole pipeline."""

import time
from pathlib import Path
from typing import Final

from benchmarks.camera import camera
from benchmarks.figures.memory import memory_rows
from benchmarks.process import CpuMeter
from benchmarks.rows import Row, Yardstick
from benchmarks.run import Run, ShippedPipeline
from common.recordings.index import IndexReader
from common.recordings.layout import INDEX_NAME

NAME: Final = "recording"
_CAMERA: Final = "recorded"
_FPS: Final = 15
_TARGET_MB: Final = 220
_FOOTAGE_S: Final = 20.0


def measure(run: Run) -> list[Row]:
    """Return CPU, bytes and memory of a new pipeline, as another figure's crowd would count in this one's memory.

    It ends afterwards, for its recorder and library would stay.
    """
    run.end_pipeline()
    pipeline, length_s = run.pipeline(), 4.0 if run.quick else 8.0
    try:
        with camera(run.folder, pipeline.port, _CAMERA, _FPS):
            pipeline.wait_online(_CAMERA)
            pipeline.set_mode(_CAMERA, "continuous")
            pipeline.wait_until(lambda: footage_bytes(pipeline, _CAMERA) > 0, "footage", _FOOTAGE_S)
            pipeline.wait_until(lambda: "library" in pipeline.process_names(), "the library", _FOOTAGE_S)
            rows = _cost(pipeline, length_s)
            what = "sum of PSS with recorder and library, one camera recorded, one viewer"
            return rows + memory_rows(NAME, what, pipeline, _CAMERA, 75 if run.quick else 150, _TARGET_MB)
    finally:
        run.end_pipeline()


def footage_bytes(pipeline: ShippedPipeline, camera_id: str) -> int:
    """Return what all files of a camera hold, by its index."""
    index = pipeline.recording_dir / camera_id / INDEX_NAME
    if not index.exists():
        return 0
    reader = IndexReader(index)
    try:
        return sum(row.size_bytes for row in reader.files())
    finally:
        reader.close()


def written_bytes(pid: int) -> int:
    """Return what a process has caused to be written to a disk (/proc/<pid>/io, in pages of the page cache)."""
    lines = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(lines["write_bytes"])


def _cost(pipeline: ShippedPipeline, length_s: float) -> list[Row]:
    pid = pipeline.process("recorder-0")
    meter, began_ns = CpuMeter(pipeline.names(), time.monotonic_ns()), time.monotonic_ns()
    stored, written = footage_bytes(pipeline, _CAMERA), written_bytes(pid)
    time.sleep(length_s)
    percent = meter.read(time.monotonic_ns())
    took_s = (time.monotonic_ns() - began_ns) / 1e9
    stored, written = footage_bytes(pipeline, _CAMERA) - stored, written_bytes(pid) - written
    everybody = ", ".join(f"{name} {share:.2f}" for name, share in sorted(percent.items(), key=lambda item: -item[1]))
    stick = Yardstick("the footage alone", stored / took_s / 1000)
    return [
        Row(NAME, f"CPU of the recorder, one VGA camera at {_FPS} fps", "% of a core", percent["recorder-0"],
            note=f"encoder and all others included: {everybody}"),
        Row(NAME, "written to disk while recording it", "kB/s", written / took_s / 1000, None, stick,
            note="pages of files, index and journal; one pass a second, default settings"),
    ]  # fmt: skip
