"""How often pictures come, as the rate control is told, and the limit on how many are taken. Pure.

libx264 without lookahead divides the bit rate by the declared pace and looks at no time stamp: told 30 pictures a
second, it spends a sixth of its bits where 5 come. So the pace is declared anew, at a keyframe, when it is far off.
"""

from fractions import Fraction
from math import ceil
from typing import Final

from common.units import NS_PER_S

DEFAULT_PACE_HZ: Final = Fraction(25)
# Slower cameras are declared as this fast: a picture may take a quarter of a second's bits, not many seconds'.
SLOWEST_PACE_HZ: Final = Fraction(5)
FASTEST_PACE_HZ: Final = Fraction(60)
# Off by more than this factor, the declared pace costs quality or bits that can be seen.
TOLERANCE: Final = Fraction(3, 2)


def pace_hz(interval_ns: int) -> Fraction:
    """Return the pace to declare for pictures that come that far apart; 0: unknown."""
    if interval_ns <= 0:
        return DEFAULT_PACE_HZ
    pace = Fraction(round(NS_PER_S * 10 / interval_ns), 10)
    return min(max(pace, SLOWEST_PACE_HZ), FASTEST_PACE_HZ)


def millihertz(interval_ns: int) -> int:
    """Return the true pace, for readers of a stream that carries no times."""
    return round(1000 * NS_PER_S / interval_ns) if interval_ns > 0 else round(1000 * DEFAULT_PACE_HZ)


def is_far_off(declared: Fraction, actual: Fraction) -> bool:
    """Return whether the encoder should be opened anew with the actual pace."""
    return not declared / TOLERANCE <= actual <= declared * TOLERANCE


class RateLimit:
    """At most so many pictures a second on average: a bucket of credit, which a picture waits for."""

    # A camera's jitter must not delay its pictures when it is just as fast as the limit.
    _EARLY: Final = 0.25
    # What a stall on the radio link has held back comes at once.
    _BURST_S: Final = 1 / 15

    def __init__(self, max_fps: float) -> None:
        self.step_ns: Final = round(NS_PER_S / max_fps)
        self._most = max(1.0, max_fps * self._BURST_S)
        self._credit = self._most
        self._last_ns = 0

    def ready_at_ns(self, now_ns: int) -> int:
        """Return when the next picture may be taken; not after `now_ns`: at once."""
        self._earn(now_ns)
        lacking = 1 - self._EARLY - self._credit
        return now_ns + max(0, ceil(lacking * self.step_ns))

    def take(self, now_ns: int) -> None:
        """Count a picture."""
        self._earn(now_ns)
        self._credit -= 1

    def _earn(self, now_ns: int) -> None:
        self._credit = min(self._most, self._credit + (now_ns - self._last_ns) / self.step_ns)
        self._last_ns = now_ns


class Thinning:
    """Each n-th frame of a camera, evenly. Counted in the source's numbers: those missing anyway count as left out."""

    def __init__(self) -> None:
        self.every = 1
        self._source = 0
        self._taken_seq = 0

    def leaves_out(self, source: int, seq: int) -> bool:
        """Return whether a frame comes too soon after the one that was taken last."""
        return self.every > 1 and source == self._source and 0 < seq - self._taken_seq < self.every

    def take(self, source: int, seq: int) -> None:
        """Count a frame."""
        self._source, self._taken_seq = source, seq
