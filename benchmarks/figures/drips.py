"""1,000 connections that never ask anything whole: does /status still answer, and when are they cut."""

import http.client
import time
from collections.abc import Callable
from typing import Any, Final

from benchmarks import native
from benchmarks.rows import Row, Yardstick, not_measured
from benchmarks.run import Run
from benchmarks.stats import percentile

NAME: Final = "drips"
_CLIENTS: Final = 1000
_A_SECOND: Final = 500
_STATUS_MS: Final = 200.0
_CUT_S: Final = 20.0
_GIVE_UP_S: Final = 26.0
_BEFORE_S: Final = 2.0
_EVERY_S: Final = 0.05


def measure(run: Run) -> list[Row]:
    """Return p99 of /status meanwhile, and the longest that any of them stayed."""
    what = f"/status with {_CLIENTS} half-open and dripping connections, p99"
    if not native.can_compile():
        return [not_measured(NAME, what, "ms", native.MISSING)]
    pipeline = run.pipeline(fanout=2, transcode=2)
    quiet_end = time.monotonic() + _BEFORE_S
    quiet_ms = _ask_while(pipeline.port, lambda: time.monotonic() < quiet_end)
    with native.running("drips", run.folder, pipeline.port, _CLIENTS, _A_SECOND) as drips:
        give_up = time.monotonic() + _GIVE_UP_S
        told: dict[str, Any] = {}

        def some_are_open() -> bool:
            told.update(drips.ask("totals"))
            return (told["open"] > 0 or told["begun"] < _CLIENTS) and time.monotonic() < give_up

        busy_ms = _ask_while(pipeline.port, some_are_open)
    longest = ", ".join(f"{kind} {length_s:.1f} s" for kind, length_s in told["longest_s"].items())
    asked = f"{len(busy_ms)} requests, p50 {percentile(busy_ms, 50):.1f}, most {max(busy_ms):.0f} ms"
    stick = Yardstick("without them", percentile(quiet_ms, 99))
    return [
        Row(NAME, what, "ms", percentile(busy_ms, 99), _STATUS_MS, stick, note=asked),
        Row(NAME, "the longest that one of them stayed open", "s", max(told["longest_s"].values()), _CUT_S,
            note=f"{told['open']} of {_CLIENTS} still open at the end; longest: {longest}"),
    ]  # fmt: skip


def _ask_while(port: int, goes_on: Callable[[], bool]) -> list[float]:
    """Return how long each question took, each over a connection of its own."""
    took_ms: list[float] = []
    while goes_on() or not took_ms:
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            connection.request("GET", "/status")
            answer = connection.getresponse()
            answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise ConnectionError(f"/status answered {answer.status}")
        took_ms.append((time.monotonic() - began) * 1000)
        time.sleep(_EVERY_S)
    return took_ms
