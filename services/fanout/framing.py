"""How a message is wrapped for the wire: WebSocket frames (RFC 6455 section 5.2), HTTP chunks, multipart parts. Pure.

Each wrapping is made once for everybody who wants it; only an MP4 over HTTP differs from viewer to viewer, in 8 bytes.
"""

import json
import struct
from typing import Any, Final

TEXT: Final = 0x1
BINARY: Final = 0x2
CLOSE: Final = 0x8
PING: Final = 0x9
PONG: Final = 0xA
FINAL_BIT: Final = 0x80

# Made once: `json.dumps` with separators builds an encoder at each call, a third of its cost (measured).
_JSON: Final = json.JSONEncoder(separators=(",", ":"))

BOUNDARY: Final = "esp32-stream-frame"
PART_START: Final = f"--{BOUNDARY}\r\n".encode()
MULTIPART_TYPE: Final = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
TFDT_BYTES: Final = 8


def ws_frame(opcode: int, payload: bytes) -> bytes:
    """Return one whole, unmasked, uncompressed WebSocket frame."""
    length = len(payload)
    if length < 126:
        return struct.pack("!BB", FINAL_BIT | opcode, length) + payload
    if length < 65536:
        return struct.pack("!BBH", FINAL_BIT | opcode, 126, length) + payload
    return struct.pack("!BBQ", FINAL_BIT | opcode, 127, length) + payload


def ws_text(kind: str, **fields: Any) -> bytes:
    """Return the frame of a JSON text message of section "text messages" of docs/protocol: {"type": kind, ...}."""
    return ws_frame(TEXT, _JSON.encode({"type": kind, **fields}).encode())


def chunk(payload: bytes) -> bytes:
    """Return one chunk of a chunked HTTP body (RFC 9112 section 7.1); an empty payload would end the body."""
    return b"%x\r\n%b\r\n" % (len(payload), payload)


def multipart_part(jpeg: bytes, captured_at_ns: int) -> bytes:
    """Return one part of a multipart/x-mixed-replace body that began with PART_START.

    The next part's boundary goes out with this one: readers show a picture when they see the boundary after it.
    """
    seconds, ns = divmod(captured_at_ns, 1_000_000_000)
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\nX-Timestamp: {seconds}.{ns // 1000:06d}\r\n\r\n"
    return b"%b%b\r\n%b" % (head.encode(), jpeg, PART_START)


def read_tfdt(fragment: bytes, offset: int) -> int:
    """Return the 64-bit decode time at `offset` of a fragment; ValueError when it does not lie inside."""
    if not 0 < offset <= len(fragment) - TFDT_BYTES:
        raise ValueError(f"decode time at {offset} of a fragment of {len(fragment)} bytes")
    time_90k: int = struct.unpack_from("!Q", fragment, offset)[0]
    return time_90k


def move_tfdt(fragment: bytes, offset: int, base_90k: int) -> bytes:
    """Return a copy of the fragment whose decode time is `base_90k` less, at least 0."""
    time_90k = max(0, read_tfdt(fragment, offset) - base_90k)
    return b"%b%b%b" % (fragment[:offset], struct.pack("!Q", time_90k), fragment[offset + TFDT_BYTES :])
