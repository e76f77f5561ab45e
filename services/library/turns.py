"""Whose question is next: askers take turns, and of each the newest goes first. Bounded. Pure.

A pointer that moves along a timeline asks faster than pictures are made, and only where it is now matters.
"""

from collections import OrderedDict
from typing import Final, Generic, TypeVar

Item = TypeVar("Item")

# A picture takes a few milliseconds, a whole group of pictures up to a tenth of a second: 32 are answered in 3 s.
LIMIT: Final = 32


class Turns(Generic[Item]):
    """Items that wait, each for an asker. When full, the oldest of the asker with the most gives way."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._waiting: OrderedDict[str, list[Item]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def put(self, asker: str, item: Item) -> Item | None:
        """Let an item wait; return the one that has to go for it, perhaps itself."""
        self._waiting.setdefault(asker, []).append(item)
        if len(self) <= self._limit:
            return None
        # Of several with as many: the one that asked first.
        most = max(self._waiting, key=lambda each: len(self._waiting[each]))
        return self._remove(most, 0)

    def take(self) -> Item | None:
        """Return the next item, or None; its asker's next turn comes after everybody else's."""
        asker = next(iter(self._waiting), None)
        if asker is None:
            return None
        self._waiting.move_to_end(asker)
        return self._remove(asker, -1)

    def _remove(self, asker: str, index: int) -> Item:
        items = self._waiting[asker]
        item = items.pop(index)
        if not items:
            del self._waiting[asker]
        return item
