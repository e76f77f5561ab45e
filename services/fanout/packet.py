"""A message on its way to viewers: the frame, when it came, and each wrapping that somebody wanted, made once. Pure."""

from typing import Final, Protocol

from common.frame import Frame


class Wrapping(Protocol):
    """One way to put messages on a wire: for one format, over WebSocket or HTTP."""

    def body(self, frame: Frame) -> bytes:
        """Return the bytes of one frame."""
        ...


class Packet:
    """Shared by all viewers' boxes, never copied into one."""

    __slots__ = ("_wrapped", "frame", "key", "received_ns", "size")

    def __init__(self, frame: Frame, received_ns: int) -> None:
        self.frame: Final = frame
        self.received_ns: Final = received_ns
        self.key: Final = frame.key
        self.size: Final = len(frame.payload)
        self._wrapped: dict[Wrapping, bytes] = {}

    def wrapped(self, wrapping: Wrapping) -> bytes:
        """Return the message as `wrapping` puts it, made at the first call."""
        made = self._wrapped.get(wrapping)
        if made is None:
            made = self._wrapped[wrapping] = wrapping.body(self.frame)
        return made
