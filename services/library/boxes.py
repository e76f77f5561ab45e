"""Boxes of MP4 (ISO/IEC 14496-12): put together, and found in an init segment. Pure."""

import struct
from collections.abc import Iterator
from typing import Final

from common.errors import RecordingError

# Where an entry of stsd for video says its size (12.1.3): its header, 8 bytes, 16 more.
_SIZE: Final = struct.Struct(">HH")
_SIZE_AT: Final = 32


def box(kind: bytes, *parts: bytes) -> bytes:
    """Return a box with these contents."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def full_box(kind: bytes, *parts: bytes, version: int = 0, flags: int = 0) -> bytes:
    """Return a box that begins with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def children(data: bytes, start: int = 0) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and contents of the boxes in `data`; raise RecordingError where they do not fit into it."""
    while start < len(data):
        if len(data) - start < 8:
            raise RecordingError("an init segment ends within a box")
        size, kind = struct.unpack_from(">I4s", data, start)
        if not 8 <= size <= len(data) - start:
            raise RecordingError(f"an init segment has a box {kind!r} of {size} bytes")
        yield kind, data[start + 8 : start + size]
        start += size


def sample_entries(init: bytes) -> list[bytes]:
    """Return the sample entries of an init segment's track, as boxes; RecordingError when there is none."""
    data = init
    for wanted in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
        found = next((content for kind, content in children(data) if kind == wanted), None)
        if found is None:
            raise RecordingError(f"an init segment has no {wanted.decode()}")
        data = found
    entries = [box(kind, content) for kind, content in children(data, 8)]
    if not entries:
        raise RecordingError("an init segment describes no samples")
    return entries


def entry_size(entry: bytes) -> tuple[int, int]:
    """Return width and height that a sample entry of video tells."""
    if len(entry) < _SIZE_AT + _SIZE.size:
        raise RecordingError("a sample entry is too short")
    width, height = _SIZE.unpack_from(entry, _SIZE_AT)
    return width, height


def avcc_of(init: bytes) -> bytes:
    """Return the decoder's configuration in an init segment (14496-15, 5.3.3.1); RecordingError when it has none."""
    # The entry's header and the 78 bytes of a VisualSampleEntry come before its boxes.
    for kind, content in children(sample_entries(init)[0], 86):
        if kind == b"avcC":
            return content
    raise RecordingError("an init segment has no configuration of its decoder")
