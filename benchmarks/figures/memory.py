"""Memory of the whole pipeline, with one camera and one viewer."""

from itertools import islice
from typing import Final

from benchmarks.camera import camera
from benchmarks.process import footprint
from benchmarks.rows import Row
from benchmarks.run import Run
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
        with Viewer(pipeline.port, f"/ws/viewer?camera={_CAMERA}&format=mp4") as viewer:
            for _ in islice(viewer.pictures(), pictures):
                pass
            names = pipeline.names()
            found = footprint(names)
    shares = {names[pid]: size / _MB for pid, size in found.pss_bytes.items()}
    note = ", ".join(f"{name} {share:.1f}" for name, share in sorted(shares.items(), key=lambda item: -item[1]))
    rows = [Row(NAME, "sum of PSS, one camera, one viewer", "MB", sum(shares.values()), _TARGET_MB, note=note)]
    if found.together_bytes is not None:
        what = "the same, pages counted by number"
        why = "what the sum of PSS is where no stranger maps the same libraries"
        rows.append(Row(NAME, what, "MB", found.together_bytes / _MB, _TARGET_MB, note=why))
    return rows
