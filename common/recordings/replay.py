"""The journal's lines and the index's rows: how a line is spelt, and what it does to the index."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from common.recordings.index import Index
from common.recordings.journal import Journal, Page
from common.recordings.rows import EventRow, GapRow, ProtectionRow, Reason

GAP: Final = "gap"
EVENT: Final = "event"
PROTECT: Final = "protect"
UNPROTECT: Final = "unprotect"
DELETED: Final = "deleted"

Line = Mapping[str, Any]


def gap_line(row: GapRow) -> Line:
    """Return the line of a gap; `to` null: it goes on."""
    more = {"detail": row.detail, "frames": row.frames}
    return {
        "kind": GAP,
        "from": row.start_ns,
        "to": row.end_ns or None,
        "reason": row.reason.value,
        **{key: value for key, value in more.items() if value},
    }


def event_line(row: EventRow) -> Line:
    """Return the line of an event; `to` null: it goes on."""
    return {"kind": EVENT, "key": row.key, "name": row.name, "from": row.start_ns, "to": row.end_ns or None}


def protect_line(row: ProtectionRow) -> Line:
    """Return the line of a protected range, which replaces that of the same start."""
    return {"kind": PROTECT, "from": row.start_ns, "to": row.end_ns, "name": row.name}


def unprotect_line(start_ns: int) -> Line:
    """Return the line that ends the protected range of this start."""
    return {"kind": UNPROTECT, "from": start_ns}


def deleted_line(names: Sequence[str], gaps: Sequence[GapRow]) -> Line:
    """Return the line that says that files are to go, or gone, and what they leave: one line, as it is one fact."""
    return {"kind": DELETED, "names": list(names), "gaps": [gap_line(gap) for gap in gaps]}


def deleted_names(line: Line) -> list[str]:
    """Return the files that a line of any kind says are deleted."""
    names = line.get("names") if line.get("kind") == DELETED else None
    return [str(name) for name in names] if isinstance(names, list) else []


def catch_up(index: Index, journal: Journal, day: str, recorded_bytes: int) -> Page:
    """Bring what a day's journal says beyond `recorded_bytes` into the index, as one commit; return what was read.

    A journal that is shorter than recorded lost something: all of it is read. Lines of unknown kinds are left out: a
    later version wrote them.
    """
    page = journal.read(day, recorded_bytes)
    if page.size_bytes == recorded_bytes and not page.lines and journal.size(day) < recorded_bytes:
        page = journal.read(day)
    with index.transaction():
        for line in page.lines:
            apply(index, line)
        index.set_journal_size(day, page.size_bytes)
    return page


def apply(index: Index, line: Line) -> None:
    """Do to the index what a line says; a line without its fields does nothing."""
    kind = line.get("kind")
    try:
        if kind == GAP:
            index.put_gap(gap_of(line))
        elif kind == EVENT:
            index.put_event(event_of(line))
        elif kind == PROTECT:
            index.put_protection(protection_of(line))
        elif kind == UNPROTECT:
            index.remove_protection(int(line["from"]))
        elif kind == DELETED:
            _apply_deleted(index, line)
    except (KeyError, ValueError, TypeError, OverflowError):
        # Its checksum is right, so a program wrote it: one of another version, or by hand. It is no reason to stop.
        return


def _apply_deleted(index: Index, line: Line) -> None:
    for name in deleted_names(line):
        if row := index.file_named(name):
            index.remove_file(row.id)
    for gap in line["gaps"]:
        index.put_gap(gap_of(gap))


def gap_of(line: Line) -> GapRow:
    """Return the row of a gap's line; raises KeyError, ValueError or TypeError for one that is none."""
    reason = Reason(line["reason"])
    return GapRow(
        int(line["from"]), int(line["to"] or 0), reason, str(line.get("detail", "")), int(line.get("frames", 0))
    )


def event_of(line: Line) -> EventRow:
    """Return the row of an event's line; raises as `gap_of`."""
    return EventRow(str(line["key"]), str(line["name"]), int(line["from"]), int(line["to"] or 0))


def protection_of(line: Line) -> ProtectionRow:
    """Return the row of a protected range's line; raises as `gap_of`."""
    return ProtectionRow(int(line["from"]), int(line["to"]), str(line.get("name", "")))
