"""What becomes of a camera's frames at one hop: in = out + dropped by cause + held; `bus` is missing before `in`.

Pure. Holes are found in the source's `seq`: what is missing and was not explained by `skipped` was lost on the way.
"""

from collections import Counter
from typing import Any

from common.frame import Frame


class Account:
    """Cumulative numbers of one camera in one process's life."""

    __slots__ = ("_bus", "_dropped", "_entered", "_left")

    def __init__(self) -> None:
        self._entered = 0
        self._left = 0
        self._dropped: Counter[str] = Counter()
        self._bus: Counter[str] = Counter()

    def enter(self, frames: int = 1) -> None:
        """Frames came in."""
        self._entered += frames

    def leave(self, frames: int = 1) -> None:
        """Frames went on to whoever wants them."""
        self._left += frames

    def drop(self, cause: str, frames: int = 1) -> None:
        """Frames that had come in end here."""
        self._dropped[cause] += frames

    def miss(self, process: str, frames: int) -> None:
        """Frames that `process` sent, or should have sent, did not come in."""
        if frames > 0:
            self._bus[process] += frames

    def found(self, process: str, frames: int = 1) -> None:
        """Frames that were missed came in after all."""
        self._bus[process] -= frames

    def record(self, held: int) -> dict[str, Any]:
        """Return the row of the ledger; `held` frames are in, and neither out nor dropped yet."""
        return {
            "in": self._entered,
            "out": self._left,
            "dropped": {cause: frames for cause, frames in self._dropped.items() if frames},
            "held": held,
            "bus": self._bus.total(),
            "bus_from": {process: frames for process, frames in self._bus.items() if frames},
        }


class Holes:
    """Finds what is missing between the frames of one source."""

    __slots__ = ("_last_seq", "source")

    def __init__(self) -> None:
        self.source: int | None = None
        """Whose frame was the last one seen; None: nobody's yet."""
        self._last_seq = -1

    def has_seen(self, frame: Frame) -> bool:
        """Return whether this is a frame of before: a double, or sent again."""
        return frame.source == self.source and frame.seq <= self._last_seq

    def before(self, frame: Frame) -> int:
        """Return how many frames are missing before this one, unexplained; it is then the last one seen.

        Nothing is known before the first frame of a source, nor of one that is sent again or comes late.
        """
        if frame.source != self.source:
            self.source, self._last_seq = frame.source, frame.seq
            return 0
        if self.has_seen(frame):
            return 0
        missing = frame.seq - self._last_seq - 1 - sum(frame.skipped.values())
        self._last_seq = frame.seq
        return max(0, missing)

    def forget(self) -> None:
        """Nobody listened for a while: what was missed meanwhile was not lost."""
        self.source = None
