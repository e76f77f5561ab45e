"""500 viewers, of whom 50 read nothing any more and 50 hang on a thin line: what the others miss, and what it costs."""

import time
from typing import Final

from benchmarks import native
from benchmarks.crowd import Report, crowd
from benchmarks.fleet import fleet, viewer_path
from benchmarks.process import rss_bytes
from benchmarks.rows import Row, Yardstick, not_measured
from benchmarks.run import Run, ShippedPipeline
from benchmarks.sockets import send_queues_bytes

NAME: Final = "slow"
_FPS: Final = 25
_GOOD, _STALLED, _THIN = 400, 50, 50
_LINE_BYTES_A_SECOND: Final = 125_000  # 1 Mbit/s
_MIB: Final = 1 << 20
_TARGET_MIB: Final = 25.0
_SETTLE_S: Final = 3.0
_SAMPLE_S: Final = 0.5


def measure(run: Run) -> list[Row]:
    """Return what the good viewers missed, the memory of the stalled ones, and how old pictures on thin lines are."""
    if not native.can_compile():
        return [not_measured(NAME, f"{_STALLED} stalled viewers among 500", "", native.MISSING)]
    pipeline, length_s = run.pipeline(fanout=2, transcode=2), 5.0 if run.quick else 12.0
    path, folder = viewer_path(), run.folder
    with (
        fleet(folder, pipeline.port, 1, _FPS) as sources,
        native.throttle(folder, pipeline.port, _LINE_BYTES_A_SECOND) as thin_port,
    ):
        pipeline.wait_online(sources.names[0])
        with (
            crowd(folder, pipeline.port, path, _GOOD, a_second=_GOOD, stamps=sources.stamps) as good,
            crowd(folder, thin_port, path, _THIN, a_second=_THIN, stamps=sources.stamps) as thin,
            crowd(folder, pipeline.port, path, _STALLED, a_second=_STALLED) as stalled,
        ):
            for one in (good, stalled, thin):
                one.wait_watching()
            time.sleep(_SETTLE_S)
            before = _memory(pipeline)
            stalled.stall()
            good.reset()
            thin.reset()
            most = _watch_memory(pipeline, length_s)
            return _rows(good.report(), thin.report(), before, most)


def _rows(good: Report, thin: Report, before: tuple[int, int], most: tuple[int, int]) -> list[Row]:
    grown = [max(0, after - at_first) / _MIB for at_first, after in zip(before, most, strict=True)]
    note = f"fanout's own {grown[0]:.1f} MiB, send queues {grown[1]:.1f} MiB at most, more than before they stalled"
    missed = f"{good.messages} messages received, {good.gaps} missing; {good.closed} cut"
    lines = f"{thin.messages} messages to {_THIN} viewers, {thin.closed} cut"
    shown = thin.shown_ms
    return [
        Row(NAME, f"of {_GOOD} good viewers, those that missed a frame", "", good.missing, 0, note=missed),
        Row(NAME, f"memory of {_STALLED} stalled viewers, kernel included", "MiB", sum(grown), _TARGET_MIB, note=note),
        Row(NAME, "age of what viewers at 1 Mbit/s show, p99", "ms", None if shown is None else shown.p99, None,
            Yardstick("a good viewer", None if good.shown_ms is None else good.shown_ms.p99), note=lines),
    ]  # fmt: skip


def _watch_memory(pipeline: ShippedPipeline, length_s: float) -> tuple[int, int]:
    """Return the most that fanout and its send queues took at any time."""
    deadline, own, queues = time.monotonic() + length_s, 0, 0
    while time.monotonic() < deadline:
        own_now, queues_now = _memory(pipeline)
        own, queues = max(own, own_now), max(queues, queues_now)
        time.sleep(_SAMPLE_S)
    return own, queues


def _memory(pipeline: ShippedPipeline) -> tuple[int, int]:
    return sum(map(rss_bytes, pipeline.of_stage("fanout").values())), send_queues_bytes(pipeline.port)
