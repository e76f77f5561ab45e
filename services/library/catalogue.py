"""The recordings as they lie on disk: which files there are of a camera, where, and where their pictures lie in them.

Every call reads the index anew, so that footage is there as soon as its row is; only the tables of samples are kept.
All of it waits for the disk: call it in a thread. Raises Refusal for what cannot be answered.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

from common.errors import RecordingError
from common.recordings.index import IndexReader
from common.recordings.layout import INDEX_NAME, is_name
from common.recordings.reading import SampleTable, read_table
from common.recordings.rows import EventRow, FileRow, GapRow
from common.settings import CAMERA_ID
from services.library.refusals import Refusal, try_again

T = TypeVar("T")

# An hour of 15 fps is 1.5 MB.
TABLES_BYTES: Final = 6 << 20
# Open indexes: a reader is a few descriptors and 100 KB.
READERS: Final = 16
FOR_EVER_NS: Final = (1 << 63) - 1


class Catalogue:
    """The folder of recordings, for reading; any thread."""

    def __init__(self, folder: Path, tables_bytes: int = TABLES_BYTES) -> None:
        self._folder: Final = folder
        self._lock: Final = threading.Lock()
        self._readers: OrderedDict[str, IndexReader] = OrderedDict()
        self._tables: Final = TableCache(tables_bytes)

    def cameras(self) -> list[str]:
        """Return the cameras that have a folder with an index; none when the folder is missing."""
        try:
            names = [entry.name for entry in os.scandir(self._folder) if CAMERA_ID.fullmatch(entry.name)]
        except OSError:
            return []
        return sorted(name for name in names if (self._folder / name / INDEX_NAME).exists())

    def files(self, camera: str, from_ns: int = 0, to_ns: int = FOR_EVER_NS) -> list[FileRow]:
        """Return the files that overlap a range, video and originals, by their start."""
        return self.read(camera, lambda index: index.files(from_ns, to_ns))

    def gaps(self, camera: str, from_ns: int, to_ns: int) -> list[GapRow]:
        """Return the gaps that overlap a range."""
        return self.read(camera, lambda index: index.gaps(from_ns, to_ns))

    def events(self, camera: str, from_ns: int, to_ns: int) -> list[EventRow]:
        """Return the events that overlap a range."""
        return self.read(camera, lambda index: index.events(from_ns, to_ns))

    def read(self, camera: str, ask: Callable[[IndexReader], T]) -> T:
        """Return what `ask` finds in a camera's index; Refusal 404 when it has none, 503 when it cannot be read."""
        try:
            return ask(self._reader(camera))
        except RecordingError as error:
            raise try_again(f"the index of camera {camera} cannot be read at the moment: {error}") from error

    def file_named(self, camera: str, name: str) -> FileRow | None:
        """Return a file's row; None for every name that the index does not know."""
        return self.read(camera, lambda index: index.file_named(name)) if is_name(name) else None

    def path(self, camera: str, row: FileRow) -> Path:
        """Return where a file is."""
        if not CAMERA_ID.fullmatch(camera) or not is_name(row.name):
            raise Refusal(404, f"camera {camera} has no such file")
        return self._folder / camera / row.name

    def table(self, camera: str, row: FileRow) -> SampleTable:
        """Return where the pictures of a video file are, up to what its row vouches for.

        RecordingError when it was deleted meanwhile, or is no such file.
        """
        known = self._tables.get(camera, row)
        if known is None:
            known = read_table(self.path(camera, row), row.size_bytes)
            self._tables.put(camera, row, known)
        return known

    def close(self) -> None:
        """Close the indexes. Idempotent."""
        with self._lock:
            for reader in self._readers.values():
                reader.close()
            self._readers.clear()

    def _reader(self, camera: str) -> IndexReader:
        path = self._folder / camera / INDEX_NAME
        if not CAMERA_ID.fullmatch(camera) or not path.exists():
            raise Refusal(404, f"nothing is recorded of camera {camera[:40]}", nearest=NOWHERE)
        with self._lock:
            reader = self._readers.pop(camera, None) or IndexReader(path)
            self._readers[camera] = reader
            if len(self._readers) > READERS:
                # Whoever still asks it makes it open again.
                self._readers.popitem(last=False)[1].close()
            return reader


class TableCache:
    """The tables used last, bounded in bytes: of several versions of a growing file only the newest."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes: Final = limit_bytes
        self._lock: Final = threading.Lock()
        self._tables: OrderedDict[tuple[str, str], tuple[int, SampleTable, int]] = OrderedDict()
        self.size_bytes = 0

    def get(self, camera: str, row: FileRow) -> SampleTable | None:
        """Return the table of the file as the row has it, if it is known."""
        with self._lock:
            known = self._tables.get((camera, row.name))
            if known is None or known[0] != row.size_bytes:
                return None
            self._tables.move_to_end((camera, row.name))
            return known[1]

    def put(self, camera: str, row: FileRow, table: SampleTable) -> None:
        """Keep a table, and let go of those that were not used for the longest time."""
        cost = table_bytes(table)
        with self._lock:
            self._drop((camera, row.name))
            if cost > self._limit_bytes:
                return
            self._tables[(camera, row.name)] = row.size_bytes, table, cost
            self.size_bytes += cost
            while self.size_bytes > self._limit_bytes:
                self._drop(next(iter(self._tables)))

    def _drop(self, key: tuple[str, str]) -> None:
        known = self._tables.pop(key, None)
        if known:
            self.size_bytes -= known[2]


def table_bytes(table: SampleTable) -> int:
    """Return about how much memory a table takes."""
    arrays = (
        *(table.times_90k, table.durations_90k, table.sizes, table.offsets, table.keys),
        *(table.fragment_offsets, table.fragment_sizes, table.fragment_samples),
    )
    return 2000 + len(table.init) + sum(len(each) * each.itemsize for each in arrays)


NOWHERE: Final = {"before": None, "after": None}
