"""One message of a camera in, the place and the size of the one whole JPEG in it out; JpegError when there is none.

The structure is walked, nothing is decoded: SOI, segments, frame header, scans, EOI (ITU-T T.81, annex B).
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from common.errors import JpegError

# The causes, which are the names of counters.
JUNK: Final = "junk"  # no JPEG begins, or what follows its beginning is none
TRUNCATED: Final = "truncated"  # ends before its EOI
SPLICED: Final = "spliced"  # another picture's markers inside the scan: two halves of two pictures
UNSUPPORTED: Final = "unsupported"  # a JPEG that no decoder here takes: arithmetic, lossless, 12 bit, CMYK
OVERSIZE: Final = "oversize"  # more pixels than allowed

# Some sketches put a header of their own before the picture.
LEAD_LIMIT_BYTES: Final = 64
# A camera's JPEG has about 10 segments, a progressive one with comments perhaps 60; each costs us 0.3 us.
SEGMENT_LIMIT: Final = 512

_SOI: Final = b"\xff\xd8\xff"
_SOI_CODE, _SOS, _EOI = 0xD8, 0xDA, 0xD9
_DHT, _DQT, _DRI, _COM = 0xC4, 0xDB, 0xDD, 0xFE
_SOF_TAKEN: Final = frozenset({0xC0, 0xC1, 0xC2})
# SOFn without DHT (C4), JPG (C8) and DAC (CC): lossless, hierarchical, arithmetic; refused by name.
_SOF_REFUSED: Final = frozenset(range(0xC3, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Tables and comments (T.81 B.2.4), application data, and what begins a scan.
_SEGMENTS: Final = frozenset({_DHT, _DQT, _DRI, _COM, 0xCC, *range(0xE0, 0xF0)})
_BETWEEN_SCANS: Final = frozenset({_DHT, _DQT, _DRI, _COM, _SOS})

_MARKER: Final = re.compile(rb"\xff+([^\xff])", re.DOTALL)
# Where a scan ends: FF stuffed with 00, restart markers and fill bytes belong to it (T.81 B.1.1.2, F.1.2.3).
# Measured on the 24 KB of a VGA frame, us: this search 6.8; finding each FF in a loop 8.3; split(FF) and a set of what
# follows 11; find(EOI) 17.5, rfind(EOI) 0.1. The last two are wrong: they see neither a splice nor, in rfind's case,
# a stale second EOI behind the real one. At worst (2 MiB of FF) the search takes 10 ms; it is linear in every input.
_SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may measure, in pixels."""

    side_px: int = 65_500
    pixels: int = 20_000_000

    def allow(self, width: int, height: int) -> bool:
        """Return whether a picture of this size may pass."""
        return max(width, height) <= self.side_px and width * height <= self.pixels


class Picture(NamedTuple):
    """Where in the message the JPEG lies (`start:end`), and its size."""

    start: int
    end: int
    width: int
    height: int
    progressive: bool


@dataclass(frozen=True, slots=True)
class _Size:
    width: int
    height: int
    components: int
    progressive: bool


DEFAULT_LIMITS: Final = Limits()


def find_picture(message: bytes, limits: Limits = DEFAULT_LIMITS) -> Picture:
    """Return the JPEG in `message`; bytes before it (up to 64) and after its EOI are left out. Raises JpegError."""
    return _walk(message, limits)[0]


class PictureFinder:
    """`find_picture` for the messages of one camera, whose headers are the same for hours.

    A header that was walked once, byte for byte, is not walked again: 5 us less of 12.
    """

    __slots__ = ("_head", "_limits", "_size")

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._head = b""
        self._size = _Size(0, 0, 0, False)

    def find(self, message: bytes) -> Picture:
        """Return the JPEG in `message`, as `find_picture` does. Raises JpegError."""
        if self._head and message.startswith(self._head):
            found = _SCAN_END.search(message, len(self._head))
            if found is not None and message[found.end() - 1] == _EOI:
                size = self._size
                return Picture(0, found.end(), size.width, size.height, False)
        picture, self._size, scan = _walk(message, self._limits)
        # Only what needs no second look: a picture in one scan, at the message's start.
        self._head = message[:scan] if not picture.start and not picture.progressive else b""
        return picture


