"""Whether a client masks its WebSocket frames, as it must (RFC 6455 section 5.1). Pure.

The library that reads them takes unmasked ones, too. Only heads are looked at; what they hold is skipped.
"""

from typing import Final

MASK_BIT: Final = 0x80
_LONG: Final = {126: 2, 127: 8}
_MASK_BYTES: Final = 4


class MaskWatch:
    """Follows the frames of one client."""

    __slots__ = ("_head", "_skip")

    def __init__(self) -> None:
        self._head = b""
        self._skip = 0

    def is_masked(self, data: bytes) -> bool:
        """Take the next bytes; return False as soon as a frame in them is not masked."""
        at = 0
        while at < len(data):
            if self._skip:
                step = min(self._skip, len(data) - at)
                self._skip -= step
                at += step
                continue
            self._head += data[at : at + 1]
            at += 1
            if len(self._head) >= 2:
                if not self._head[1] & MASK_BIT:
                    return False
                self._finish_head()
        return True

    def _finish_head(self) -> None:
        code = self._head[1] & ~MASK_BIT
        extra = _LONG.get(code, 0)
        if len(self._head) == 2 + extra:
            size = int.from_bytes(self._head[2:], "big") if extra else code
            self._head, self._skip = b"", _MASK_BYTES + size
