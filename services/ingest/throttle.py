"""Keeps a log line that outsiders can provoke to one in a while. Pure; monotonic ns."""

from typing import Final

from common.units import NS_PER_S

INTERVAL_NS: Final = NS_PER_S


class Throttle:
    """At most one line in an interval, with the number of those left out since."""

    def __init__(self, interval_ns: int = INTERVAL_NS) -> None:
        self._interval_ns = interval_ns
        self._next_ns = 0
        self._left_out = 0

    def count(self, now_ns: int) -> int:
        """Return how many lines this one stands for; 0: do not log it."""
        self._left_out += 1
        if now_ns < self._next_ns:
            return 0
        self._next_ns = now_ns + self._interval_ns
        counted, self._left_out = self._left_out, 0
        return counted
