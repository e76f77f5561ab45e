"""WebSocket frames by hand, well-formed or not, as a client on a raw socket sends them."""

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0x0, 0x1, 0x2, 0x8, 0x9, 0xA
ZERO_MASK = bytes(4)


def client_frame(
    opcode: int, payload: bytes = b"", *, fin: bool = True, mask: bytes | None = ZERO_MASK, length_bytes: int = 0
) -> bytes:
    """Return a frame. `mask` None sends it unmasked; `length_bytes` 2 or 8 forces a longer form than needed."""
    size = len(payload)
    length_bytes = length_bytes or (0 if size < 126 else 2 if size < 65_536 else 8)
    code = {0: size, 2: 126, 8: 127}[length_bytes]
    head = bytes([(0x80 if fin else 0) | opcode, code | (0 if mask is None else 0x80)])
    head += size.to_bytes(length_bytes, "big") if length_bytes else b""
    if mask is None:
        return head + payload
    if mask == ZERO_MASK:
        return head + mask + payload
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def fragments(payload: bytes, size: int, *, mask: bytes = ZERO_MASK) -> list[bytes]:
    """Return a binary message in continuation frames of `size` bytes, as ESP-IDF sends it."""
    pieces = [payload[at : at + size] for at in range(0, len(payload), size)]
    last = len(pieces) - 1
    return [client_frame(CONT if at else BINARY, piece, fin=at == last, mask=mask) for at, piece in enumerate(pieces)]
