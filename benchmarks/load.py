"""A pipeline under load for a while: what its viewers saw, and the CPU of everybody involved."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from benchmarks.crowd import Crowd, Report, crowd
from benchmarks.fleet import Fleet, fleet, viewer_path
from benchmarks.process import CpuMeter
from benchmarks.run import ShippedPipeline

_US_PER_S = 1e6


@dataclass(frozen=True, slots=True)
class Load:
    """What was seen over some seconds; CPU in percent of a core."""

    report: Report
    length_s: float
    cpu_percent: Mapping[str, float]  # by process
    crowd_percent: float
    fleet_percent: float
    sent: int  # frames of all cameras
    skipped: int  # frames that the cameras themselves could not send

    @property
    def all_percent(self) -> float:
        return sum(self.cpu_percent.values())

    def stage_percent(self, stage: str) -> float:
        """Return the CPU of all processes of a stage."""
        return by_stage(self.cpu_percent).get(stage, 0.0)

    def message_us(self, idle_percent: float = 0.0) -> float:
        """Return fanout's CPU of a delivered message, less what it takes without viewers."""
        busy_s = (self.stage_percent("fanout") - idle_percent) / 100 * self.length_s
        return busy_s * _US_PER_S / max(1, self.report.messages)

    def generators(self) -> str:
        """Return in words what making the load took."""
        return f"viewers {self.crowd_percent:.0f} %, cameras {self.fleet_percent:.0f} % of a core"

    def stages(self) -> str:
        """Return in words what each stage took."""
        shares = sorted(by_stage(self.cpu_percent).items(), key=lambda item: -item[1])
        return ", ".join(f"{stage} {share:.0f} %" for stage, share in shares if share >= 1)


def by_stage(cpu_percent: Mapping[str, float]) -> dict[str, float]:
    """Return the sums over the processes of each stage: `fanout` of `fanout-0` and `fanout-1`."""
    sums: dict[str, float] = defaultdict(float)
    for name, percent in cpu_percent.items():
        stage, _, number = name.rpartition("-")
        sums[stage if stage and number.isdigit() else name] += percent
    return dict(sums)


@contextmanager
def watched(
    pipeline: ShippedPipeline,
    *,
    cameras: int,
    viewers: int,
    fps: float,
    a_second: float = 0,
    warm_s: float = 1.0,
    logged: int = 1,
) -> Iterator[tuple[Fleet, Crowd]]:
    """Run cameras and, shared among them, viewers who have a picture each; then let it settle."""
    folder, port = pipeline.bench_folder, pipeline.port
    with fleet(folder, port, cameras, fps) as sources:
        pipeline.wait_all_online(sources.names)
        with crowd(
            folder,
            port,
            viewer_path(),
            viewers,
            a_second=a_second,
            logged=logged,
            stamps=sources.stamps,
            cameras=cameras,
        ) as seers:
            seers.wait_watching()
            time.sleep(warm_s)
            yield sources, seers


def measure(pipeline: ShippedPipeline, sources: Fleet, seers: Crowd, length_s: float) -> Load:
    """Return what happens over some seconds from now."""
    seers.reset()
    before, start_ns = sources.sends(), time.monotonic_ns()
    crowd_ns, fleet_ns = seers.cpu_ns(), sources.cpu_ns()
    meter = CpuMeter(pipeline.names(), start_ns)
    time.sleep(length_s)
    now_ns = time.monotonic_ns()
    percent = meter.read(now_ns)
    took_ns = now_ns - start_ns
    crowd_percent = 100 * (seers.cpu_ns() - crowd_ns) / took_ns
    fleet_percent = 100 * (sources.cpu_ns() - fleet_ns) / took_ns
    after = sources.sends()
    report = seers.report()
    return Load(
        report,
        (report.mono_ns - start_ns) / 1e9,
        percent,
        crowd_percent,
        fleet_percent,
        after.sent - before.sent,
        after.skipped - before.skipped,
    )
