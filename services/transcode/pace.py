"""How often pictures come, as the rate control is told, and the limit on how many are taken. Pure.

libx264 without lookahead divides the bit rate by the declared pace and looks at no time stamp, so at 5 pictures a second
an encoder told 30 would spend a sixth of its bits. The pace is declared anew, at a keyframe, when it is far off.
"""

from fractions import Fraction
from typing import Final

from common.units import NS_PER_S

DEFAULT_PACE_HZ: Final = Fraction(25)
# Slower cameras are declared as this fast: one picture then takes at most a quarter of a second's bits, not many seconds'.
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


def is_far_off(declared: Fraction, actual: Fraction) -> bool:
    """Return whether the encoder should be opened anew with the actual pace."""
    return not declared / TOLERANCE <= actual <= declared * TOLERANCE


class RateLimit:
    """Lets through at most so many pictures a second, evenly: by media time, with no drift for near-equal rates."""

    # A camera's jitter must not cost it every second picture when it is just as fast as the limit.
    _EARLY: Final = 0.25

    def __init__(self, max_fps: float) -> None:
        self._step_ns = round(NS_PER_S / max_fps)
        self._due_ns: int | None = None

    @property
    def step_ns(self) -> int:
        """The shortest distance of pictures on average."""
        return self._step_ns

    def admits(self, media_time_ns: int) -> bool:
        """Return whether the picture is taken, and count it if so."""
        due_ns = self._due_ns
        if due_ns is not None and -NS_PER_S < media_time_ns - due_ns < -self._EARLY * self._step_ns:
            return False
        if due_ns is None or abs(media_time_ns - due_ns) > self._step_ns:
            due_ns = media_time_ns
        self._due_ns = due_ns + self._step_ns
        return True
