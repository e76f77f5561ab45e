"""What is whole of a file, of either kind: structure and every checksum, from its first byte to its last."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from common.errors import RecordingError
from common.recordings.files import ReadFile, TornHeadError, open_to_read
from common.recordings.layout import kind_of
from common.recordings.pieces import Fragments, Originals, Piece, Pieces
from common.recordings.rows import FileRow, Kind
from common.recordings.spool import RECORD

_SEARCH_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Damage:
    """A stretch within a file that is not what was written, up to the next keyframe that is; and the time it covers."""

    at: int
    size_bytes: int
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class Checked:
    """What a file is. `row` None: none of ours, or its head is damaged; `problem` says which, after the file's name."""

    whole_bytes: int
    """Where the last whole piece ends; behind it lies a torn tail or nothing."""
    row: FileRow | None
    """What the index should say, state OPEN; `frames` 0: nothing in it is whole."""
    problem: str = ""
    torn: bool = False
    """Something that was being written when everything stopped is behind the whole part (or is the head itself)."""
    damaged: tuple[Damage, ...] = ()
    size_bytes: int = 0


def check_file(path: Path) -> Checked:
    """Read a whole file and return what it is; raise RecordingError when it cannot be read."""
    name = f"{path.parent.name}/{path.name}"
    with open_to_read(path) as file:
        try:
            pieces: Pieces = Fragments(file) if kind_of(path.name) is Kind.VIDEO else Originals(file)
        except TornHeadError as error:
            return Checked(0, None, str(error), torn=True, size_bytes=file.size_bytes)
        except RecordingError as error:
            return Checked(0, None, str(error), torn=_is_blank(file), size_bytes=file.size_bytes)
        return _check(file, pieces, pieces.empty_row(name))


def tail_as_damage(checked: Checked, end_ns: int) -> Checked:
    """Return a torn tail as a damaged stretch, for a file that was finished with it: nothing is cut off then."""
    tail_bytes = checked.size_bytes - checked.whole_bytes
    if checked.row is None or not checked.torn or tail_bytes < RECORD.size:
        return checked
    damage = Damage(checked.whole_bytes, tail_bytes, checked.row.end_ns, end_ns)
    row = replace(checked.row, size_bytes=checked.size_bytes)
    return Checked(checked.size_bytes, row, damaged=(*checked.damaged, damage), size_bytes=checked.size_bytes)


def _check(file: ReadFile, pieces: Pieces, row: FileRow) -> Checked:
    at, damaged = pieces.first_at, []
    while at < file.size_bytes:
        piece = pieces.at(at)
        if piece is None:
            after = _next_whole(file, pieces, at)
            if after is None:
                break
            at_piece, piece = after
            damaged.append(Damage(at, at_piece - at, row.end_ns, piece.start_ns))
            at = at_piece
        row = pieces.grown(row, piece)
        at += piece.size_bytes
    row = replace(row, size_bytes=at)
    torn = at < file.size_bytes
    problem = f"ends with {file.size_bytes - at} bytes that are not whole" if torn else ""
    return Checked(at, row, problem, torn, tuple(damaged), file.size_bytes)


def _next_whole(file: ReadFile, pieces: Pieces, at: int) -> tuple[int, Piece] | None:
    for candidate in _find(file, pieces.magic, at + pieces.magic_at + RECORD.size):
        piece = pieces.at(candidate - pieces.magic_at)
        if piece is not None and piece.can_begin:
            return candidate - pieces.magic_at, piece
    return None


def _find(file: ReadFile, magic: bytes, at: int) -> Iterator[int]:
    while at < file.size_bytes:
        chunk = file.read(at, _SEARCH_BYTES)
        found = chunk.find(magic)
        while found >= 0:
            yield at + found
            found = chunk.find(magic, found + 1)
        # A magic may lie across the border.
        at += max(len(chunk) - len(magic) + 1, 1)


def _is_blank(file: ReadFile) -> bool:
    """Return whether the file's data never came to disk: nothing, or zeros alone."""
    return not any(file.read(at, _SEARCH_BYTES).strip(b"\0") for at in range(0, file.size_bytes, _SEARCH_BYTES))
