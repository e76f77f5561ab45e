"""100 cameras at 10 fps that nobody watches: what ingest takes, beside a C program that only reads the same bytes."""

import time
from typing import Final

from benchmarks import native
from benchmarks.fleet import Fleet, fleet
from benchmarks.process import CpuMeter
from benchmarks.rows import Row, Yardstick, not_measured
from benchmarks.run import Run

NAME: Final = "unwatched"
_CAMERAS: Final = 100
_FPS: Final = 10
_TARGET_PERCENT: Final = 12.0
_SETTLE_S: Final = 2.0
_CONNECTED_S: Final = 10.0
_WHAT: Final = f"CPU of ingest, {_CAMERAS} cameras at {_FPS} fps, nobody watching"


def measure(run: Run) -> list[Row]:
    """Return ingest's CPU."""
    if not native.can_compile():
        return [not_measured(NAME, _WHAT, "% of a core", native.MISSING)]
    length_s = 3.0 if run.quick else 8.0
    pipeline = run.pipeline(fanout=2, transcode=2)
    with fleet(run.folder, pipeline.port, _CAMERAS, _FPS) as sources:
        pipeline.wait_all_online(sources.names)
        time.sleep(_SETTLE_S)
        names = {pid: name for name, pid in pipeline.of_stage("ingest").items()}
        percent, sent = _shares(names, sources, length_s)
    with native.sink(run.folder) as (pid, port), fleet(run.folder, port, _CAMERAS, _FPS) as sources:
        _wait_connected(sources)
        floor, _ = _shares({pid: "sink"}, sources, length_s)
    note = f"{sent} frames of {_CAMERAS} cameras in {length_s:.0f} s"
    return [Row(NAME, _WHAT, "% of a core", percent, _TARGET_PERCENT, Yardstick("recv() in C", floor), note=note)]


def _shares(names: dict[int, str], sources: Fleet, length_s: float) -> tuple[float, int]:
    before = sources.sends().sent
    meter = CpuMeter(names, time.monotonic_ns())
    time.sleep(length_s)
    return sum(meter.read(time.monotonic_ns()).values()), sources.sends().sent - before


def _wait_connected(sources: Fleet) -> None:
    deadline = time.monotonic() + _CONNECTED_S
    while sources.sends().connected < sources.count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{sources.sends().connected} of {sources.count} cameras connected")
        time.sleep(0.1)
