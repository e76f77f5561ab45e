"""A process of each stage hangs (SIGSTOP): how soon it is replaced."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from benchmarks.rows import Row
from benchmarks.run import Run, ShippedPipeline

NAME: Final = "watchdog"
_TARGETS_S: Final = {"ingest-0": 5.0, "transcode-0": 10.0, "fanout-0": 10.0, "broker": 10.0}
# Beyond its target; then it counts as never.
_MORE_S: Final = 5.0
_HEALTHY_S: Final = 20.0
_POLL_S: Final = 0.05


def measure(run: Run) -> list[Row]:
    """Return the seconds until another process runs in each one's place."""
    return [_measure(run.pipeline(fanout=2, transcode=2), name, target_s) for name, target_s in _TARGETS_S.items()]


def _measure(pipeline: ShippedPipeline, name: str, target_s: float) -> Row:
    everybody = pipeline.process_names()
    pid = pipeline.process(name)
    began = time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    try:
        replaced = _holds(lambda: _pid(pipeline, name) not in (0, pid), target_s + _MORE_S)
        took_s = time.monotonic() - began
    finally:
        # Where nothing replaced it: the next figure needs a whole pipeline.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    healthy = _holds(lambda: everybody <= pipeline.process_names(), _HEALTHY_S)
    notes = [] if replaced else [f"not replaced within {took_s:.0f} s"]
    notes += [] if healthy else [f"not everybody was back {_HEALTHY_S:.0f} s later"]
    what = f"{name.partition('-')[0]} process hangs: replaced after"
    return Row(NAME, what, "s", took_s, target_s, note="; ".join(notes))


def _pid(pipeline: ShippedPipeline, name: str) -> int:
    return next((row.pid for row in pipeline.table() if row.name == name), 0)


def _holds(predicate: Callable[[], bool], timeout_s: float) -> bool:
    """Return whether it came to hold in time; a question that failed is asked again."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        with suppress(OSError, AssertionError):
            if predicate():
                return True
        time.sleep(_POLL_S)
    return False
