"""What a camera costs while nobody watches: CPU of all processes, JPEGs on the bus, open encoders."""

import time
from itertools import islice
from typing import Final

from benchmarks.camera import camera
from benchmarks.process import CpuMeter
from benchmarks.rows import Row
from benchmarks.run import Run, ShippedPipeline
from benchmarks.viewer import Viewer

NAME: Final = "idle"
_CAMERA: Final = "unwatched"
_FPS: Final = 25
_CPU_PERCENT: Final = 2.5
# A process tells its counters once a second.
_TOLD_S: Final = 1.2


def measure(run: Run) -> list[Row]:
    """Return CPU, JPEGs and encoders of a camera without a viewer."""
    pipeline, length_s = run.pipeline(), 2.0 if run.quick else 10.0
    with camera(run.folder, pipeline.port, _CAMERA, _FPS, "--prerender", "100"):
        pipeline.wait_online(_CAMERA)
        pipeline.wait_no_encoder()
        before = pipeline.counter("ingest", "published")
        meter = CpuMeter(pipeline.names(), time.monotonic_ns())
        time.sleep(length_s)
        percent = meter.read(time.monotonic_ns())
        time.sleep(_TOLD_S)
        published = pipeline.counter("ingest", "published") - before
        encoders = pipeline.open_encoders()
        watched = _published_while_watched(pipeline)
    shares = ", ".join(f"{name} {share:.2f}" for name, share in sorted(percent.items(), key=lambda item: -item[1]))
    return [
        Row(NAME, f"CPU of all processes, one camera at {_FPS} fps", "% of a core", sum(percent.values()), _CPU_PERCENT,
            note=shares),
        Row(NAME, "JPEGs that crossed the bus", "", published, 0, note=f"{watched} with a viewer of {_FPS} pictures"),
        Row(NAME, "encoders open", "", encoders, 0),
    ]  # fmt: skip


def _published_while_watched(pipeline: ShippedPipeline) -> int:
    """Return what the same counter says with a viewer: a counter that always stands proves nothing."""
    before = pipeline.counter("ingest", "published")
    with Viewer(pipeline.port, f"/ws/viewer?camera={_CAMERA}&format=h264") as viewer:
        for _ in islice(viewer.pictures(), _FPS):
            pass
    time.sleep(_TOLD_S)
    return pipeline.counter("ingest", "published") - before
