"""CPU of a delivered viewer message with 500 viewers, beside a C program that only sends the same bytes."""

import time
from statistics import median
from typing import Final, NamedTuple

from benchmarks import native
from benchmarks.camera import camera
from benchmarks.crowd import Crowd, crowd
from benchmarks.process import cpu_ns
from benchmarks.rows import Row, Yardstick, not_measured
from benchmarks.run import Run, ShippedPipeline
from benchmarks.stats import median_ratio, spread
from common.units import NS_PER_S

NAME: Final = "viewers"
_CAMERA: Final = "crowded"
_FPS: Final = 25
_VIEWERS: Final = 500
_RATIO: Final = 1.35
_SETTLE_S: Final = 0.5
_US_PER_S: Final = 1e6


class _Block(NamedTuple):
    """One stretch of time of a server under its crowd."""

    cpu_us: float  # a delivered message
    crowd_percent: float  # CPU of the generator
    lengths: list[int]
    gaps: int


def measure(run: Run) -> list[Row]:
    """Return the cost of a message; fanout and the floor take turns."""
    what = f"CPU of a delivered message, {_VIEWERS} viewers"
    if not native.can_compile():
        return [not_measured(NAME, what, "us", f"{native.MISSING} for the crowd and the floor")]
    blocks, length_s = (2, 1.0) if run.quick else (5, 3.0)
    pipeline = run.pipeline()
    with camera(run.folder, pipeline.port, _CAMERA, _FPS, "--prerender", "100"):
        pipeline.wait_online(_CAMERA)
        idle = _idle_share(pipeline, length_s)
        ours, theirs = [], []
        for _ in range(blocks):
            ours.append(_fanout(run, pipeline, idle, length_s))
            theirs.append(_floor(run, ours[-1].lengths, length_s))
    costs, floors = [one.cpu_us for one in ours], [one.cpu_us for one in theirs]
    ratio = median_ratio(costs, floors)
    crowd = max(one.crowd_percent for one in ours)
    lengths = [length for one in ours for length in one.lengths]
    note = (
        f"ratios {spread(c / f for c, f in zip(costs, floors, strict=True))}; messages of {round(median(lengths))}"
        f" bytes; the crowd itself took up to {crowd:.0f} % of a core; {sum(one.gaps for one in ours)} frames missed"
    )
    stick = Yardstick("send() in C", median(floors))
    return [Row(NAME, what, "us", median(costs), None, stick, ratio, _RATIO, note)]


def _fanout(run: Run, pipeline: ShippedPipeline, idle: float, length_s: float) -> _Block:
    path = f"/ws/viewer?camera={_CAMERA}&format=h264"
    with crowd(run.folder, pipeline.port, path, _VIEWERS) as seers:
        return _watch(seers, pipeline.process("fanout-0"), idle, length_s)


def _floor(run: Run, lengths: list[int], length_s: float) -> _Block:
    with (
        native.floor(run.folder, lengths, _FPS) as (pid, port),
        crowd(run.folder, port, "/", _VIEWERS) as seers,
    ):
        return _watch(seers, pid, 0.0, length_s)


def _watch(seers: Crowd, server: int, idle: float, length_s: float) -> _Block:
    """Return what the server and the crowd used over some seconds, `idle` of a core not counted."""
    seers.wait_connected()
    # Each has its keyframe, and the burst of joining is over.
    time.sleep(_SETTLE_S)
    start = seers.totals()
    server_before, crowd_before = cpu_ns(server), seers.cpu_ns()
    time.sleep(length_s)
    server_ns, crowd_ns = cpu_ns(server) - server_before, seers.cpu_ns() - crowd_before
    end = seers.totals()
    if end.closed or end.refused:
        raise ConnectionError(f"{end.closed} of {_VIEWERS} viewers were closed, {end.refused} refused")
    wall_ns = end.mono_ns - start.mono_ns
    cost_us = (server_ns - idle * wall_ns) / NS_PER_S * _US_PER_S / (end.messages - start.messages)
    lengths = [record.length for record in seers.records() if record.mono_ns > start.mono_ns]
    return _Block(cost_us, 100 * crowd_ns / wall_ns, lengths, end.gaps - start.gaps)


def _idle_share(pipeline: ShippedPipeline, length_s: float) -> float:
    """Return the share of a core that fanout uses without viewers."""
    pid = pipeline.process("fanout-0")
    start_ns, before = time.monotonic_ns(), cpu_ns(pid)
    time.sleep(length_s)
    return (cpu_ns(pid) - before) / (time.monotonic_ns() - start_ns)
