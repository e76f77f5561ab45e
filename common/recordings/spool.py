"""The originals file: a camera's JPEGs bit for bit, each behind a head with its checksum. Both directions. Pure.

    file head     8 bytes of magic and version, length, checksum, record (camera, start, shift)
    records*      4 bytes of magic, lengths of record and JPEG, checksum of all the rest; then the record and the JPEG

A record of the kind END says when the last picture ends; one of the kind SKIP fills a stretch that was found damaged.
Integers are big-endian, records as on the bus.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from common.errors import RecordingError, WireError
from common.recordings.checksum import crc32c
from common.wire import decode_record, encode_record

MAGIC: Final = b"JPGSPL\x00\x01"
ORIGINAL: Final = b"\xf1JPG"
SKIP: Final = b"\xf1SKP"
END: Final = b"\xf1END"
HEAD: Final = struct.Struct(">8sII")
RECORD: Final = struct.Struct(">4sIII")
RECORD_LIMIT_BYTES: Final = 1 << 16
# Of all; ingest takes 2 MiB. Room for other publishers' pictures.
JPEG_LIMIT_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Original:
    """One picture as the camera sent it; `skipped`: frames missing before it, by cause."""

    time_ns: int
    seq: int
    source: int
    width: int
    height: int
    jpeg: bytes
    skipped: Mapping[str, int] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"Original(t={self.time_ns} seq={self.seq} {self.width}x{self.height} {len(self.jpeg)} bytes)"


@dataclass(frozen=True, slots=True)
class SpoolFacts:
    """What the file says of itself."""

    camera: str
    start_ns: int
    shift_ns: int


class Header(NamedTuple):
    """The fixed part of a record."""

    magic: bytes
    record_bytes: int
    jpeg_bytes: int
    crc: int

    @property
    def size_bytes(self) -> int:
        return RECORD.size + self.record_bytes + self.jpeg_bytes


def spool_head(facts: SpoolFacts) -> bytes:
    """Return the bytes that such a file begins with."""
    record = encode_record({"camera": facts.camera, "start_ns": facts.start_ns, "shift_ns": facts.shift_ns})
    return HEAD.pack(MAGIC, len(record), crc32c(record)) + record


def spool_head_size(start: bytes) -> int:
    """Return how long the head is, from its first bytes; raise RecordingError when this is no such file."""
    if len(start) < HEAD.size:
        return HEAD.size
    magic, length, _ = HEAD.unpack_from(start)
    if magic != MAGIC or length > RECORD_LIMIT_BYTES:
        raise RecordingError(f"holds no originals: begins with {start[:8]!r}, expected {MAGIC!r}")
    return int(HEAD.size + length)


def parse_spool_head(data: bytes) -> SpoolFacts:
    """Return what a head of `spool_head_size` bytes says; raise RecordingError when it is damaged."""
    record = data[HEAD.size :]
    if len(data) != spool_head_size(data) or crc32c(record) != HEAD.unpack_from(data)[2]:
        raise RecordingError("has a damaged head: its checksum is wrong")
    try:
        fields = decode_record(record)
        return SpoolFacts(fields["camera"], fields["start_ns"], fields["shift_ns"])
    except (WireError, KeyError) as error:
        raise RecordingError(f"has a head of another version: {error}") from error


def encode_original(original: Original) -> bytes:
    """Return the record of a picture."""
    record = encode_record(
        {
            "t": original.time_ns,
            "seq": original.seq,
            "src": original.source,
            "w": original.width,
            "h": original.height,
            **({"skip": dict(original.skipped)} if original.skipped else {}),
        }
    )
    lengths = struct.pack(">II", len(record), len(original.jpeg))
    crc = crc32c(original.jpeg, crc32c(lengths + record))
    return b"".join((ORIGINAL, lengths, crc.to_bytes(4, "big"), record, original.jpeg))


def parse_header(data: bytes, at: int = 0) -> Header | None:
    """Return the fixed part of the record that begins at `at`; None where none does."""
    if len(data) < at + RECORD.size:
        return None
    magic, record_bytes, jpeg_bytes, crc = RECORD.unpack_from(data, at)
    is_in_limits = record_bytes <= RECORD_LIMIT_BYTES and jpeg_bytes <= JPEG_LIMIT_BYTES
    if magic == SKIP or (magic in (ORIGINAL, END) and is_in_limits):
        return Header(magic, record_bytes, jpeg_bytes, crc)
    return None


def decode_original(data: bytes) -> Original | None:
    """Return the picture of one whole record; None when its checksum is wrong."""
    header = parse_header(data)
    if (
        header is None
        or header.magic != ORIGINAL
        or len(data) != header.size_bytes
        or crc32c(data[RECORD.size :], crc32c(data[4:12])) != header.crc
    ):
        return None
    jpeg_at = RECORD.size + header.record_bytes
    try:
        fields = decode_record(data[RECORD.size : jpeg_at])
        return Original(
            fields["t"], fields["seq"], fields["src"], fields["w"], fields["h"], data[jpeg_at:], fields.get("skip", {})
        )
    except (WireError, KeyError):
        return None


def encode_end(end_ns: int) -> bytes:
    """Return the record that says when the last picture ends."""
    record = encode_record({"t": end_ns})
    return RECORD.pack(END, len(record), 0, crc32c(record, crc32c(END))) + record


def decode_end(data: bytes) -> int | None:
    """Return the end in such a record; None when it is none, or its checksum is wrong."""
    header, record = parse_header(data), data[RECORD.size :]
    if header is None or (header.magic, header.size_bytes) != (END, len(data)):
        return None
    if crc32c(record, crc32c(END)) != header.crc:
        return None
    try:
        return int(decode_record(record)["t"])
    except (WireError, KeyError, TypeError, ValueError):
        return None


def skip_header(size_bytes: int) -> bytes:
    """Return the head of a record that fills `size_bytes` with nothing."""
    return RECORD.pack(SKIP, 0, size_bytes - RECORD.size, 0)
