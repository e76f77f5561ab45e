"""What a delivered message costs from 1 to 1,000 viewers: it must not grow with their number."""

import itertools
import time
from typing import Final

from benchmarks import native
from benchmarks.load import Load, watched
from benchmarks.load import measure as measure_load
from benchmarks.process import cpu_ns
from benchmarks.rows import Row, Yardstick, not_measured
from benchmarks.run import Run, ShippedPipeline

NAME: Final = "cost"
_FPS: Final = 25
_VIEWERS: Final = (1, 10, 100, 1000)
# What two measurements of the same differ by on a shared machine.
_FLAT: Final = 1.1


def measure(run: Run) -> list[Row]:
    """Return the cost with each number of viewers, beside that with the number before."""
    if not native.can_compile():
        return [not_measured(NAME, "CPU of a message, 1 to 1,000 viewers", "us", native.MISSING)]
    length_s = 1.5 if run.quick else 3.0
    pipeline = run.pipeline()
    idle = _idle_percent(pipeline, length_s)
    costs = {}
    for viewers in _VIEWERS:
        with watched(pipeline, cameras=1, viewers=viewers, fps=_FPS, a_second=1000) as (sources, seers):
            load = measure_load(pipeline, sources, seers, length_s)
        costs[viewers] = load.message_us(idle)
        _plot(run, viewers, load)
    rows = []
    for fewer, more in itertools.pairwise(_VIEWERS):
        stick = Yardstick(f"with {fewer}", costs[fewer])
        rows.append(
            Row(NAME, f"CPU of a delivered message, {more} viewers", "us", costs[more], None, stick, None, _FLAT)
        )
    return rows


def _plot(run: Run, viewers: int, load: Load) -> None:
    ages = load.report.age_ms
    if ages is not None:
        run.plot("viewers", x=viewers, p50_ms=ages.p50, p99_ms=ages.p99, cpu_percent=load.stage_percent("fanout"))


def _idle_percent(pipeline: ShippedPipeline, length_s: float) -> float:
    """Return what fanout takes without viewers, in percent of a core."""
    pid = pipeline.process("fanout-0")
    start_ns, before = time.monotonic_ns(), cpu_ns(pid)
    time.sleep(length_s)
    return 100 * (cpu_ns(pid) - before) / (time.monotonic_ns() - start_ns)
