"""One plain MP4 made of many fragmented files: what it consists of, and at which byte each part begins. Pure.

Nothing of a file is kept here but a few numbers: the parts of the sample tables are made when they are asked for
(`render`), and the pictures stay where they are (docs/decisions/0013-one-mp4-from-many-files.md).
"""

import hashlib
import struct
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate
from sys import byteorder
from typing import Final

from common.units import HZ_90K
from services.library.boxes import box, entry_size, full_box
from services.library.samples import Table

TRACK_ID: Final = 1
_UND: Final = 0x55C4
_UNITY_MATRIX: Final = struct.pack(">9I", 0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000)
_U32: Final = 0xFFFF_FFFF
_FTYP: Final = box(b"ftyp", b"isom", struct.pack(">I", 0x200), b"isomiso2avc1mp41")


class Content(Enum):
    """What a part of the movie is made of."""

    LITERAL = "literal"
    TIMES = "times"
    """A piece's entries of stts."""
    KEYS = "keys"
    """A piece's entries of stss."""
    SIZES = "sizes"
    """A piece's entries of stsz."""
    PICTURES = "pictures"
    """A piece's samples."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Consecutive samples of one file: one chunk of the movie."""

    file: int
    """Which of the files, as whoever made it counts them."""
    first: int
    count: int
    before: int
    """Samples of the movie before it."""
    keys: int
    size_bytes: int
    length_90k: int
    """From its first sample to what comes after its last."""
    entry: int
    """Which of the movie's sample entries describes it, from 0."""


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of the movie that follow each other: `data`, or what is made of a piece's table."""

    content: Content
    size_bytes: int
    piece: int = 0
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Movie:
    """The parts in their order; `starts` has the byte at which each begins, and the end of the last."""

    parts: Sequence[Part]
    starts: Sequence[int]
    pieces: Sequence[Piece]
    duration_90k: int

    @property
    def size_bytes(self) -> int:
        return self.starts[-1]


def make_movie(pieces: Sequence[Piece], entries: Sequence[bytes], skip_90k: int = 0) -> Movie:
    """Return the movie of these pieces. The first `skip_90k` ticks are decoded and not shown."""
    length_90k = sum(piece.length_90k for piece in pieces)
    duration_90k = length_90k - skip_90k
    data_bytes = sum(piece.size_bytes for piece in pieces)
    data_head = _data_head(data_bytes)
    # Offsets of 32 bits do not reach behind 4 GiB; which of the two it is changes where the data begins.
    for is_wide in (False, True) if data_bytes <= _U32 else (True,):
        tables = _tables(pieces, entries, is_wide=is_wide)
        tables_bytes = sum(part.size_bytes for part in tables)
        head = _head(entries, tables_bytes, length_90k, duration_90k, skip_90k)
        data_at = len(head) + tables_bytes + len(data_head)
        if is_wide or data_at + data_bytes <= _U32:
            break
    tables[-1] = _literal(_chunk_offsets(pieces, data_at, is_wide=is_wide))
    pictures = [Part(Content.PICTURES, piece.size_bytes, index) for index, piece in enumerate(pieces)]
    parts = [_literal(head), *tables, _literal(data_head), *pictures]
    return Movie(parts, list(accumulate((part.size_bytes for part in parts), initial=0)), pieces, duration_90k)


def render(part: Part, piece: Piece, table: Table) -> bytes:
    """Return the bytes of one part of a sample table."""
    first, stop = piece.first, piece.first + piece.count
    if part.content is Content.SIZES:
        return _big_endian(array("I", table.sizes[first:stop]))
    if part.content is Content.KEYS:
        at = bisect_left(table.keys, first)
        # Samples count from 1 through the movie.
        shift = piece.before + 1 - first
        return _big_endian(array("I", [key + shift for key in table.keys[at : at + piece.keys]]))
    if part.content is Content.TIMES:
        times = table.times_90k[first:stop]
        # What comes after the last sample is not in its file.
        ends = (*times[1:], times[0] + piece.length_90k)
        pairs = array("I", (1,)) * (2 * piece.count)
        pairs[1::2] = array("I", [max(1, end - time) for time, end in zip(times, ends, strict=True)])
        return _big_endian(pairs)
    raise AssertionError(f"{part.content} is made of no table")


def etag_of(*facts: object) -> str:
    """Return a tag that is another one when any of what the bytes follow from is."""
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


