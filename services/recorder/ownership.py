"""Which cameras a recorder process wants: those that hash to it among the processes heard lately. Pure; monotonic ns.

The lock on a camera's folder decides who writes there. This only keeps processes from standing in line for the same.
"""

from collections.abc import Iterable
from typing import Final

from common.rendezvous import choose
from common.units import NS_PER_S

HEARD_NS: Final = 2 * NS_PER_S


class Ownership:
    """The recorder processes that live; `own` is this one."""

    def __init__(self, own: str) -> None:
        self._own: Final = own
        self._heard: dict[str, int] = {}
        self._left: dict[str, int] = {}

    def hear(self, name: str, incarnation: int, now_ns: int, *, leaving: bool = False) -> None:
        """Take a sign of life in; one that leaves is heard no more in this life of it."""
        if name == self._own:
            return
        if leaving:
            self._left[name] = incarnation
            self._heard.pop(name, None)
        elif self._left.get(name) != incarnation:
            self._left.pop(name, None)
            self._heard[name] = now_ns

    def names(self, now_ns: int) -> list[str]:
        """Return the processes among which the cameras are divided."""
        self._heard = {name: at_ns for name, at_ns in self._heard.items() if now_ns - at_ns <= HEARD_NS}
        return sorted({self._own, *self._heard})

    def wanted(self, cameras: Iterable[str], now_ns: int) -> frozenset[str]:
        """Return the cameras that are this process's."""
        names = self.names(now_ns)
        return frozenset(camera for camera in cameras if choose(camera, names) == self._own)
