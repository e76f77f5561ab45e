"""One camera, 2,500 WebSocket viewers over two fanout processes: does each get every frame, how old, at what cost."""

import time
from typing import Final

from benchmarks import native
from benchmarks.calm import Span
from benchmarks.crowd import crowd
from benchmarks.load import Load, watched
from benchmarks.load import measure as measure_load
from benchmarks.process import cpu_ns
from benchmarks.rows import Row, Yardstick, not_measured
from benchmarks.run import Run

NAME: Final = "crowd"
VIEWERS: Final = 2500
_FPS: Final = 25
_P99_MS: Final = 60.0
_A_SECOND: Final = 1000
_SETTLE_S: Final = 2.0
_FLOOR_SETTLE_S: Final = 0.5
_ONLY_SENDS: Final = "send() in C"


def measure(run: Run) -> list[Row]:
    """Return misses, ages and CPU, the ages and CPU beside those of a C program that only sends."""
    if not native.can_compile():
        return [not_measured(NAME, f"{VIEWERS} viewers", "", native.MISSING)]
    length_s, floor_s = (4.0, 1.0) if run.quick else (60.0, 5.0)
    pipeline = run.pipeline(fanout=2, transcode=2)
    with (
        native.stalls(run.folder) as stood_still,
        watched(pipeline, cameras=1, viewers=VIEWERS, fps=_FPS, a_second=_A_SECOND, warm_s=_SETTLE_S) as (
            sources,
            seers,
        ),
    ):
        load = measure_load(pipeline, sources, seers, length_s)
        lengths = [record.length for record in seers.records()]
    floor_us, floor_ms = _floor(run, lengths, floor_s)
    return _rows(run, load, floor_us, floor_ms, stood_still)


def _rows(run: Run, load: Load, floor_us: float, floor_ms: float, stood_still: list[Span]) -> list[Row]:
    report, ages = load.report, load.report.age_ms
    if ages is None:
        raise ValueError(f"no ages are known of {report.messages} messages")
    run.plot("viewers", x=VIEWERS, p50_ms=ages.p50, p99_ms=ages.p99, cpu_percent=load.stage_percent("fanout"),
             floor_cpu_percent=floor_us * report.messages / load.length_s / 1e4)  # fmt: skip
    missed = (
        f"{load.sent} frames in {load.length_s:.0f} s, {report.messages} messages, {report.gaps} missing; "
        f"{load.skipped} that the camera itself could not send; {report.closed} viewers cut; {load.generators()}"
    )
    worst = max((span.ms for span in stood_still), default=0.0)
    stops = f"the machine stood still {len(stood_still)} times, {worst:.0f} ms at most"
    old = f"p50 {ages.p50:.1f}, most {ages.most:.0f} ms; {stops}"
    busy = f"all processes {load.all_percent:.0f} % of a core: {load.stages()}"
    return [
        Row(NAME, f"viewers of {VIEWERS} that missed a frame, VGA {_FPS} fps", "", report.missing, 0, note=missed),
        Row(NAME, f"age at the viewer, {VIEWERS} viewers, p99", "ms", ages.p99, _P99_MS,
            Yardstick(_ONLY_SENDS, floor_ms), note=old),
        Row(NAME, f"CPU of a delivered message, {VIEWERS} viewers", "us", load.message_us(), None,
            Yardstick(_ONLY_SENDS, floor_us), note=busy),
    ]  # fmt: skip


def _floor(run: Run, lengths: list[int], length_s: float) -> tuple[float, float]:
    """Return CPU of a message, and p99 of the age, of a server that does nothing else."""
    stamps = run.folder / "floor.stamps"
    stamps.unlink(missing_ok=True)
    with (
        native.floor(run.folder, lengths, _FPS, stamps) as (pid, port),
        crowd(run.folder, port, "/", VIEWERS, a_second=_A_SECOND, stamps=stamps) as seers,
    ):
        seers.wait_watching()
        time.sleep(_FLOOR_SETTLE_S)
        seers.reset()
        before = cpu_ns(pid)
        time.sleep(length_s)
        used_ns = cpu_ns(pid) - before
        report = seers.report()
    if report.age_ms is None or report.missing:
        raise ConnectionError(f"the floor lost {report.missing} of {VIEWERS} viewers")
    return used_ns / 1000 / report.messages, report.age_ms.p99
