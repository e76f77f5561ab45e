"""The events of a camera while it is recorded, in whatever mode: heard, written down, ended by the limit."""

from collections.abc import Mapping
from typing import Any

from common.recordings.rows import EventRow
from common.units import NS_PER_S
from services.recorder.events import LONGEST_NS, EventBook, parse_told
from services.recorder.taking import Desk, Moment


class EventLog:
    """`book` knows what footage they want; `shift_ns` is how far recorder time runs ahead of the clock."""

    def __init__(self, desk: Desk, now: Moment) -> None:
        settings = desk.settings
        self._desk = desk
        self.book = EventBook(
            ns(settings.recording_pre_roll_s),
            ns(settings.recording_post_roll_s),
            ns(desk.recording.event_limit_s),
        )
        self.book.restore(desk.store.index.events(max(0, now.wall_ns - LONGEST_NS)))

    def hear(self, record: Mapping[str, Any], now: Moment, shift_ns: int) -> bool:
        """Take a message of `event/`; return whether it says anything new. What is malformed says nothing."""
        told = parse_told(record)
        row = self.book.hear(told, now.wall_ns + shift_ns, shift_ns) if told else None
        if row is not None:
            self._put(row)
        return row is not None

    def end_overdue(self, now: Moment, shift_ns: int) -> None:
        """End what nobody ended in time."""
        for row in self.book.end_overdue(now.wall_ns + shift_ns):
            self._put(row)

    def _put(self, row: EventRow) -> None:
        self._desk.write(lambda: self._desk.store.put_event(row))


def ns(seconds: float) -> int:
    """Return a setting's time in ns."""
    return round(seconds * NS_PER_S)
