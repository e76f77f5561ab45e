"""The WebSocket side of a camera's connection: bytes in, whole messages and the pongs to answer out; no I/O.

`websockets`' sans-I/O core does the framing. What it would like to say beyond pongs (Close frames) is never sent:
esp_websocket_client stops for good after one; the connection is reset instead.
"""

import logging
from typing import Final, NamedTuple, cast

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
# Parsed at a time, so that a flood of the smallest frames is noticed after some 1,400 of them, 5 ms. Each slice has its
# price (about 1 us): a connection whose last slices held next to no small frames gets larger ones, up to a whole read.
SLICE_BYTES: Final = 4 << 10
LARGEST_SLICE_BYTES: Final = 32 << 10
SMALL_IN_LARGE_SLICE: Final = 16


class Message(NamedTuple):
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
        self._slice_bytes = SLICE_BYTES
        self._small_left = float(SMALL_BURST)
        self._small_ns = now_ns

    def feed(self, received: memoryview | bytes, now_ns: int) -> list[Message]:
        """Return the messages that `received` completes; it is not kept."""
        messages: list[Message] = []
        size = len(received)
        if size <= self._slice_bytes:
            self._feed_slice(received, now_ns, messages)
            return messages
        at = 0
        while at < size and not self.ended:
            piece = received[at : at + self._slice_bytes]
            at += len(piece)
            self._feed_slice(piece, now_ns, messages)
        return messages

    def _feed_slice(self, piece: memoryview | bytes, now_ns: int, messages: list[Message]) -> None:
        core = self._core
        # It appends what it is given to a bytearray; a view saves a copy, though its signature does not name one.
        core.receive_data(cast("bytes", piece))
        frames = core.events_received()
        small = 0
        for frame in frames:
            # The core gives out nothing but frames once it is open.
            if isinstance(frame, Frame):
                small += len(frame.data) < SMALL_BYTES
                self._take_frame(frame, messages)
        if small:
            self._note_small(small, now_ns, messages)
        elif self._slice_bytes < LARGEST_SLICE_BYTES:
            self._slice_bytes *= 2
        if core.parser_exc is not None:
            self.ended = OVERSIZE if isinstance(core.parser_exc, PayloadTooBig) else GARBAGE

    def _note_small(self, small: int, now_ns: int, messages: list[Message]) -> None:
        """Answer pings, which are small; end a flood."""
        writes = self._core.data_to_send()
        if writes and self._core.state is State.OPEN:
            self.pongs += writes
        if small > SMALL_IN_LARGE_SLICE:
            self._slice_bytes = SLICE_BYTES
        if not self._is_within_rate(small, now_ns):
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
            if len(self._fragments) > FRAGMENT_LIMIT:
                self.ended = FLOOD
            elif frame.fin:
                messages.append(Message(b"".join(self._fragments), self._is_text))
                self._fragments.clear()

    def _is_within_rate(self, small: int, now_ns: int) -> bool:
        gained = (now_ns - self._small_ns) / NS_PER_S * SMALL_PER_S
        self._small_left = min(SMALL_BURST, self._small_left + gained) - small
        self._small_ns = now_ns
        return self._small_left >= 0
