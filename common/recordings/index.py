"""The index of a camera's recordings, SQLite: rows in, rows out. One writer (who holds the lock), any readers.

It is a cache of the files and journals and is rebuilt from them. WAL: readers never wait for the writer, a commit
costs no fsync, and a power cut may take the last commits back, never the index. The one door to sqlite3.
"""

import errno
import os
import sqlite3
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from common.errors import RecordingError
from common.recordings.questions import FOREVER_NS, Questions, json_text
from common.recordings.rows import EventRow, FileRow, GapRow, ProtectionRow, State

__all__ = ["FOREVER_NS", "Index", "IndexReader"]

VERSION: Final = 1
# "esRc": tells file(1) and us whose database it is.
APPLICATION_ID: Final = 0x65735263
BUSY_TIMEOUT_S: Final = 5.0
# A pass changes some rows, and each costs whole pages: 4 KiB ones would write 16 KiB a second for each camera.
PAGE_BYTES: Final = 1024
# How far the WAL grows until it is written back (two fsyncs, every minute or two) and begun anew. By default it grows
# to 1,000 pages of 4 KiB, which a small disk may not have.
WAL_PAGES: Final = 256

_SCHEMA: Final = """
CREATE TABLE files (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, state TEXT NOT NULL,
    start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, size_bytes INTEGER NOT NULL, frames INTEGER NOT NULL,
    width INTEGER NOT NULL, height INTEGER NOT NULL, codec TEXT NOT NULL, shift_ns INTEGER NOT NULL,
    skipped TEXT NOT NULL) STRICT;
CREATE INDEX files_by_end ON files (end_ns, start_ns);
CREATE INDEX files_by_start ON files (start_ns);
CREATE INDEX files_not_done ON files (state) WHERE state != 'done';
CREATE INDEX files_shifted ON files (end_ns) WHERE shift_ns > 0;
CREATE INDEX files_sizes ON files (kind, size_bytes);
CREATE TABLE gaps (
    id INTEGER PRIMARY KEY, start_ns INTEGER NOT NULL UNIQUE, end_ns INTEGER NOT NULL, reason TEXT NOT NULL,
    detail TEXT NOT NULL, frames INTEGER NOT NULL) STRICT;
CREATE TABLE events (
    key TEXT PRIMARY KEY, name TEXT NOT NULL, start_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL) STRICT;
CREATE INDEX events_by_start ON events (start_ns);
CREATE TABLE protections (
    id INTEGER PRIMARY KEY, start_ns INTEGER NOT NULL UNIQUE, end_ns INTEGER NOT NULL, name TEXT NOT NULL) STRICT;
CREATE TABLE journals (day TEXT PRIMARY KEY, size_bytes INTEGER NOT NULL) STRICT;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""

_REFUSALS: Final = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_READONLY: errno.EROFS}
_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Index(Questions):
    """The writer's side; used by one thread. OSError: the disk refuses (ENOSPC and the like)."""

    def __init__(self, path: Path) -> None:
        """Open the index or make it; raise RecordingError when it is damaged or of another version."""
        self.path = path
        self.is_new = False
        """It was made just now."""
        with _translated(path):
            self._db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        self._db.execute(f"PRAGMA page_size = {PAGE_BYTES}")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute(f"PRAGMA wal_autocheckpoint = {WAL_PAGES}")
        self._db.execute("PRAGMA synchronous = NORMAL")
        version, application = (self._db.execute(f"PRAGMA {word}").fetchone()[0] for word in
                                ("user_version", "application_id"))  # fmt: skip
        tables = self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if (version, application, tables) == (0, 0, 0):
            self.is_new = True
            with self.transaction():
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    self._db.execute(statement)
                self._db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._db.execute(f"PRAGMA user_version = {VERSION}")
        elif (version, application) != (VERSION, APPLICATION_ID):
            raise RecordingError(f"{self.path}: index of version {version}, expected {VERSION}")
        elif (problem := self._db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise RecordingError(f"{self.path}: index is damaged: {problem}")

    def _ask(self, query: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        with _translated(self.path):
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside one commit, or nothing of it; may be nested, the outermost commits."""
        if self._db.in_transaction:
            yield
            return
        with _translated(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def add_file(self, row: FileRow) -> int:
        """Add a file, or replace the row of its name; return its id."""
        return int(
            self._ask(
                "INSERT INTO files (name, kind, state, start_ns, end_ns, size_bytes, frames, width, height, codec,"
                " shift_ns, skipped) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET kind = excluded.kind, state = excluded.state,"
                " start_ns = excluded.start_ns, end_ns = excluded.end_ns, size_bytes = excluded.size_bytes,"
                " frames = excluded.frames, width = excluded.width, height = excluded.height, codec = excluded.codec,"
                " shift_ns = excluded.shift_ns, skipped = excluded.skipped RETURNING id",
                (
                    *(row.name, row.kind.value, row.state.value, row.start_ns, row.end_ns, row.size_bytes),
                    *(row.frames, row.width, row.height, row.codec, row.shift_ns, json_text(row.skipped)),
                ),
            )[0][0]
        )

    def update_file(
        self,
        file_id: int,
        *,
        end_ns: int | None = None,
        size_bytes: int | None = None,
        frames: int | None = None,
        state: State | None = None,
        skipped: Mapping[str, int] | None = None,
    ) -> None:
        """Write down how far a file is; None leaves a field as it was."""
        self._ask(
            "UPDATE files SET end_ns = coalesce(?, end_ns), size_bytes = coalesce(?, size_bytes),"
            " frames = coalesce(?, frames), state = coalesce(?, state), skipped = coalesce(?, skipped) WHERE id = ?",
            (end_ns, size_bytes, frames, state, None if skipped is None else json_text(skipped), file_id),
        )

    def remove_file(self, file_id: int) -> None:
        """Forget a file."""
        self._ask("DELETE FROM files WHERE id = ?", (file_id,))

    def put_gap(self, row: GapRow) -> int:
        """Add a gap or replace that of the same start; one that ends where it begins removes it (id 0)."""
        if 0 < row.end_ns <= row.start_ns:
            self._ask("DELETE FROM gaps WHERE start_ns = ?", (row.start_ns,))
            return 0
        return int(
            self._ask(
                "INSERT INTO gaps (start_ns, end_ns, reason, detail, frames) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (start_ns) DO UPDATE SET end_ns = excluded.end_ns, reason = excluded.reason,"
                " detail = excluded.detail, frames = excluded.frames RETURNING id",
                (row.start_ns, row.end_ns, row.reason.value, row.detail, row.frames),
            )[0][0]
        )

    def remove_facts(self, from_ns: int, to_ns: int) -> None:
        """Forget the gaps, events and protected ranges that begin within a time."""
        for table in ("gaps", "events", "protections"):
            self._ask(f"DELETE FROM {table} WHERE start_ns >= ? AND start_ns < ?", (from_ns, to_ns))

    def put_event(self, row: EventRow) -> None:
        """Add an event or replace that of the same key."""
        self._ask(
            "INSERT OR REPLACE INTO events (key, name, start_ns, end_ns) VALUES (?, ?, ?, ?)",
            (row.key, row.name, row.start_ns, row.end_ns),
        )

    def put_protection(self, row: ProtectionRow) -> None:
        """Add a protected range or replace that of the same start."""
        self._ask(
            "INSERT INTO protections (start_ns, end_ns, name) VALUES (?, ?, ?)"
            " ON CONFLICT (start_ns) DO UPDATE SET end_ns = excluded.end_ns, name = excluded.name",
            (row.start_ns, row.end_ns, row.name),
        )

    def remove_protection(self, start_ns: int) -> None:
        """Forget the protected range that begins then."""
        self._ask("DELETE FROM protections WHERE start_ns = ?", (start_ns,))

    def set_journal_size(self, day: str, size_bytes: int) -> None:
        """Write down how much of a day's journal is in the index; 0: the day is gone."""
        if size_bytes:
            self._ask("INSERT OR REPLACE INTO journals (day, size_bytes) VALUES (?, ?)", (day, size_bytes))
        else:
            self._ask("DELETE FROM journals WHERE day = ?", (day,))

    def set_meta(self, key: str, value: str) -> None:
        """Keep a text."""
        self._ask("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", (key, value))

    def make_room(self) -> None:
        """Give back what the disk can do without, as far as it goes: what to do before trying again on a full disk."""
        with suppress(OSError), _translated(self.path):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the index. Idempotent."""
        self._db.close()


class IndexReader(Questions):
    """The readers' side, for any thread. Raises RecordingError while the index is missing, out of reach or damaged.

    An index that was replaced meanwhile (rebuilt, or the whole folder) is opened anew.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._db: sqlite3.Connection | None = None
        self._identity = (0, 0)

    def _ask(self, query: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        with self._lock, _for_reader(self.path), _translated(self.path):
            return self._opened().execute(query, values).fetchall()

    def _opened(self) -> sqlite3.Connection:
        status = os.stat(self.path)
        if self._db is not None and (status.st_dev, status.st_ino) != self._identity:
            self._forget()
        if self._db is None:
            uri = f"{self.path.absolute().as_uri()}?mode=ro"
            self._db = sqlite3.connect(
                uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
            self._identity = (status.st_dev, status.st_ino)
        return self._db

    def _forget(self) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None

    def close(self) -> None:
        """Close the index. Idempotent."""
        with self._lock:
            self._forget()


def set_aside(path: Path) -> Path:
    """Move a damaged index out of the way, over the one before; return where it is now."""
    broken = path.with_name(f"{path.name}.broken")
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    path.replace(broken)
    return broken


@contextmanager
def _for_reader(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror or error}") from error


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code in _DAMAGED:
            raise RecordingError(f"{path}: index is damaged: {error}") from error
        raise OSError(_REFUSALS.get(code, errno.EIO), f"index: {error}", str(path)) from error
