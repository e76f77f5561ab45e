"""When to ask a camera's publisher for its newest picture: subscription and request race, so it is repeated. Pure."""

from typing import Final

from common.units import NS_PER_MS

REPEAT_NS: Final = 250 * NS_PER_MS
# Five seconds; a camera that has none by then sends one when it can.
TIMES: Final = 20


class Asking:
    """The requests of one subscription, from its beginning to the first frame."""

    def __init__(self) -> None:
        self._left = 0
        self._next_ns = 0

    def begin(self, now_ns: int) -> None:
        self._left, self._next_ns = TIMES, now_ns

    def satisfy(self) -> None:
        """A frame came."""
        self._left = 0

    def due_ns(self) -> int | None:
        """Return when to ask next; None: not at all."""
        return self._next_ns if self._left else None

    def is_due(self, now_ns: int) -> bool:
        """Return whether to ask now, and count it if so."""
        if not self._left or now_ns < self._next_ns:
            return False
        self._left -= 1
        self._next_ns = now_ns + REPEAT_NS
        return True
