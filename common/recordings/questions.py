"""What can be asked of an index, and how its rows are spelt in SQL. Who asks brings the connection. Pure."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from common.recordings.rows import EventRow, FileRow, GapRow, Kind, ProtectionRow, Reason, State

FOREVER_NS: Final = (1 << 63) - 1

# A file without length yet covers its start. Protection is that of ranges: whatever touches one is protected.
_PROTECTED: Final = (
    "EXISTS (SELECT 1 FROM protections AS p WHERE p.start_ns < max(f.end_ns, f.start_ns + 1) AND p.end_ns > f.start_ns)"
)
_FILES: Final = (
    "SELECT id, name, kind, state, start_ns, end_ns, size_bytes, frames, width, height, codec, shift_ns, skipped,"
    f" {_PROTECTED} FROM files AS f"
)
_GAPS: Final = "SELECT start_ns, end_ns, reason, detail, frames, id FROM gaps"
_STATES: Final = {state.value: state for state in State}


class Questions:
    """What can be asked, both of the writer's index and of a reader's."""

    def _ask(self, query: str, values: Sequence[object] | Mapping[str, object] = ()) -> list[tuple[Any, ...]]:
        raise NotImplementedError

    def files(self, from_ns: int = 0, to_ns: int = FOREVER_NS, kind: Kind | None = None) -> list[FileRow]:
        """Return the files with footage of a time, by their start."""
        query = f"{_FILES} WHERE start_ns < ?"
        values: list[object] = [to_ns]
        if from_ns > 0:
            # SQLite would take the index by start, and read everything up to the time that is asked for.
            query = (
                f"{_FILES} INDEXED BY files_by_end WHERE end_ns >= ? AND max(end_ns, start_ns + 1) > ? AND start_ns < ?"
            )
            values = [from_ns, from_ns, to_ns]
        if kind is not None:
            query += " AND kind = ?"
            values.append(kind.value)
        return [_file_row(row) for row in self._ask(f"{query} ORDER BY start_ns, kind", values)]

    def file_named(self, name: str) -> FileRow | None:
        """Return a file's row."""
        rows = self._ask(f"{_FILES} WHERE name = ?", (name,))
        return _file_row(rows[0]) if rows else None

    def file_sizes(self) -> dict[str, tuple[int, int, State]]:
        """Return id, size and state of every file by its name: what a start looks at."""
        query = "SELECT name, id, size_bytes, state FROM files"
        return {name: (row, size, _STATES[state]) for name, row, size, state in self._ask(query)}

    def unfinished(self, state: State) -> list[FileRow]:
        """Return the files in a state other than done, by their start."""
        # Said twice, so that SQLite knows that its small index of these will do.
        query = f"{_FILES} WHERE state != 'done' AND state = ? ORDER BY start_ns"
        return [_file_row(row) for row in self._ask(query, (state.value,))]

    def newest_end_ns(self) -> int:
        """Return when the newest footage of any kind ends; 0: there is none."""
        return int(self._ask("SELECT coalesce(max(end_ns), 0) FROM files")[0][0])

    def oldest(
        self, *, unprotected: bool = False, kind: Kind | None = None, before_ns: int = FOREVER_NS, limit: int = 1
    ) -> list[FileRow]:
        """Return the oldest files that nobody writes, oldest first: what retention takes.

        `before_ns`: finished ones that ended before a time of the clock, whatever recorder time is ahead of it.
        """
        # Originals that wait for their video are footage as any, where room is wanted; by age their video goes.
        query, values, order = f"{_FILES} WHERE state != 'open'", list[object](), "start_ns"
        if before_ns != FOREVER_NS:
            query = (
                f"{_FILES} WHERE state = 'done'"
                " AND (end_ns < ? OR (shift_ns > 0 AND end_ns < ? AND end_ns - shift_ns < ?))"
            )
            # By the index of ends: there are few that are so old, and many that are not.
            values, order = [before_ns, FOREVER_NS, before_ns], "+start_ns"
        if unprotected:
            query += f" AND NOT {_PROTECTED}"
        if kind is not None:
            query += " AND +kind = ?"
            values.append(kind.value)
        return [_file_row(row) for row in self._ask(f"{query} ORDER BY {order} LIMIT ?", [*values, limit])]

    def file_before(self, time_ns: int) -> FileRow | None:
        """Return the last file with footage of those that end by a time."""
        rows = self._ask(f"{_FILES} WHERE end_ns <= ? AND frames > 0 ORDER BY end_ns DESC LIMIT 1", (time_ns,))
        return _file_row(rows[0]) if rows else None

    def file_after(self, time_ns: int) -> FileRow | None:
        """Return the first file with footage of those that begin at a time or later."""
        rows = self._ask(f"{_FILES} WHERE start_ns >= ? AND frames > 0 ORDER BY start_ns LIMIT 1", (time_ns,))
        return _file_row(rows[0]) if rows else None

    def oldest_start_ns(self) -> int:
        """Return when the oldest footage begins; 0: there is none."""
        return int(self._ask("SELECT coalesce(min(start_ns), 0) FROM files")[0][0])

    def total_bytes(self, kind: Kind | None = None) -> int:
        """Return the size of all files, or of those of a kind."""
        if kind is None:
            return int(self._ask("SELECT coalesce(sum(size_bytes), 0) FROM files")[0][0])
        return int(self._ask("SELECT coalesce(sum(size_bytes), 0) FROM files WHERE kind = ?", (kind.value,))[0][0])

    def gaps(self, from_ns: int = 0, to_ns: int = FOREVER_NS) -> list[GapRow]:
        """Return the gaps that touch a time, by their start."""
        query = f"{_GAPS} WHERE (end_ns > ? OR end_ns = 0) AND start_ns < ? ORDER BY start_ns"
        return [_gap_row(row) for row in self._ask(query, (from_ns, to_ns))]

    def open_gap(self) -> GapRow | None:
        """Return the gap that goes on, the latest if there are several."""
        query = f"{_GAPS} WHERE end_ns = 0 ORDER BY start_ns DESC"
        rows = self._ask(query)
        return _gap_row(rows[0]) if rows else None

    def gap_at(self, start_ns: int) -> GapRow | None:
        """Return the gap that begins then."""
        rows = self._ask(f"{_GAPS} WHERE start_ns = ?", (start_ns,))
        return _gap_row(rows[0]) if rows else None

    def events(self, from_ns: int = 0, to_ns: int = FOREVER_NS) -> list[EventRow]:
        """Return the events that touch a time, by their start; a moment without length touches its own."""
        query = (
            "SELECT key, name, start_ns, end_ns FROM events"
            " WHERE (max(end_ns, start_ns + 1) > ? OR end_ns = 0) AND start_ns < ? ORDER BY start_ns, key"
        )
        return [EventRow(*row) for row in self._ask(query, (from_ns, to_ns))]

    def event(self, key: str) -> EventRow | None:
        """Return an event."""
        rows = self._ask("SELECT key, name, start_ns, end_ns FROM events WHERE key = ?", (key,))
        return EventRow(*rows[0]) if rows else None

    def protections(self, from_ns: int = 0, to_ns: int = FOREVER_NS) -> list[ProtectionRow]:
        """Return the protected ranges that touch a time, by their start."""
        query = "SELECT start_ns, end_ns, name, id FROM protections WHERE end_ns > ? AND start_ns < ? ORDER BY start_ns"
        return [ProtectionRow(*row) for row in self._ask(query, (from_ns, to_ns))]

    def goes_on(self, from_ns: int, to_ns: int, time_ns: int) -> bool:
        """Return whether a gap, event or protected range that began within a time is not over at `time_ns`."""
        began = "start_ns >= :from_ns AND start_ns < :to_ns AND"
        query = (
            f"SELECT EXISTS (SELECT 1 FROM gaps WHERE {began} (end_ns = 0 OR end_ns > :time_ns))"
            f" OR EXISTS (SELECT 1 FROM events WHERE {began} end_ns > :time_ns)"
            f" OR EXISTS (SELECT 1 FROM protections WHERE {began} end_ns > :time_ns)"
        )
        return bool(self._ask(query, {"from_ns": from_ns, "to_ns": to_ns, "time_ns": time_ns})[0][0])

    def seams(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """Return a range of footage widened to its neighbours, where nothing but a picture's length is between.

        How long a file's last picture stands is a guess, until the next file begins.
        """
        before_ns, gap_before_ns, after_ns, gap_after_ns = self._ask(
            "SELECT (SELECT max(end_ns) FROM files WHERE end_ns <= :start_ns),"
            " coalesce((SELECT max(end_ns) FROM gaps WHERE end_ns > 0 AND end_ns <= :start_ns), 0),"
            " (SELECT min(start_ns) FROM files WHERE start_ns >= :end_ns),"
            " coalesce((SELECT min(start_ns) FROM gaps WHERE start_ns >= :end_ns), :forever_ns)",
            {"start_ns": start_ns, "end_ns": end_ns, "forever_ns": FOREVER_NS},
        )[0]
        is_after_file = before_ns is not None and before_ns >= gap_before_ns
        is_before_file = after_ns is not None and after_ns <= gap_after_ns
        return (before_ns if is_after_file else start_ns), (after_ns if is_before_file else end_ns)

    def journal_sizes(self) -> dict[str, int]:
        """Return how much of each day's journal is in the index."""
        return dict(self._ask("SELECT day, size_bytes FROM journals"))

    def get_meta(self, key: str, default: str = "") -> str:
        """Return a text that the recorder keeps. It is the one thing here that no journal has."""
        rows = self._ask("SELECT value FROM meta WHERE key = ?", (key,))
        return str(rows[0][0]) if rows else default


def json_text(skipped: Mapping[str, int]) -> str:
    """Return how a row's `skipped` is kept."""
    return json.dumps(dict(skipped), separators=(",", ":"), sort_keys=True) if skipped else ""


def _file_row(row: tuple[Any, ...]) -> FileRow:
    file_id, name, kind, state, *numbers, codec, shift_ns, skipped, is_protected = row
    start_ns, end_ns, size_bytes, frames, width, height = numbers
    return FileRow(
        *(name, Kind(kind), _STATES[state], start_ns, end_ns, size_bytes, frames, width, height, codec, shift_ns),
        is_protected=bool(is_protected),
        skipped=json.loads(skipped) if skipped else {},
        id=file_id,
    )


def _gap_row(row: tuple[Any, ...]) -> GapRow:
    start_ns, end_ns, reason, detail, frames, gap_id = row
    return GapRow(start_ns, end_ns, Reason(reason), detail, frames, gap_id)
