"""Which frames of a camera are news: no doubles, nothing of a connection that was replaced; and how many are missing.

Pure.
"""

from enum import Enum, auto
from typing import Final

from common.accounts import Holes
from common.frame import Frame
from common.units import NS_PER_S

# A rebooted camera's old connection may still deliver for a moment; longer, and it is the true one after all.
FORMER_SOURCE_WAITS_NS: Final = 2 * NS_PER_S


class Verdict(Enum):
    FRESH = auto()
    KNOWN = auto()
    """A double, or a repeat of a frame that was taken already."""
    FORMER = auto()
    """From a connection that another one has replaced."""


class Arrivals:
    """The frames of one camera as they come over the bus, from a subscription on."""

    def __init__(self) -> None:
        self._holes = Holes()
        self._former: int | None = None
        self._heard_ns = 0
        self.lost = 0
        """Frames that the bus lost before the one judged last."""

    def judge(self, frame: Frame, now_ns: int) -> Verdict:
        """Return what the frame is, and remember it if it is fresh."""
        self.lost = 0
        if frame.source == self._former and now_ns - self._heard_ns < FORMER_SOURCE_WAITS_NS:
            return Verdict.FORMER
        if self._holes.has_seen(frame):
            return Verdict.KNOWN
        if frame.source != self._holes.source:
            self._former = self._holes.source
        self.lost = self._holes.before(frame)
        self._heard_ns = now_ns
        return Verdict.FRESH

    def pause(self) -> None:
        """Expect a hole: nothing was subscribed for a while."""
        self._holes.forget()
        self._former = None
