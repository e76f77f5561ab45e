"""Counters that only grow, and rates estimated from what was counted. Pure: the time is an argument."""

from collections import Counter, deque
from typing import Final

from common.units import NS_PER_S


class Counters:
    """Named cumulative counters of one process incarnation."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, name: str, n: int = 1) -> None:
        self._counts[name] += n

    def get(self, name: str) -> int:
        return self._counts[name]

    def snapshot(self) -> dict[str, int]:
        return dict(self._counts)


class RateMeter:
    """Amounts per second over a sliding window; memory bounded by the number of buckets."""

    BUCKETS: Final = 10

    __slots__ = ("_bucket_ns", "_buckets", "_first_ns", "_window_ns")

    def __init__(self, window_s: float = 3.0) -> None:
        self._window_ns = int(window_s * NS_PER_S)
        self._bucket_ns = self._window_ns // self.BUCKETS
        self._buckets: deque[tuple[int, float]] = deque()
        self._first_ns: int | None = None

    def add(self, now_ns: int, amount: float = 1) -> None:
        """Count `amount` at `now_ns` (monotonic)."""
        if self._first_ns is None or (not self._buckets and now_ns - self._first_ns > self._window_ns):
            self._first_ns = now_ns
        bucket = now_ns // self._bucket_ns
        if self._buckets and self._buckets[-1][0] == bucket:
            self._buckets[-1] = (bucket, self._buckets[-1][1] + amount)
        else:
            self._buckets.append((bucket, amount))
            self._forget(now_ns)

    def per_second(self, now_ns: int) -> float:
        """Return the rate over the window, or over the time since the first count when that is shorter."""
        self._forget(now_ns)
        if not self._buckets or self._first_ns is None:
            return 0.0
        span_ns = min(self._window_ns, max(now_ns - self._first_ns, self._bucket_ns))
        return sum(amount for _, amount in self._buckets) * NS_PER_S / span_ns

    def _forget(self, now_ns: int) -> None:
        oldest = (now_ns - self._window_ns) // self._bucket_ns
        while self._buckets and self._buckets[0][0] <= oldest:
            self._buckets.popleft()
