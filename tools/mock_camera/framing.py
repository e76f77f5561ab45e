"""A message as the WebSocket frames that an ESP32's client library would send (RFC 6455, section 5.2).

`websockets` frames by the book; these clients do not, so the frames are written here.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

_FIN: Final = 0x80
_MASKED: Final = 0x80
_CONTINUATION: Final = 0x0
_BINARY: Final = 0x2
_CLOSE: Final = 0x8

# Links2004's library masks short payloads with a random key and longer ones with zeros, in place and for nothing.
_ZERO_MASK_FROM_BYTES: Final = 1400
NO_MASK: Final = bytes(4)

Masks = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Framing:
    """How a client library cuts and masks. With the defaults: one frame, random mask."""

    fragment_bytes: int = 0  # 0: one frame a message; esp_websocket_client: 1024
    empty_ends: bool = False  # an empty first and an empty last fragment, as streaming interfaces of the libraries send
    zero_mask: bool = False  # Links2004: key 00000000, and 65,535 bytes in the 64-bit form


def message_frames(payload: bytes, framing: Framing, masks: Masks) -> list[bytes]:
    """Return one binary message as frames; `masks` gives four fresh bytes a frame."""
    pieces = list(_pieces(payload, framing))
    last = len(pieces) - 1
    return [
        _frame((0 if index else _BINARY) | (_FIN if index == last else 0), piece, framing, masks)
        for index, piece in enumerate(pieces)
    ]


def close_frame(code: int, masks: Masks) -> bytes:
    """Return a Close frame."""
    return _frame(_FIN | _CLOSE, code.to_bytes(2), Framing(), masks)


def masked(payload: bytes, key: bytes) -> bytes:
    """Return the payload with every byte changed by its byte of the key; twice is as never (RFC 6455, section 5.3)."""
    if key == NO_MASK:
        return payload
    # One XOR of two very long integers: 10 us for 25 KB, without an extension module.
    stream = (key * (len(payload) // 4 + 1))[: len(payload)]
    return (int.from_bytes(payload) ^ int.from_bytes(stream)).to_bytes(len(payload))


def _pieces(payload: bytes, framing: Framing) -> Iterator[bytes]:
    step = framing.fragment_bytes or max(1, len(payload))
    middle = (payload[start : start + step] for start in range(0, max(1, len(payload)), step))
    empty = (b"",) if framing.empty_ends else ()
    return chain(empty, middle, empty)


def _frame(first_byte: int, payload: bytes, framing: Framing, masks: Masks) -> bytes:
    key = NO_MASK if framing.zero_mask and len(payload) >= _ZERO_MASK_FROM_BYTES else masks()
    head = bytes([first_byte]) + _length(len(payload), framing.zero_mask)
    return head + key + masked(payload, key)


def _length(length: int, links2004: bool) -> bytes:
    if length < 126:
        return bytes([_MASKED | length])
    # Its test is `< 0xFFFF` where the RFC wants `<=`.
    if length < 0xFFFF or (length == 0xFFFF and not links2004):
        return bytes([_MASKED | 126]) + length.to_bytes(2)
    return bytes([_MASKED | 127]) + length.to_bytes(8)
