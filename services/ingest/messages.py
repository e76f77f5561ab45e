"""The WebSocket side of a camera's connection: bytes in, whole messages and the pongs to answer out; no I/O.

`websockets`' sans-I/O core does the framing. What it would like to say beyond pongs (Close frames) is never sent:
esp_websocket_client stops for good after one; the connection is reset instead.
"""

import logging
from dataclasses import dataclass
from typing import Final

from websockets.exceptions import PayloadTooBig
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol, Side, State

from common.units import NS_PER_S

log = logging.getLogger(__name__)

# The causes of an end, which are the names of counters.
CLOSED: Final = "closed"  # the camera said Close
OVERSIZE: Final = "oversize"  # a message beyond the limit
GARBAGE: Final = "garbage"  # no WebSocket frames any more: the stream lost its step
FLOOD: Final = "flood"  # frames so many and so small that reading them would take the time of other cameras

# 2 MiB in pieces of 256 bytes; ESP-IDF's pieces are 1 KiB, the first and the last may be empty.
FRAGMENT_LIMIT: Final = 8192
# A frame costs us 3 to 8 us whatever it holds. A camera at 60 pictures a second that puts a text, an empty first and
# an empty last fragment around each sends 240 small frames a second.
SMALL_BYTES: Final = 128
SMALL_PER_S: Final = 500
SMALL_BURST: Final = 1000
# Parsed at a time, so that a flood of the smallest frames is noticed after some 1,400 of them, 5 ms.
SLICE_BYTES: Final = 4 << 10


@dataclass(frozen=True, slots=True)
class Message:
    """One whole message."""

    payload: bytes
    is_text: bool


class MessageStream:
    """The messages of one connection. When it cannot go on, `ended` says why and nothing more may be fed."""

    def __init__(self, limit_bytes: int, now_ns: int) -> None:
        self.ended = ""
        self.pongs: list[bytes] = []
        """Frames to write to the camera; whoever writes them clears it."""
        self._core = Protocol(Side.SERVER, state=State.OPEN, max_size=limit_bytes, logger=log)
        self._fragments: list[bytes] = []
        self._is_text = False
        self._small_left = float(SMALL_BURST)
        self._small_ns = now_ns

    def feed(self, data: bytes, now_ns: int) -> list[Message]:
        """Return the messages that `data` completes."""
        messages: list[Message] = []
        if len(data) <= SLICE_BYTES:
            self._feed_slice(data, now_ns, messages)
            return messages
        for start in range(0, len(data), SLICE_BYTES):
            self._feed_slice(data[start : start + SLICE_BYTES], now_ns, messages)
            if self.ended:
                break
        return messages

    def _feed_slice(self, data: bytes, now_ns: int, messages: list[Message]) -> None:
        core = self._core
        core.receive_data(data)
        frames = core.events_received()
        writes = core.data_to_send()
        if writes and core.state is State.OPEN:
            self.pongs += writes
        small = 0
        for frame in frames:
            # The core gives out nothing but frames once it is open.
            if isinstance(frame, Frame):
                small += len(frame.data) < SMALL_BYTES
                self._take_frame(frame, messages)
        if core.parser_exc is not None:
            self.ended = OVERSIZE if isinstance(core.parser_exc, PayloadTooBig) else GARBAGE
        elif len(self._fragments) > FRAGMENT_LIMIT or (small and not self._is_within_rate(small, now_ns)):
            self.ended = FLOOD
            messages.clear()

    def _take_frame(self, frame: Frame, messages: list[Message]) -> None:
        opcode = frame.opcode
        if opcode is Opcode.CLOSE:
            self.ended = CLOSED
        elif opcode is Opcode.PING or opcode is Opcode.PONG:
            return
        elif frame.fin and opcode is not Opcode.CONT:
            messages.append(Message(bytes(frame.data), opcode is Opcode.TEXT))
        else:
            if opcode is not Opcode.CONT:
                self._is_text = opcode is Opcode.TEXT
            self._fragments.append(bytes(frame.data))
            if frame.fin:
                messages.append(Message(b"".join(self._fragments), self._is_text))
                self._fragments.clear()

    def _is_within_rate(self, small: int, now_ns: int) -> bool:
        gained = (now_ns - self._small_ns) / NS_PER_S * SMALL_PER_S
        self._small_left = min(SMALL_BURST, self._small_left + gained) - small
        self._small_ns = now_ns
        return self._small_left >= 0
