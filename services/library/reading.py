"""Reads a movie, or a stored file, from the disk: any range, in bounded memory. It waits: call it in a thread."""

import os
import struct
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from common.errors import RecordingError
from common.recordings.reading import SampleTable
from services.library.movie import Content, Movie, Part, render
from services.library.samples import Extent, Table, extents

# baseMediaDecodeTime, and where it is in a fragment: moof, mfhd, traf, tfhd, and the head of tfdt come before it
# (common/recordings/container.py).
DECODE_TIME: Final = struct.Struct(">Q")
DECODE_TIME_AT: Final = struct.calcsize(">I4s I4sII I4s I4sIII I4sI")


class Reader(Protocol):
    """Something of a known size that can be read anywhere."""

    @property
    def size_bytes(self) -> int: ...

    def read(self, position: int, size_bytes: int) -> bytes:
        """Return `size_bytes` bytes, or fewer, but at least one; OSError, RecordingError when they are gone."""

    def close(self) -> None: ...


class OpenFile:
    """The file that was read last; most reads go on in it."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._fd = -1

    def read(self, path: Path, offset: int, size_bytes: int) -> bytes:
        """Return bytes of a file; RecordingError when it has become shorter."""
        if path != self._path:
            self.close()
            # Nothing in the folder of recordings is a link; one that somebody put there leads nowhere.
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
            self._path = path
        data = os.pread(self._fd, size_bytes, offset)
        if len(data) < size_bytes:
            raise RecordingError(f"{path.name} ends before byte {offset + size_bytes}")
        return data

    def close(self) -> None:
        if self._fd >= 0:
            os.close(self._fd)
        self._fd, self._path = -1, None


class FileReader:
    """A stored file as far as its row vouches for it."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self.size_bytes: Final = size_bytes
        self._path: Final = path
        self._file: Final = OpenFile()

    def read(self, position: int, size_bytes: int) -> bytes:
        return self._file.read(self._path, position, min(size_bytes, self.size_bytes - position))

    def close(self) -> None:
        self._file.close()


class LaterReader:
    """A stored video file whose times begin at `begin_90k` instead of 0; nothing else in it is different.

    A playlist's files count on from each other: players that make little of a discontinuity miss nothing then.
    """

    def __init__(self, inner: Reader, table: SampleTable, begin_90k: int) -> None:
        self.size_bytes: Final = inner.size_bytes
        self._inner: Final = inner
        self._places: Final = [offset + DECODE_TIME_AT for offset in table.fragment_offsets]
        self._times: Final = [table.times_90k[first] + begin_90k for first in table.fragment_samples]

    def read(self, position: int, size_bytes: int) -> bytes:
        data = bytearray(self._inner.read(position, size_bytes))
        first = bisect_right(self._places, position - DECODE_TIME.size)
        for place, time in zip(self._places[first:], self._times[first:], strict=True):
            if place >= position + len(data):
                break
            # The 8 bytes may lie across the border of what was asked for.
            for at, byte in enumerate(DECODE_TIME.pack(time), place - position):
                if 0 <= at < len(data):
                    data[at] = byte
        return bytes(data)

    def close(self) -> None:
        self._inner.close()


class MovieReader:
    """A movie whose files and tables are looked up by the number of the file."""

    def __init__(self, movie: Movie, path: Callable[[int], Path], table: Callable[[int], Table]) -> None:
        self.size_bytes: Final = movie.size_bytes
        self._movie: Final = movie
        self._path: Final = path
        self._table: Final = table
        self._file: Final = OpenFile()
        self._extents: tuple[int, list[Extent]] = (-1, [])

    def read(self, position: int, size_bytes: int) -> bytes:
        left = min(size_bytes, self.size_bytes - position)
        index = bisect_right(self._movie.starts, position) - 1
        within = position - self._movie.starts[index]
        result: list[bytes] = []
        while left:
            part = self._movie.parts[index]
            size = min(left, part.size_bytes - within)
            if size:
                result.extend(self._read_part(part, within, size))
            left -= size
            index, within = index + 1, 0
        return result[0] if len(result) == 1 else b"".join(result)

    def close(self) -> None:
        self._file.close()

    def _read_part(self, part: Part, start: int, size: int) -> list[bytes]:
        if part.content is Content.LITERAL:
            return [part.data[start : start + size]]
        piece = self._movie.pieces[part.piece]
        if part.content is Content.PICTURES:
            return self._read_pictures(part.piece, start, size)
        data = render(part, piece, self._table(piece.file))
        if len(data) != part.size_bytes:
            raise RecordingError(f"the table of {self._path(piece.file).name} is not what it was")
        return [data[start : start + size]]

    def _read_pictures(self, index: int, start: int, size: int) -> list[bytes]:
        path = self._path(self._movie.pieces[index].file)
        result = []
        for extent in self._extents_of(index):
            if size <= 0:
                break
            if start < extent.size:
                wanted = min(size, extent.size - start)
                result.append(self._file.read(path, extent.offset + start, wanted))
                size -= wanted
            start = max(0, start - extent.size)
        if size > 0:
            raise RecordingError(f"the table of {path.name} is not what it was")
        return result

    def _extents_of(self, index: int) -> list[Extent]:
        if self._extents[0] != index:
            piece = self._movie.pieces[index]
            self._extents = index, extents(self._table(piece.file), piece.first, piece.first + piece.count)
        return self._extents[1]
