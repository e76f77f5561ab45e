"""A camera's folder, opened for writing: the lock, the index, the journals, and changes in the order that survives.

Add: data on disk first, then its row. Change a fact: journal first, then its row. Delete: journal, row, file.
"""

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Final

from common.errors import RecordingError
from common.recordings.disk import make_folder, remove, sync_folder
from common.recordings.index import Index, set_aside
from common.recordings.journal import Journal
from common.recordings.layout import INDEX_NAME, JOURNAL_NAME, LOCK_NAME, day_of, day_start_ns
from common.recordings.lock import take_lock
from common.recordings.look import look
from common.recordings.repair import Repaired, repair
from common.recordings.replay import Line, catch_up, deleted_line, event_line, gap_line, protect_line, unprotect_line
from common.recordings.reserve import keep_reserve, use_reserve
from common.recordings.rows import EventRow, FileRow, GapRow, ProtectionRow, Reason
from common.recordings.spans import cut_out, join
from common.settings import CAMERA_ID
from common.units import NS_PER_S

# Files that follow each other may be this far apart, by the estimate of a last picture's length.
ADJACENT_NS: Final = NS_PER_S


class CameraStore:
    """One camera's recordings; used by one thread. OSError passes everywhere: the disk refuses, nothing is half done.

    RecordingError from a change: the index was damaged while it was open. Close the store and open it again.
    """

    def __init__(self, folder: Path, camera: str, lock_fd: int, index: Index, journal: Journal) -> None:
        """For `open` alone."""
        self.folder = folder
        self.camera = camera
        self.index = index
        self.journal = journal
        self.repaired = Repaired()
        self._lock_fd = lock_fd

    @classmethod
    def open(cls, folder: Path, camera: str, *, thorough: bool = False) -> "CameraStore | None":
        """Make the folder if need be, take its lock, open or rebuild the index, and repair what a crash left.

        None: somebody else has the lock. What was repaired is in `repaired`. `thorough`: every file is read. Raises
        RecordingError for a camera's name that is none, OSError when the disk refuses.
        """
        if not CAMERA_ID.fullmatch(camera):
            raise RecordingError(f"{camera!r} is no camera's name")
        make_folder(folder)
        lock_fd = take_lock(folder)
        if lock_fd is None:
            return None
        try:
            try:
                store = cls._opened(folder, camera, lock_fd, thorough=thorough)
            except OSError as error:
                if not use_reserve(folder, error):
                    raise
                store = cls._opened(folder, camera, lock_fd, thorough=thorough)
            keep_reserve(folder)
            return store
        except BaseException:
            os.close(lock_fd)
            raise

    @classmethod
    def _opened(cls, folder: Path, camera: str, lock_fd: int, *, thorough: bool) -> "CameraStore":
        path, journal = folder / INDEX_NAME, Journal(folder)
        index, problem = _open_index(path)
        try:
            store = cls(folder, camera, lock_fd, index, journal)
            store.repaired = repair(folder, camera, index, journal, thorough=thorough)
            if problem:
                store.repaired.sentences.insert(0, problem)
            return store
        except BaseException:
            index.close()
            raise

    def close(self) -> None:
        """Close the index, then let go of the lock. Idempotent; files that are open are their writers'."""
        self.index.close()
        if self._lock_fd >= 0:
            fd, self._lock_fd = self._lock_fd, -1
            os.close(fd)

    @property
    def identity(self) -> tuple[int, int]:
        """Which folder this is, wherever it lies: the lock's device and inode."""
        status = os.fstat(self._lock_fd)
        return status.st_dev, status.st_ino

    def check_place(self) -> None:
        """Raise OSError when the folder is not where it was: moved away, or another disk was mounted over it.

        Its open files would go on being written, and nobody would find them.
        """
        status = (self.folder / LOCK_NAME).stat()
        if (status.st_dev, status.st_ino) != self.identity:
            raise OSError(errno.ESTALE, "another folder has taken its place", str(self.folder))

    def path(self, row: FileRow) -> Path:
        """Return where a file lies."""
        return self.folder / row.name

    def add_file(self, row: FileRow) -> int:
        """Add a file that is on disk to the index; return its id."""
        return self.index.add_file(row)

    def update_file(self, row: FileRow) -> None:
        """Bring the row of a file's name to what is on disk by now."""
        self.index.add_file(row)

    def begin_gap(self, start_ns: int, reason: Reason, detail: str = "") -> GapRow:
        """Write down that footage ends here; `put_gap` with the same start ends it."""
        row = GapRow(start_ns, 0, reason, detail)
        self.put_gap(row)
        return row

    def put_gap(self, row: GapRow) -> None:
        """Write down a gap, in place of one of the same start; one that ends where it begins takes that back."""
        self._write(day_of(row.start_ns), [gap_line(row)])

    def put_event(self, row: EventRow) -> None:
        """Write down an event, in place of one of the same key, which keeps the start that it had."""
        known = self.index.event(row.key)
        if known is not None:
            row = replace(row, start_ns=known.start_ns)
        if row != known:
            self._write(day_of(row.start_ns), [event_line(row)])

    def protect(self, from_ns: int, to_ns: int, name: str = "") -> list[FileRow]:
        """Protect a range: nothing deletes a file that touches it, now or later; return the files that do."""
        for known in self.index.protections(from_ns, from_ns + 1):
            if known.start_ns == from_ns:
                to_ns, name = max(to_ns, known.end_ns), name or known.name
        self._write(day_of(from_ns), [protect_line(ProtectionRow(from_ns, to_ns, name))])
        return self.index.files(from_ns, to_ns)

    def unprotect(self, from_ns: int, to_ns: int) -> list[FileRow]:
        """Take protection off a range; return the files that touch it. One may be protected yet, by another range."""
        for known in self.index.protections(from_ns, to_ns):
            # What stays comes first: a crash in between must not take it along.
            if known.end_ns > to_ns:
                self._write(day_of(to_ns), [protect_line(replace(known, start_ns=to_ns))])
            if known.start_ns < from_ns:
                line = protect_line(replace(known, end_ns=from_ns))
            else:
                line = unprotect_line(known.start_ns)
            self._write(day_of(known.start_ns), [line])
        return self.index.files(from_ns, to_ns)

    def delete_files(self, rows: Sequence[FileRow], leaves: Reason | None = None, detail: str = "") -> None:
        """Delete files that nobody writes: journal, row, file. `leaves`: why that time has no footage now.

        A full disk, where even a line finds no room, has the folder's reserve; without one the files go first.
        """
        for day, group in groupby(sorted(rows, key=lambda row: row.name), key=lambda row: row.name.partition("/")[0]):
            of_day = list(group)
            gaps = [] if leaves is None else list(self._gaps_left(of_day, leaves, detail))
            line = deleted_line([row.name for row in of_day], gaps)
            try:
                self._write(day, [line])
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                self._write_when_full(day, line, of_day, error)
            self._unlink(of_day)
            keep_reserve(self.folder)

    def _write_when_full(self, day: str, line: Line, rows: Sequence[FileRow], error: OSError) -> None:
        if use_reserve(self.folder, error):
            with suppress(OSError):
                return self._write(day, [line])
        self._unlink(rows)
        self.index.make_room()
        self._write(day, [line])
        return None

    def _unlink(self, rows: Iterable[FileRow]) -> None:
        for row in rows:
            remove(self.path(row))

    def _gaps_left(self, rows: Sequence[FileRow], reason: Reason, detail: str) -> Iterator[GapRow]:
        """Return the gaps where these files were and no other footage is; those that follow each other become one."""
        gone = {row.name for row in rows}
        spans = join([(row.start_ns, row.end_ns) for row in rows if row.end_ns > row.start_ns], ADJACENT_NS)
        for start_ns, end_ns in join([self.index.seams(*span) for span in spans]):
            others = self.index.files(start_ns, end_ns)
            kept = [(row.start_ns, row.end_ns) for row in others if row.name not in gone]
            for left in cut_out([(start_ns, end_ns)], kept):
                yield self._extended(GapRow(*left, reason, detail))

    def _extended(self, gap: GapRow) -> GapRow:
        """Return the gap together with one of the same reason and day that ends where it begins."""
        for before in self.index.gaps(gap.start_ns - ADJACENT_NS, gap.start_ns):
            is_adjacent = 0 < before.end_ns <= gap.start_ns and day_of(before.start_ns) == day_of(gap.start_ns)
            if is_adjacent and (before.reason, before.detail) == (gap.reason, gap.detail):
                return replace(gap, start_ns=before.start_ns, frames=before.frames)
        return gap

    def forget_before(self, time_ns: int) -> int:
        """Remove the folders of days before a time that hold no file, with their journals; return how many.

        A day stays while a gap, event or protected range that began then is not over.
        """
        # Asked whenever something was deleted: a look at a month of files would take 150 ms each time.
        found = look(self.folder, self.camera, before_day=day_of(time_ns))
        busy = {name.partition("/")[0] for name in (*found.files, *found.parts, *found.strange)}
        forgotten = 0
        for day in sorted(found.journals.keys() - busy):
            if not self.index.goes_on(day_start_ns(day), day_start_ns(day) + DAY_NS, time_ns):
                for name in found.broken:
                    if name.startswith(f"{day}/"):
                        remove(self.folder / name)
                self._forget_day(day)
                forgotten += 1
        return forgotten

    def _forget_day(self, day: str) -> None:
        remove(self.folder / day / JOURNAL_NAME)
        with self.index.transaction():
            self.index.remove_facts(day_start_ns(day), day_start_ns(day) + DAY_NS)
            self.index.set_journal_size(day, 0)
        (self.folder / day).rmdir()
        sync_folder(self.folder)

    def _write(self, day: str, lines: Sequence[Line]) -> None:
        """Journal first, on disk; then the index takes over what the journal says beyond what it has."""
        self.journal.append_all(lines, day)
        catch_up(self.index, self.journal, day, self.index.journal_sizes().get(day, 0))


DAY_NS: Final = 86_400 * NS_PER_S


def _open_index(path: Path) -> tuple[Index, str]:
    try:
        return Index(path), ""
    except RecordingError as error:
        broken = set_aside(path)
        return Index(path), f"{error}: kept as {broken.name}"
