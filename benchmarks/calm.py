"""What of a measurement the machine itself spoilt: spans of time against the times at which it stood still. Pure.

A virtual machine's processors stop for tens of ms now and then, whoever runs on them. A span that overlaps with such a
stop measures the stop. What is left out is counted and said.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from common.units import NS_PER_MS

# A sleeping process is late by this only when it was refused the processor: a busy one is taken away after 3 ms or so.
LATE_MS: Final = 8
# How late a stop is noticed at its beginning, and how long what piled up meanwhile takes to be worked off.
_BEFORE_NS: Final = 5 * NS_PER_MS
_AFTER_NS: Final = 40 * NS_PER_MS


class Span(NamedTuple):
    """From one moment to another, in ns of CLOCK_MONOTONIC."""

    start_ns: int
    end_ns: int

    @property
    def ms(self) -> float:
        return (self.end_ns - self.start_ns) / NS_PER_MS


def calm(spans: Iterable[Span], stalls: Sequence[Span]) -> list[Span]:
    """Return the spans in which the machine did not stand still."""
    return [span for span in spans if not any(_touches(span, stall) for stall in stalls)]


def _touches(span: Span, stall: Span) -> bool:
    return span.start_ns < stall.end_ns + _AFTER_NS and stall.start_ns - _BEFORE_NS < span.end_ns


def told(spans: Sequence[Span], kept: Sequence[Span]) -> str:
    """Return in words how many were left out; empty for none."""
    lost = len(spans) - len(kept)
    if not lost:
        return ""
    worst = max(span.ms for span in spans)
    return f"{lost} of {len(spans)} left out, for the machine stood still (worst of all {worst:.0f} ms)"
