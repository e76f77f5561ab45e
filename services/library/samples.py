"""Which samples of a file belong to a range of time, and when each is shown. Pure.

Times of a file count ticks of 90 kHz from its start. A time that an answer gave, cut to microseconds, must find the
same sample again: it counts as the nearest tick (11 us).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from common.units import HZ_90K, NS_PER_S


class Table(Protocol):
    """What is needed of a file's table of samples (common/recordings/reading.py)."""

    @property
    def init(self) -> bytes: ...
    @property
    def times_90k(self) -> Sequence[int]: ...
    @property
    def sizes(self) -> Sequence[int]: ...
    @property
    def offsets(self) -> Sequence[int]: ...
    @property
    def keys(self) -> Sequence[int]: ...


@dataclass(frozen=True, slots=True)
class Cut:
    """Consecutive samples of a file: decoded from `first` on, shown from `shown` on, up to `stop`."""

    first: int
    shown: int
    stop: int


def nearest_tick(duration_ns: int) -> int:
    """Return a duration in ticks, rounded."""
    return (duration_ns * HZ_90K + NS_PER_S // 2) // NS_PER_S


def time_ns(start_ns: int, tick: int) -> int:
    """Return when a sample of a file that started at `start_ns` was captured."""
    return start_ns - (-tick * NS_PER_S // HZ_90K)


def cut(table: Table, start_ns: int, from_ns: int, to_ns: int) -> Cut | None:
    """Return the samples of a file for a range: what is seen at `from_ns` comes first, with the keyframe it needs.

    None when none is in the range.
    """
    times, keys = table.times_90k, table.keys
    stop = bisect_left(times, nearest_tick(to_ns - start_ns))
    shown = max(0, bisect_right(times, nearest_tick(from_ns - start_ns)) - 1)
    key = bisect_right(keys, shown) - 1
    if key < 0 or shown >= stop:
        return None
    return Cut(keys[key], shown, stop)


def count_keys(table: Table, first: int, stop: int) -> int:
    """Return how many of a run of samples are keyframes."""
    return bisect_left(table.keys, stop) - bisect_left(table.keys, first)


@dataclass(frozen=True, slots=True)
class Extent:
    """Bytes that follow each other in a file."""

    offset: int
    size: int


def extents(table: Table, first: int, stop: int) -> list[Extent]:
    """Return where the data of a run of samples is, in as few pieces as there are."""
    result: list[Extent] = []
    start = end = -1
    for offset, size in zip(table.offsets[first:stop], table.sizes[first:stop], strict=True):
        if offset != end:
            if end > start:
                result.append(Extent(start, end - start))
            start = offset
        end = offset + size
    if end > start:
        result.append(Extent(start, end - start))
    return result