def _tables(pieces: Sequence[Piece], entries: Sequence[bytes], *, is_wide: bool) -> list[Part]:
    """Return all of stbl; the last part, the chunks' offsets, is still without them."""
    samples = sum(piece.count for piece in pieces)
    keys = sum(piece.keys for piece in pieces)
    chunks = b"".join(
        struct.pack(">III", number, piece.count, piece.entry + 1) for number, piece in enumerate(pieces, 1)
    )
    return [
        _literal(full_box(b"stsd", struct.pack(">I", len(entries)), *entries)),
        _literal(struct.pack(">I4sII", 16 + 8 * samples, b"stts", 0, samples)),
        *(Part(Content.TIMES, 8 * piece.count, index) for index, piece in enumerate(pieces)),
        _literal(struct.pack(">I4sII", 16 + 4 * keys, b"stss", 0, keys)),
        *(Part(Content.KEYS, 4 * piece.keys, index) for index, piece in enumerate(pieces)),
        _literal(full_box(b"stsc", struct.pack(">I", len(pieces)), chunks)),
        _literal(struct.pack(">I4sIII", 20 + 4 * samples, b"stsz", 0, 0, samples)),
        *(Part(Content.SIZES, 4 * piece.count, index) for index, piece in enumerate(pieces)),
        _literal(_chunk_offsets(pieces, 0, is_wide=is_wide)),
    ]


def _chunk_offsets(pieces: Sequence[Piece], data_at: int, *, is_wide: bool) -> bytes:
    starts = list(accumulate((piece.size_bytes for piece in pieces[:-1]), initial=data_at))
    numbers = struct.pack(f">I{len(starts)}{'Q' if is_wide else 'I'}", len(starts), *starts)
    return full_box(b"co64" if is_wide else b"stco", numbers)


def _head(entries: Sequence[bytes], tables_bytes: int, length_90k: int, duration_90k: int, skip_90k: int) -> bytes:
    """Return ftyp and moov as far as the contents of stbl."""
    sizes = [entry_size(entry) for entry in entries]
    track_header = _track_header(max(w for w, _ in sizes), max(h for _, h in sizes), duration_90k)
    # Version 1, because 32 bits of 90 kHz end after 13 hours.
    edits = full_box(b"elst", struct.pack(">IQqI", 1, duration_90k, skip_90k, 0x1_0000), version=1)
    media_head = (
        full_box(b"mdhd", struct.pack(">QQIQHH", 0, 0, HZ_90K, length_90k, _UND, 0), version=1),
        full_box(b"hdlr", struct.pack(">I4s3I", 0, b"vide", 0, 0, 0), b"esp32-stream\0"),
    )
    info_head = (
        full_box(b"vmhd", bytes(8), flags=1),
        box(b"dinf", full_box(b"dref", struct.pack(">I", 1), full_box(b"url ", flags=1))),
    )
    opened = _open((b"mdia", media_head), (b"minf", info_head), (b"stbl", ()), inner_bytes=tables_bytes)
    before = (track_header, box(b"edts", edits)) if skip_90k else (track_header,)
    track = _open((b"moov", (_movie_header(duration_90k),)), (b"trak", before), inner_bytes=len(opened) + tables_bytes)
    return _FTYP + track + opened


def _open(*boxes: tuple[bytes, Sequence[bytes]], inner_bytes: int) -> bytes:
    """Return the beginning of boxes within each other, each after its first contents, around `inner_bytes` to come."""
    result = b""
    for kind, contents in reversed(boxes):
        result = b"".join(contents) + result
        result = struct.pack(">I4s", 8 + len(result) + inner_bytes, kind) + result
    return result


def _movie_header(duration_90k: int) -> bytes:
    times = struct.pack(">QQIQ", 0, 0, HZ_90K, duration_90k)
    rest = struct.pack(">IH10x", 0x1_0000, 0x0100) + _UNITY_MATRIX + bytes(24) + struct.pack(">I", TRACK_ID + 1)
    return full_box(b"mvhd", times, rest, version=1)


def _track_header(width: int, height: int, duration_90k: int) -> bytes:
    identity = struct.pack(">QQIIQ", 0, 0, TRACK_ID, 0, duration_90k)
    size = struct.pack(">II", width << 16, height << 16)
    # Enabled and in the movie; 8 bytes reserved, then layer, group, volume and 2 reserved.
    return full_box(b"tkhd", identity, bytes(16), _UNITY_MATRIX, size, version=1, flags=3)


def _data_head(data_bytes: int) -> bytes:
    if data_bytes + 8 <= _U32:
        return struct.pack(">I4s", data_bytes + 8, b"mdat")
    return struct.pack(">I4sQ", 1, b"mdat", data_bytes + 16)


def _literal(data: bytes) -> Part:
    return Part(Content.LITERAL, len(data), data=data)


def _big_endian(numbers: "array[int]") -> bytes:
    if numbers.itemsize != 4:
        raise AssertionError("an unsigned int has 4 bytes on every platform of CPython's that Linux runs on")
    if byteorder == "little":
        numbers.byteswap()
    return numbers.tobytes()
