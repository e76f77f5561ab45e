"""The pieces that files of each kind are made of, read and held against their checksums one at a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from common.recordings.checksum import crc32c
from common.recordings.container import MARK_BOX, MOOF
from common.recordings.files import ReadFile, read_head, read_spool_head
from common.recordings.init_segment import BOX
from common.recordings.parsing import (
    FRAGMENT_LIMIT_BYTES,
    checked_mark,
    free_size,
    mark_end_ns,
    mark_size,
    mdat_size,
    parse_moof,
)
from common.recordings.reading import from_90k
from common.recordings.rows import FileRow, Kind, State
from common.recordings.spool import END, ORIGINAL, RECORD, SKIP, decode_end, decode_original, parse_header


@dataclass(frozen=True, slots=True)
class Piece:
    """A whole fragment or record."""

    size_bytes: int
    frames: int = 0
    start_ns: int = 0
    end_ns: int = 0
    can_begin: bool = False
    """It needs nothing that was before it."""
    skipped: Mapping[str, int] = field(default_factory=dict)
    width: int = 0
    height: int = 0


class Pieces(Protocol):
    """One kind of file."""

    first_at: int
    magic: bytes
    magic_at: int
    """Where in a piece the magic stands."""

    def empty_row(self, name: str) -> FileRow: ...

    def at(self, at: int) -> Piece | None:
        """Return the piece that begins there, when it is whole."""

    def grown(self, row: FileRow, piece: Piece) -> FileRow: ...


class Fragments:
    """Of a video file: moof, mdat and mark; raises RecordingError when it has no head."""

    magic = b"moof"
    magic_at = 4

    def __init__(self, file: ReadFile) -> None:
        self._file = file
        self._head = read_head(file)
        self.first_at = self._head.size_bytes

    def empty_row(self, name: str) -> FileRow:
        facts = self._head.facts
        return FileRow(
            name=name,
            kind=Kind.VIDEO,
            state=State.OPEN,
            start_ns=facts.start_ns,
            end_ns=facts.start_ns,
            size_bytes=self.first_at,
            frames=0,
            codec=facts.codec,
            width=facts.width,
            height=facts.height,
            shift_ns=facts.shift_ns,
        )

    def grown(self, row: FileRow, piece: Piece) -> FileRow:
        if not piece.frames:
            return row
        return replace(row, end_ns=piece.end_ns, frames=row.frames + piece.frames, skipped=piece.skipped)

    def at(self, at: int) -> Piece | None:
        start = self._file.read(at, MOOF.size)
        if free := free_size(start):
            return Piece(free) if at + free <= self._file.size_bytes else None
        moof = parse_moof(start)
        if moof is None or moof.size_bytes > FRAGMENT_LIMIT_BYTES:
            return None
        mdat_bytes = mdat_size(self._file.read(at + moof.size_bytes, BOX.size), 0)
        body_bytes = moof.size_bytes + mdat_bytes
        start = self._file.read(at + body_bytes, MARK_BOX.size)
        mark_bytes = mark_size(start)
        if not mdat_bytes or not mark_bytes:
            return None
        mark = self._file.read(at + body_bytes, mark_bytes)
        skipped = checked_mark(mark, crc32c(self._file.read(at, body_bytes)))
        if skipped is None:
            return None
        time_ns = self._head.facts.start_ns + from_90k(moof.time_90k)
        return Piece(body_bytes + mark_bytes, moof.samples, time_ns, mark_end_ns(mark), moof.is_key, skipped)


class Originals:
    """Of an originals file: records; raises RecordingError when it has no head."""

    magic = ORIGINAL
    magic_at = 0

    def __init__(self, file: ReadFile) -> None:
        self._file = file
        head = read_spool_head(file)
        self._facts = head.facts
        self.first_at = head.size_bytes

    def empty_row(self, name: str) -> FileRow:
        facts = self._facts
        return FileRow(
            name=name,
            kind=Kind.ORIGINALS,
            state=State.OPEN,
            start_ns=facts.start_ns,
            end_ns=facts.start_ns,
            size_bytes=self.first_at,
            frames=0,
            width=0,
            height=0,
            shift_ns=facts.shift_ns,
        )

    def grown(self, row: FileRow, piece: Piece) -> FileRow:
        if not piece.frames:
            return replace(row, end_ns=max(row.end_ns, piece.end_ns))
        skipped = dict(row.skipped)
        for cause, frames in piece.skipped.items():
            skipped[cause] = skipped.get(cause, 0) + frames
        row = replace(row, end_ns=piece.end_ns, frames=row.frames + 1, skipped=skipped)
        return replace(row, width=piece.width, height=piece.height)

    def at(self, at: int) -> Piece | None:
        header = parse_header(self._file.read(at, RECORD.size))
        if header is None or at + header.size_bytes > self._file.size_bytes:
            return None
        if header.magic == SKIP:
            return Piece(header.size_bytes)
        if header.magic == END:
            end_ns = decode_end(self._file.read(at, header.size_bytes))
            return None if end_ns is None else Piece(header.size_bytes, end_ns=end_ns)
        original = decode_original(self._file.read(at, header.size_bytes))
        if original is None:
            return None
        return Piece(
            header.size_bytes,
            frames=1,
            start_ns=original.time_ns,
            end_ns=original.time_ns,
            can_begin=True,
            skipped=original.skipped,
            width=original.width,
            height=original.height,
        )
