"""Cutting a byte stream of H.264 into access units, as a reader of a pipe must. Pure."""

from collections.abc import Iterator
from typing import Final

_START_CODE: Final = b"\x00\x00\x01"
_SLICE, _IDR = 1, 5
_FIRST_MB_IS_0: Final = 0x80  # ue(v) of 0 is a single 1 bit (ITU-T H.264 section 7.3.3)


def unit_ends(stream: bytes) -> list[int]:
    """Return where each access unit ends. A unit starts at the first NAL unit after the one before's last slice."""
    ends: list[int] = []
    has_picture = False
    for at, kind, first_slice in _nals(stream):
        is_slice = kind in (_SLICE, _IDR)
        if has_picture and (first_slice or not is_slice):
            ends.append(at)
            has_picture = False
        has_picture = has_picture or is_slice
    return [*ends, len(stream)] if has_picture else ends


def units(stream: bytes) -> Iterator[bytes]:
    """Yield the access units."""
    start = 0
    for end in unit_ends(stream):
        yield stream[start:end]
        start = end


def _nals(stream: bytes) -> Iterator[tuple[int, int, bool]]:
    """Yield where each NAL unit begins, start code included, its type, and whether it is a picture's first slice."""
    at = stream.find(_START_CODE)
    while 0 <= at < len(stream) - 4:
        head = at + len(_START_CODE)
        long_code = at > 0 and stream[at - 1] == 0
        yield at - long_code, stream[head] & 0x1F, bool(stream[head + 1] & _FIRST_MB_IS_0)
        at = stream.find(_START_CODE, head)