def _walk(message: bytes, limits: Limits) -> tuple[Picture, _Size, int]:
    """Return the picture, its size, and where its last scan's data begin (0: there were several scans)."""
    start = message.find(_SOI, 0, LEAD_LIMIT_BYTES + len(_SOI))
    if start < 0:
        raise JpegError(JUNK, f"no SOI in the first {LEAD_LIMIT_BYTES} of {len(message)} bytes")
    size: _Size | None = None
    position = start + 2
    scans = 0
    for _ in range(SEGMENT_LIMIT):
        marker, position = _read_marker(message, position)
        if marker == _SOS:
            if size is None:
                raise JpegError(JUNK, "a scan before any frame header")
            scans += 1
            scan = position + _segment_length(message, position)
            end = _find_end_of_scan(message, position, size)
            if message[end + 1] == _EOI:
                picture = Picture(start, end + 2, size.width, size.height, size.progressive)
                return picture, size, scan if scans == 1 else 0
            position = end
        elif marker in _SOF_TAKEN:
            if size is not None:
                raise JpegError(SPLICED, "two frame headers")
            size = _read_size(message, position, limits, progressive=marker == 0xC2)
            position = _skip_segment(message, position)
        elif marker in _SEGMENTS:
            position = _skip_segment(message, position)
        else:
            raise _refusal(marker)
    raise JpegError(JUNK, f"more than {SEGMENT_LIMIT} segments")


def _read_marker(message: bytes, position: int) -> tuple[int, int]:
    found = _MARKER.match(message, position)
    if found is not None:
        return found[1][0], found.end()
    if message.count(b"\xff", position) == len(message) - position:
        raise JpegError(TRUNCATED, f"ends at byte {len(message)} where a marker is due")
    raise JpegError(JUNK, f"no marker at byte {position}")


def _refusal(marker: int) -> JpegError:
    if marker in _SOF_REFUSED:
        return JpegError(UNSUPPORTED, f"SOF{marker - 0xC0}: only baseline, extended and progressive Huffman coding")
    return JpegError(SPLICED if marker == _SOI_CODE else JUNK, f"marker FF{marker:02X} before any scan")


def _segment_length(message: bytes, position: int) -> int:
    if position + 2 > len(message):
        raise JpegError(TRUNCATED, f"ends at byte {len(message)} in a segment's length")
    length = message[position] << 8 | message[position + 1]
    if length < 2:
        raise JpegError(JUNK, f"a segment of length {length}")
    if position + length > len(message):
        missing = position + length - len(message)
        raise JpegError(TRUNCATED, f"ends at byte {len(message)}, {missing} short of a segment")
    return length


def _skip_segment(message: bytes, position: int) -> int:
    return position + _segment_length(message, position)


def _read_size(message: bytes, position: int, limits: Limits, *, progressive: bool) -> _Size:
    length = _segment_length(message, position)
    if length < 8:
        raise JpegError(JUNK, f"a frame header of length {length}")
    bits = message[position + 2]
    height = int.from_bytes(message[position + 3 : position + 5], "big")
    width = int.from_bytes(message[position + 5 : position + 7], "big")
    components = message[position + 7]
    if length != 8 + 3 * components:
        raise JpegError(JUNK, f"a frame header of length {length} for {components} components")
    if bits != 8 or components not in (1, 3) or not width or not height:
        raise JpegError(UNSUPPORTED, f"{width}x{height}, {components} components of {bits} bits")
    if not limits.allow(width, height):
        raise JpegError(OVERSIZE, f"{width}x{height} exceeds {limits.side_px} a side or {limits.pixels} pixels")
    return _Size(width, height, components, progressive)


def _find_end_of_scan(message: bytes, position: int, size: _Size) -> int:
    """Return the place of the marker behind the entropy-coded data."""
    length = _segment_length(message, position)
    components = message[position + 2] if length > 2 else 0
    if length != 6 + 2 * components:
        raise JpegError(JUNK, f"a scan header of length {length} for {components} components")
    found = _SCAN_END.search(message, position + length)
    if found is None:
        raise JpegError(TRUNCATED, f"no EOI in {len(message)} bytes")
    marker = message[found.start() + 1]
    # A baseline scan of all components is the only one; anything but its end is another picture's.
    is_last = components == size.components and not size.progressive
    if marker != _EOI and (is_last or marker not in _BETWEEN_SCANS):
        raise JpegError(SPLICED, f"marker FF{marker:02X} inside the scan, at byte {found.start()} of {len(message)}")
    return found.start()
