"""The video file, the other way round: what container.py wrote is recognised, and nothing else. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from common.errors import RecordingError, WireError
from common.recordings.checksum import crc32c
from common.recordings.container import (
    DELTA_FLAGS,
    ENTRY_BYTES,
    FACTS_BOX,
    FACTS_ID,
    KEY_FLAGS,
    MARK_BOX,
    MARK_ID,
    MOOF,
    TFHD_FLAGS,
    TRUN_FLAGS,
    Facts,
    head_crc,
)
from common.recordings.init_segment import BOX, TRACK_ID, without_duration
from common.wire import decode_record

# Parameter sets make up a head, about 1 KiB; this is far beyond any.
HEAD_LIMIT_BYTES: Final = 1 << 20
# A second of 20 Mbit/s is 2.5 MB, and one sample at most 16 MiB (common/wire.py).
FRAGMENT_LIMIT_BYTES: Final = 1 << 30
MARK_LIMIT_BYTES: Final = 1 << 16
_MOOF_CONSTANTS: Final = (
    *(b"moof", 16, b"mfhd", 0, b"traf", 20, b"tfhd", TFHD_FLAGS, TRACK_ID, DELTA_FLAGS),
    *(20, b"tfdt", 1 << 24, b"trun", TRUN_FLAGS),
)


@dataclass(frozen=True, slots=True)
class Head:
    """A file's head; the init segment is again the one that the writer was given."""

    facts: Facts
    init: bytes
    size_bytes: int


class Moof(NamedTuple):
    """What the fixed part of a fragment says; the samples' table of `ENTRY_BYTES` each ends it."""

    size_bytes: int
    time_90k: int
    samples: int
    is_key: bool


def head_size(start: bytes) -> int:
    """Return how long the head is; a number beyond `len(start)` means: come again with so many bytes.

    Raises RecordingError when this is no recording of this program.
    """
    at = 0
    for expected in (b"ftyp", b"moov", b"uuid"):
        if len(start) < at + FACTS_BOX.size:
            return at + FACTS_BOX.size
        size, kind = BOX.unpack_from(start, at)
        if kind != expected or not BOX.size <= size <= HEAD_LIMIT_BYTES:
            raise RecordingError(f"is no recording: {start[at : at + 8]!r} at byte {at}, expected {expected!r}")
        at += size
    if start[at - size + BOX.size :][: len(FACTS_ID)] != FACTS_ID:
        raise RecordingError("is an MP4 file, but no recording of this program")
    return at


def parse_head(data: bytes) -> Head:
    """Return what a file's head says, given exactly `head_size` bytes; raise RecordingError when it is damaged."""
    moov_at = BOX.unpack_from(data)[0]
    facts_at = moov_at + BOX.unpack_from(data, moov_at)[0]
    crc_at = facts_at + FACTS_BOX.size - 4
    if head_crc(data, facts_at) != int.from_bytes(data[crc_at : crc_at + 4], "big"):
        raise RecordingError("has a damaged head: its checksum is wrong")
    return Head(_facts(data[crc_at + 4 :]), without_duration(data[:facts_at]), len(data))


def _facts(record: bytes) -> Facts:
    try:
        fields = decode_record(record)
        return Facts(**{name: fields[name] for name in Facts.__dataclass_fields__})
    except (WireError, KeyError) as error:
        raise RecordingError(f"has a head of another version: {error}") from error


def parse_moof(data: bytes | memoryview, at: int = 0) -> Moof | None:
    """Return the moof that begins at `at`, whose table may lie beyond the data; None where none of ours does."""
    if len(data) < at + MOOF.size:
        return None
    (size, *a, _sequence, traf, b, c, d, e, f, g, h, i, j, time_90k, trun, k, m, samples, data_at, flags) = (
        MOOF.unpack_from(data, at)
    )
    if (*a, b, c, d, e, f, g, h, i, j, k, m) != _MOOF_CONSTANTS or not samples:
        return None
    if size != MOOF.size + ENTRY_BYTES * samples or (traf, trun, data_at) != (size - 24, size - 72, size + BOX.size):
        return None
    return Moof(size, time_90k, samples, flags == KEY_FLAGS)


def mdat_size(data: bytes | memoryview, at: int) -> int:
    """Return the size of the mdat that begins at `at`, 0 where none does."""
    if len(data) < at + BOX.size:
        return 0
    size, kind = BOX.unpack_from(data, at)
    return int(size) if kind == b"mdat" and BOX.size < size <= FRAGMENT_LIMIT_BYTES else 0


def mark_size(data: bytes | memoryview, at: int = 0) -> int:
    """Return the size of the mark that begins at `at`, 0 where none does."""
    if len(data) < at + MARK_BOX.size:
        return 0
    size, kind, mark_id, _, _ = MARK_BOX.unpack_from(data, at)
    is_mark = kind == b"uuid" and mark_id == MARK_ID and MARK_BOX.size <= size <= MARK_LIMIT_BYTES
    return int(size) if is_mark else 0


def mark_end_ns(data: bytes | memoryview, at: int = 0) -> int:
    """Return the end of the last sample before a mark."""
    return int(MARK_BOX.unpack_from(data, at)[4])


def checked_mark(mark: bytes, body_crc: int) -> Mapping[str, int] | None:
    """Return the frames missing so far, by cause, when the mark's checksum fits the fragment's; None otherwise."""
    crc_at = MARK_BOX.size - 12
    if len(mark) != mark_size(mark) or crc32c(mark[crc_at + 4 :], body_crc) != int.from_bytes(
        mark[crc_at : crc_at + 4], "big"
    ):
        return None
    if len(mark) == MARK_BOX.size:
        return {}
    try:
        fields = decode_record(mark[MARK_BOX.size :])
    except WireError:
        return None
    return {cause: int(frames) for cause, frames in fields.items() if cause != "v"}


def free_size(data: bytes | memoryview, at: int = 0) -> int:
    """Return the size of the `free` box that begins at `at`, 0 where none does."""
    if len(data) < at + BOX.size:
        return 0
    size, kind = BOX.unpack_from(data, at)
    return int(size) if kind == b"free" and size >= BOX.size else 0
