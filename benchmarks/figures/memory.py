"""Memory of the whole pipeline, with one camera and one viewer."""

from itertools import islice
from typing import Final

from benchmarks.camera import camera
from benchmarks.process import footprint
from benchmarks.rows import Row
from benchmarks.run import Run, ShippedPipeline
from benchmarks.viewer import Viewer

NAME: Final = "memory"
_CAMERA: Final = "one"
_FPS: Final = 25
_MB: Final = 1_000_000
_TARGET_MB: Final = 150


def measure(run: Run) -> list[Row]:
    """Return the sum of PSS, and the pages counted once, after some seconds of watching."""
    pipeline, pictures = run.pipeline(), 75 if run.quick else 250
    with camera(run.folder, pipeline.port, _CAMERA, _FPS):
        pipeline.wait_online(_CAMERA)
        return memory_rows(NAME, "sum of PSS, one camera, one viewer", pipeline, _CAMERA, pictures, _TARGET_MB)


def memory_rows(
    figure: str, what: str, pipeline: ShippedPipeline, camera_id: str, pictures: int, target_mb: float
) -> list[Row]:
    """Return the rows of a pipeline's memory while a viewer watches so many pictures of a camera."""
    with Viewer(pipeline.port, f"/ws/viewer?camera={camera_id}&format=mp4") as viewer:
        for _ in islice(viewer.pictures(), pictures):
            pass
        names = pipeline.names()
        found = footprint(names)
    shares = {names[pid]: size / _MB for pid, size in found.pss_bytes.items()}
    note = ", ".join(f"{name} {share:.1f}" for name, share in sorted(shares.items(), key=lambda item: -item[1]))
    rows = [Row(figure, what, "MB", sum(shares.values()), target_mb, note=note)]
    if found.together_bytes is not None:
        why = "what the sum of PSS is where no stranger maps the same libraries"
        same = "the same, pages counted by number"
        rows.append(Row(figure, same, "MB", found.together_bytes / _MB, target_mb, note=why))
    return rows
