"""The events of one camera: who tells what, what is still going on, and which footage is wanted for them. Pure.

Whoever publishes an event does so more than once: the last word of an id counts. Its clock may be another one: what
has not begun yet begins now. All times are recorder time; `shift_ns` is how far that runs ahead of the system's clock.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from common.recordings.rows import EventRow
from common.units import NS_PER_S

_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME_CHARACTERS: Final = 100
# The year 2116. SQLite's integers end in 2262, and clocks' differences are added.
_LATEST_NS: Final = 1 << 62
# Of one camera at a time, known by their ids. More is somebody's mistake.
MOST_EVENTS: Final = 64
# An event may be told with its end, but one of a day is a mode of its own.
LONGEST_NS: Final = 24 * 3600 * NS_PER_S
# Footage may be named long after it was made; older than this is a clock that was never set.
OLDEST_NS: Final = 366 * LONGEST_NS


@dataclass(frozen=True, slots=True)
class Told:
    """An `event/` message (WIRE.md). `start_ns` 0: now; `end_ns` 0: it goes on."""

    key: str
    name: str
    start_ns: int
    end_ns: int


def parse_told(fields: Mapping[str, Any]) -> Told | None:
    """Return what a message says; None when it is malformed."""
    key, name = fields.get("id"), fields.get("name", "")
    start_ns, end_ns = fields.get("start_ns", 0), fields.get("end_ns", 0)
    if not (isinstance(key, str) and _KEY.fullmatch(key) and isinstance(name, str)):
        return None
    if not all(type(time_ns) is int and 0 <= time_ns <= _LATEST_NS for time_ns in (start_ns, end_ns)):
        return None
    readable = "".join(character for character in name if character.isprintable())
    return Told(key, readable[:_NAME_CHARACTERS].strip() or "event", start_ns, end_ns)


@dataclass(frozen=True, slots=True)
class _Known:
    row: EventRow
    correction_ns: int
    """What is added to the publisher's times."""
    is_cut: bool = False
    """Nobody ended it in time, so the limit did."""


class EventBook:
    """Bound: MOST_EVENTS. The one that is over for longest makes room; while all go on, a new one is refused."""

    def __init__(self, pre_roll_ns: int, post_roll_ns: int, limit_ns: int) -> None:
        self._pre_roll_ns = pre_roll_ns
        self._post_roll_ns = post_roll_ns
        self._limit_ns = limit_ns
        self._known: dict[str, _Known] = {}
        self.refused = 0
        """Events that were not taken: too many at a time, or of another age."""

    def restore(self, rows: list[EventRow]) -> None:
        """Know again what a life before wrote down; the newest last."""
        for row in rows[-MOST_EVENTS:]:
            self._known[row.key] = _Known(row, 0, is_cut=row.end_ns == row.start_ns + self._limit_ns)

    def hear(self, told: Told, now_ns: int, shift_ns: int = 0) -> EventRow | None:
        """Take in what is told; return the event to write down, None when nothing is new."""
        known = self._known.get(told.key)
        correction_ns = (
            known.correction_ns if known else shift_ns + _clock_difference(told, now_ns - shift_ns, self._limit_ns)
        )
        row = self._row(told, correction_ns, now_ns)
        if known is None and not self._has_room(row, now_ns):
            self.refused += 1
            return None
        if known and known.is_cut and not (row.end_ns and row.end_ns < known.row.end_ns):
            return None
        if known and known.row == row:
            return None
        self._known[told.key] = _Known(row, correction_ns)
        return row

    def end_overdue(self, now_ns: int) -> list[EventRow]:
        """Return the events that nobody ended and that are ended now."""
        ended = []
        for key, known in self._known.items():
            end_ns = known.row.start_ns + self._limit_ns
            if not known.row.end_ns and now_ns >= end_ns:
                row = replace(known.row, end_ns=end_ns)
                self._known[key] = replace(known, row=row, is_cut=True)
                ended.append(row)
        return ended

    def is_wanted(self, from_ns: int, to_ns: int) -> bool:
        """Return whether footage of any of that time (`to_ns` excluded) belongs to an event, with what is around it."""
        return any(
            start_ns < to_ns and from_ns <= end_ns for start_ns, end_ns in map(self._window, self._known.values())
        )

    def is_going_on(self, now_ns: int) -> bool:
        """Return whether what comes now is wanted."""
        return self.is_wanted(now_ns, now_ns + 1)

    def open_events(self) -> list[str]:
        """Return the names of the events that go on."""
        return [known.row.name for known in self._known.values() if not known.row.end_ns]

    def _row(self, told: Told, correction_ns: int, now_ns: int) -> EventRow:
        start_ns = max(0, told.start_ns + correction_ns) if told.start_ns else self._first_start_ns(told.key, now_ns)
        end_ns = max(start_ns, told.end_ns + correction_ns) if told.end_ns else 0
        return EventRow(told.key, told.name, start_ns, min(end_ns, start_ns + LONGEST_NS))

    def _first_start_ns(self, key: str, now_ns: int) -> int:
        known = self._known.get(key)
        return known.row.start_ns if known else now_ns

    def _has_room(self, row: EventRow, now_ns: int) -> bool:
        if row.end_ns and row.end_ns < now_ns - OLDEST_NS:
            return False
        if len(self._known) < MOST_EVENTS:
            return True
        over = {key: end_ns for key, known in self._known.items() if (end_ns := self._window(known)[1]) < now_ns}
        if over:
            del self._known[min(over, key=over.__getitem__)]
        return bool(over)

    def _window(self, known: _Known) -> tuple[int, int]:
        row = known.row
        end_ns = row.end_ns or row.start_ns + self._limit_ns
        return row.start_ns - self._pre_roll_ns, end_ns + self._post_roll_ns


def _clock_difference(told: Told, now_ns: int, limit_ns: int) -> int:
    """Return what makes an event's times plausible: one cannot be told before it begins.

    One that is told while it goes on, and would be over by the limit, began by a clock that was never set.
    """
    is_from_another_clock = told.start_ns > now_ns or (not told.end_ns and told.start_ns < now_ns - limit_ns)
    return now_ns - told.start_ns if told.start_ns and is_from_another_clock else 0
