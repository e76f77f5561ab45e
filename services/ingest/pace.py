"""How fast a camera sends: its interval, rates, and whether it has fallen silent. Pure; times are monotonic ns."""

from collections import deque
from typing import Final

from common.units import NS_PER_S

# The usual interval is the median of so many: a stall, or half a dozen frames that waited for one, do not move it.
# A camera whose frames always come in bursts has a median of next to nothing: then it is the mean, stalls left out.
INTERVALS: Final = 15
STALLS_LEFT_OUT: Final = 2
# Frames over which rates are taken: about a second of a fast camera, half a minute of a slow one.
FRAMES: Final = 32
# Silent for three of its own intervals, at least 10 s.
STALLED_INTERVALS: Final = 3
STALLED_NS: Final = 10 * NS_PER_S


class Pace:
    """The arrivals of one connection."""

    __slots__ = ("_arrivals", "_intervals", "_usual_ns", "last_ns")

    def __init__(self, connected_ns: int) -> None:
        self.last_ns = connected_ns
        # Worked out when it is asked for: nobody asks while nobody watches.
        self._usual_ns: int | None = 0
        self._intervals: deque[int] = deque(maxlen=INTERVALS)
        self._arrivals: deque[tuple[int, int]] = deque(maxlen=FRAMES)

    def add(self, now_ns: int, size_bytes: int) -> None:
        """Count a frame that arrived."""
        if self._arrivals:
            self._intervals.append(now_ns - self.last_ns)
            self._usual_ns = None
        self.last_ns = now_ns
        self._arrivals.append((now_ns, size_bytes))

    @property
    def interval_ns(self) -> int:
        """The usual distance of two frames; 0: not known yet."""
        if self._usual_ns is None:
            self._usual_ns = _usual(sorted(self._intervals))
        return self._usual_ns

    @property
    def intervals(self) -> int:
        """How many intervals are measured, of late."""
        return len(self._intervals)

    def fps(self, now_ns: int) -> float:
        """Return frames a second over the last frames; falls while the camera is silent."""
        return (len(self._arrivals) - 1) / self._span_s(now_ns) if len(self._arrivals) > 1 else 0.0

    def bytes_per_s(self, now_ns: int) -> float:
        """Return bytes a second over the same frames (the oldest one's bytes came before the span)."""
        if len(self._arrivals) < 2:
            return 0.0
        total = sum(size for _, size in self._arrivals) - self._arrivals[0][1]
        return total / self._span_s(now_ns)

    def is_stalled(self, now_ns: int) -> bool:
        """Return whether the camera is silent for three of its own intervals, at least 10 s."""
        return now_ns - self.last_ns > max(STALLED_NS, STALLED_INTERVALS * self.interval_ns)

    def due_in_ns(self, now_ns: int) -> int | None:
        """Return how long until a fresh frame is due; None when nobody can say, or it is overdue."""
        interval_ns = self.interval_ns
        due_ns = self.last_ns + interval_ns - now_ns
        return due_ns if interval_ns and due_ns >= 0 else None

    def _span_s(self, now_ns: int) -> float:
        silent_ns = now_ns - self.last_ns
        end_ns = now_ns if silent_ns > 2 * self.interval_ns else self.last_ns
        return max(end_ns - self._arrivals[0][0], 1) / NS_PER_S


def _usual(ordered: list[int]) -> int:
    kept = ordered[: max(len(ordered) - STALLS_LEFT_OUT, 1)]
    return max(ordered[len(ordered) // 2], sum(kept) // len(kept))
