"""The times of a stream: a picture's media time in, its decode time in ticks of 90 kHz out, strictly rising. Pure."""

from typing import Final

from common.units import HZ_90K, NS_PER_MS, NS_PER_S, to_90k

# The camera's publisher keeps its media time from stepping; another publisher of the camera has another clock. A
# smaller step back is bent away, tick by tick; a larger one would hold the picture for as long as it is.
STEP_BACK_LIMIT_90K: Final = to_90k(500 * NS_PER_MS)


class Timeline:
    """Decode times within one epoch. They come from media times alone, so that a hand-over does not bend them."""

    def __init__(self) -> None:
        self._last_90k: int | None = None

    def stepped_back(self, media_time_ns: int) -> bool:
        """Return whether the time lies so far back that a new timeline must begin."""
        return self._last_90k is not None and self._last_90k - to_90k(media_time_ns) > STEP_BACK_LIMIT_90K

    def next_90k(self, media_time_ns: int) -> int:
        """Return the decode time of the next picture, at least a tick after the one before."""
        time_90k = to_90k(media_time_ns)
        if self._last_90k is not None and time_90k <= self._last_90k:
            time_90k = self._last_90k + 1
        self._last_90k = time_90k
        return time_90k

    def begin(self) -> None:
        """Begin a new timeline: a new epoch, whose times need not follow the old ones."""
        self._last_90k = None


def media_time_ns(media_time_ns: int, time_90k: int) -> int:
    """Return the media time that goes with a decode time: the picture's own, unless it had to be moved."""
    return media_time_ns if to_90k(media_time_ns) == time_90k else -(-time_90k * NS_PER_S // HZ_90K)


# A declared duration only bridges the time to the next picture. Without an estimate: 25 pictures a second.
UNKNOWN_DURATION_90K: Final = HZ_90K // 25
SHORTEST_DURATION_90K: Final = HZ_90K // 240
LONGEST_DURATION_90K: Final = 10 * HZ_90K


def duration_90k(interval_ns: int) -> int:
    """Return the duration to declare for a picture when the next one is expected after `interval_ns`; 0: unknown."""
    if interval_ns <= 0:
        return UNKNOWN_DURATION_90K
    return min(max(to_90k(interval_ns), SHORTEST_DURATION_90K), LONGEST_DURATION_90K)
