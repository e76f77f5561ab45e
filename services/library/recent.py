"""The small pictures made last, bounded in bytes: a pointer comes back to where it was, others look too. Pure."""

from collections import OrderedDict
from typing import Final

# 500 previews of 4 KB.
LIMIT_BYTES: Final = 2 << 20
# A whole picture would push out dozens of previews, and is asked for once.
ITEM_LIMIT_BYTES: Final = 32 << 10


class Recent:
    """JPEGs by the name of what they show; the one not asked for the longest goes first."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._jpegs: OrderedDict[str, bytes] = OrderedDict()
        self.size_bytes = 0

    def get(self, name: str) -> bytes | None:
        """Return the JPEG of that name, if it is known."""
        if name in self._jpegs:
            self._jpegs.move_to_end(name)
        return self._jpegs.get(name)

    def put(self, name: str, jpeg: bytes) -> None:
        """Keep a small JPEG."""
        if len(jpeg) > ITEM_LIMIT_BYTES or name in self._jpegs:
            return
        self._jpegs[name] = jpeg
        self.size_bytes += len(jpeg)
        while self.size_bytes > self._limit_bytes:
            self.size_bytes -= len(self._jpegs.popitem(last=False)[1])
