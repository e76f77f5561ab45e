"""Whose turn it is to accept a connection, among the processes that share a listening socket. Pure.

The kernel wakes all of them, and who is awake first would take most. So a process that has clearly more connections
than the emptiest leaves a connection to the others for some milliseconds. One that does not take it in that time
(it is busy, or hangs) is passed over until it accepts again: it holds nobody up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from common.units import NS_PER_MS, NS_PER_S

# Enough for a process that is awake, and for one that two others keep from its core for a time slice each.
PATIENCE_NS: Final = 20 * NS_PER_MS
# By then its stamp says whether it lives at all.
PASSED_OVER_NS: Final = NS_PER_S
# Beyond these a process has clearly more than another: the fullest has at most 1.5 times the emptiest in the end.
SHARE: Final = 1.15
SHARE_EXTRA: Final = 1


@dataclass(frozen=True, slots=True)
class Load:
    """One process: its connections, and how many it accepted in its life. `slot` tells processes apart."""

    slot: int
    open: int
    accepted: int


class Balance:
    """The view of one process on whose turn it is."""

    __slots__ = ("_passed", "_since_ns", "_turn")

    def __init__(self) -> None:
        self._turn: tuple[int, int] | None = None
        self._since_ns = 0
        # What each had accepted when it was passed over, and when that was.
        self._passed: dict[int, tuple[int, int]] = {}

    def may_accept(self, own: int, others: Iterable[Load], now_ns: int) -> bool:
        """Return whether to accept now the connection that waits; if not, ask again in some ms while one waits."""
        candidates = [other for other in others if not self._is_passed(other, now_ns)]
        emptiest = min(candidates, key=lambda other: other.open, default=None)
        if emptiest is None or own <= emptiest.open * SHARE + SHARE_EXTRA:
            self.rest()
            return True
        turn = (emptiest.slot, emptiest.accepted)
        if turn != self._turn:
            self._turn, self._since_ns = turn, now_ns
            return False
        if now_ns - self._since_ns < PATIENCE_NS:
            return False
        self._passed[emptiest.slot] = (emptiest.accepted, now_ns)
        return self.may_accept(own, candidates, now_ns)

    def rest(self) -> None:
        """Take note that no connection waits any more: nobody's turn has begun."""
        self._turn = None

    def _is_passed(self, other: Load, now_ns: int) -> bool:
        accepted, since_ns = self._passed.get(other.slot, (-1, 0))
        return accepted == other.accepted and now_ns - since_ns < PASSED_OVER_NS
