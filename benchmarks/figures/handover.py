"""A transcode process that dies, or hangs: until when its cameras' viewers see pictures again."""

import itertools
import os
import signal
import time
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from benchmarks import native
from benchmarks.crowd import Crowd, Record
from benchmarks.load import watched
from benchmarks.rows import Row, Yardstick, not_measured
from benchmarks.run import Run, ShippedPipeline
from common.units import NS_PER_MS, NS_PER_S

NAME: Final = "handover"
_CAMERAS: Final = 8
_FPS: Final = 25
_TARGET_S: Final = 2.0
_LASTS_S: Final = 5.0
_BACK_S: Final = 15.0
_NOTICED_NS: Final = 200 * NS_PER_MS
_FAULTS: Final = {signal.SIGKILL: "killed (-9)", signal.SIGSTOP: "stopped (SIGSTOP)"}


def measure(run: Run) -> list[Row]:
    """Return the longest that a viewer was without pictures, for each fault."""
    if not native.can_compile():
        return [not_measured(NAME, "pictures are back after a transcode process died", "s", native.MISSING)]
    return [_measure(run, fault, words) for fault, words in _FAULTS.items()]


def _measure(run: Run, fault: signal.Signals, words: str) -> Row:
    pipeline = run.pipeline(fanout=2, transcode=2)
    with watched(pipeline, cameras=_CAMERAS, viewers=_CAMERAS, fps=_FPS, warm_s=2.0, logged=_CAMERAS) as (_, seers):
        seers.reset()
        pid = pipeline.process("transcode-0")
        at_ns = time.monotonic_ns()
        os.kill(pid, fault)
        time.sleep(_LASTS_S)
        if fault is signal.SIGSTOP:
            # What it still holds is old by now; a viewer that gets any of it would see time run backwards.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
            time.sleep(1.0)
        now_ns = time.monotonic_ns()
        report, dark_ns = seers.report(), _darkness(seers, at_ns, now_ns)
    pipeline.wait_until(lambda: _is_there(pipeline), "transcode-0 there again", _BACK_S)
    hit = {viewer: ns for viewer, ns in dark_ns.items() if ns > _NOTICED_NS}
    worst_s = max(dark_ns.values()) / NS_PER_S
    note = (
        f"{len(hit)} of {_CAMERAS} cameras changed hands; {report.closed} viewers cut, {report.gaps} frames missing, "
        f"{report.backwards} out of order"
    )
    stick = Yardstick("a camera's frame interval", 1 / _FPS)
    return Row(NAME, f"transcode process {words}: longest without a picture", "s", worst_s, _TARGET_S, stick, note=note)


def _darkness(seers: Crowd, at_ns: int, now_ns: int) -> dict[int, int]:
    """Return for each viewer its longest time without a message after a moment, the end counted."""
    received: dict[int, list[int]] = defaultdict(list)
    for record in _after(seers.records(), at_ns):
        received[record.viewer].append(record.mono_ns)
    return {viewer: longest_gap_ns([at_ns, *received[viewer], now_ns]) for viewer in range(_CAMERAS)}


def _after(records: Iterable[Record], at_ns: int) -> Iterable[Record]:
    return (record for record in records if record.mono_ns > at_ns)


def longest_gap_ns(moments: list[int]) -> int:
    """Return the longest distance of two neighbours."""
    return max(later - earlier for earlier, later in itertools.pairwise(moments))


def _is_there(pipeline: ShippedPipeline) -> bool:
    """Return whether supervisord has the process, and /status tells of it."""
    return bool(pipeline.of_stage("transcode").get("transcode-0")) and "transcode-0" in pipeline.process_names()
