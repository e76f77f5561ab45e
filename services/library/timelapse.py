"""Which pictures a timelapse shows: one a step, and each for as long as it is the one of its steps. Pure.

Steps lie at fixed distances from the range's start. Those without footage are left out, so gaps are cut out.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import ceil
from typing import Final

from common.units import NS_PER_S
from services.library.samples import Table, nearest_tick

# Times in requests are cut to microseconds, those in files to a tick of 11 us: a step counts as half a tick later.
_ROUNDING_NS: Final = 6000


@dataclass(frozen=True, slots=True)
class Steps:
    """The times that are shown: `step_ns` apart, from `from_ns` on, before `to_ns`."""

    from_ns: int
    to_ns: int
    step_ns: Fraction

    @classmethod
    def of(cls, from_ns: int, to_ns: int, speed: float, fps: int) -> "Steps":
        return cls(from_ns, to_ns, NS_PER_S * Fraction(speed).limit_denominator(1000) / fps)

    def within(self, start_ns: int, end_ns: int) -> range:
        """Return the numbers of the steps from `start_ns` on, before `end_ns`."""
        first = max(0, self._first_from(start_ns - _ROUNDING_NS))
        last = min(self._first_from(end_ns - _ROUNDING_NS), self._first_from(self.to_ns))
        return range(first, max(first, last))

    def time_ns(self, step: int) -> int:
        return self.from_ns + int(step * self.step_ns) + _ROUNDING_NS

    def _first_from(self, time_ns: int) -> int:
        return ceil((time_ns - self.from_ns) / self.step_ns)


@dataclass(frozen=True, slots=True)
class Pick:
    """A picture, by its number in its file, and for how many steps it is shown."""

    index: int
    steps: int


def picks(times_ns: Sequence[int], steps: Steps, start_ns: int, end_ns: int) -> list[Pick]:
    """Return what is shown of pictures with these times, which are in order, between two times."""
    shown: list[Pick] = []
    for step in steps.within(start_ns, end_ns):
        index = max(0, bisect_right(times_ns, steps.time_ns(step)) - 1)
        if shown and shown[-1].index == index:
            shown[-1] = Pick(index, shown[-1].steps + 1)
        else:
            shown.append(Pick(index, 1))
    return shown


def video_picks(table: Table, steps: Steps, start_ns: int, end_ns: int) -> list[Pick]:
    """Return what is shown of a video file: only keyframes when they are closer together than the steps."""
    times = [start_ns + tick * NS_PER_S // 90_000 for tick in table.times_90k]
    if not _are_keys_enough(table, steps.step_ns, end_ns - start_ns):
        return picks(times, steps, start_ns, end_ns)
    of_keys = picks([times[key] for key in table.keys], steps, start_ns, end_ns)
    return [Pick(table.keys[pick.index], pick.steps) for pick in of_keys]


def _are_keys_enough(table: Table, step_ns: Fraction, length_ns: int) -> bool:
    moments = [*(table.times_90k[key] for key in table.keys), nearest_tick(length_ns)]
    # A tick more, as both ends were rounded.
    step_90k = nearest_tick(int(step_ns)) + 1
    return all(after - before <= step_90k for before, after in pairwise(moments))


def to_decode(keys: Sequence[int], decoded: int, wanted: int) -> range:
    """Return which samples have to be decoded for `wanted`, the last of them, when all up to `decoded` were in order.

    -1: none was yet.
    """
    key = keys[max(0, bisect_right(keys, wanted) - 1)]
    return range(max(key, decoded + 1), wanted + 1)
