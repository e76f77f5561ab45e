"""How often pictures come, as the rate control is told, and the limit on how many are taken. Pure.

libx264 without lookahead divides the bit rate by the declared pace and looks at no time stamp: told 30 pictures a
second, it spends a sixth of its bits where 5 come. So the pace is declared anew, at a keyframe, when it is far off.
"""

from fractions import Fraction
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
    """Lets through at most so many pictures a second on average, by media time: a bucket of credit."""

    # A camera's jitter must not cost it every second picture when it is just as fast as the limit.
    _EARLY: Final = 0.25
    # What a stall on the radio link has held back comes at once; the newest of it should be seen.
    _BURST_S: Final = 1 / 15

    def __init__(self, max_fps: float) -> None:
        self.step_ns: Final = round(NS_PER_S / max_fps)
        self._most = max(1.0, max_fps * self._BURST_S)
        self._credit = self._most
        self._last_ns = 0

    def admits(self, media_time_ns: int) -> bool:
        """Return whether the picture is taken, and count it if so."""
        passed_ns = media_time_ns - self._last_ns
        self._last_ns = media_time_ns
        self._credit = self._most if passed_ns < 0 else min(self._most, self._credit + passed_ns / self.step_ns)
        if self._credit < 1 - self._EARLY:
            return False
        self._credit -= 1
        return True
