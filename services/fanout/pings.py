"""Whether a silent viewer is still there: pings, and what to make of no answer. Pure."""

from enum import Enum, auto
from typing import Final

# Unanswered, and the viewer is gone.
UNANSWERED_LIMIT: Final = 2


class Act(Enum):
    """What to do now."""

    NOTHING = auto()
    PING = auto()
    CLOSE = auto()


class Pings:
    """One viewer's pings; any word of it answers them."""

    __slots__ = ("_due_ns", "_interval_ns", "_unanswered")

    def __init__(self, interval_ns: int, now_ns: int) -> None:
        self._interval_ns: Final = interval_ns
        self._due_ns = now_ns + interval_ns
        self._unanswered = 0

    def heard(self) -> None:
        """Take note of a word from the viewer."""
        self._unanswered = 0

    def act(self, now_ns: int, *, blocked: bool) -> Act:
        """Return what to do. A blocked viewer is not pinged: its ping would wait behind what it does not take."""
        if now_ns < self._due_ns:
            return Act.NOTHING
        self._due_ns = now_ns + self._interval_ns
        if blocked:
            return Act.NOTHING
        if self._unanswered >= UNANSWERED_LIMIT:
            return Act.CLOSE
        self._unanswered += 1
        return Act.PING
