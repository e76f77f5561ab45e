"""When to ask for a keyframe, and when again. Pure.

A newcomer's request is repeated until a keyframe came, because request and subscription race; a late viewer's is made
once, and at most once a second for a camera, because everybody pays for the keyframe.
"""

from typing import Final

from common.units import NS_PER_MS, NS_PER_S

JOIN: Final = "join"
LOSS: Final = "loss"
LATE: Final = "late"

REPEAT_NS: Final = 250 * NS_PER_MS
# 5 s: a camera that has not answered by then has no picture to give; its next one will be a keyframe anyway.
REPEATS: Final = 20
LATE_INTERVAL_NS: Final = NS_PER_S
_URGENCY: Final = {LATE: 0, LOSS: 1, JOIN: 2}


class LateLimit:
    """The pace of requests for late viewers of one camera, whatever format they watch."""

    __slots__ = ("next_ns",)

    def __init__(self) -> None:
        self.next_ns = 0


class Asker:
    """The open request for a keyframe of one stream, if any; `reason` is empty when there is none."""

    __slots__ = ("_asked", "_due_ns", "_late_limit", "reason")

    def __init__(self, late_limit: LateLimit) -> None:
        self.reason = ""
        self._late_limit: Final = late_limit
        self._asked = 0
        self._due_ns = 0

    @property
    def next_ns(self) -> int:
        """When to call `take_due` next; only meaningful while there is a reason."""
        return max(self._due_ns, self._late_limit.next_ns) if self.reason == LATE else self._due_ns

    def want(self, reason: str, now_ns: int) -> None:
        """Want a keyframe; the more urgent of two reasons rules, and what is asked for already is not asked anew."""
        if self.reason and _URGENCY[reason] <= _URGENCY[self.reason]:
            return
        self.reason = reason
        self._due_ns = now_ns
        self._asked = 0

    def satisfy(self) -> None:
        """Take note that a keyframe came."""
        self.reason = ""

    def take_due(self, now_ns: int) -> str:
        """Return the reason to ask with now, which counts as asked; empty when it is not time."""
        reason = self.reason
        if not reason or now_ns < self.next_ns:
            return ""
        if reason == LATE:
            self._late_limit.next_ns = now_ns + LATE_INTERVAL_NS
        self._due_ns = now_ns + REPEAT_NS
        self._asked += 1
        if self._asked == REPEATS:
            self.reason = ""
        return reason
