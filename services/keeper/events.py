"""What happened at cameras, as told over the API: on the bus at once, again every second while it goes on. Pure.

The bus is lossy, and a recorder may only be starting: so an event is repeated, and twice more after its end. Readers
take the last word by `id` (WIRE.md, `event/`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from common.errors import StreamError
from common.moments import moment_ns
from common.settings import CAMERA_ID
from common.units import NS_PER_S

ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
NAME_LIMIT: Final = 100
REPEAT_NS: Final = NS_PER_S
AFTER_END: Final = 2
# Open and just ended ones of all cameras; each is a small message a second.
LIMIT: Final = 256
# A client's clock may be ahead of ours by so much.
AHEAD_NS: Final = 60 * NS_PER_S
DURATION_LIMIT_NS: Final = 86_400 * NS_PER_S
_FIELDS: Final = frozenset({"id", "name", "start", "end", "duration_s"})


class EventError(StreamError):
    """An event that cannot be told, with the HTTP status of the reason."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `end_ns` 0: it goes on; wall clock."""

    camera: str
    id: str
    name: str
    start_ns: int
    end_ns: int = 0

    def record(self, origin: str) -> dict[str, Any]:
        """Return the message of the bus."""
        end = {"end_ns": self.end_ns} if self.end_ns else {}
        return {"id": self.id, "name": self.name, "start_ns": self.start_ns, **end, "from": origin}


@dataclass(slots=True)
class _Told:
    event: Event
    due_ns: int
    left: int = AFTER_END


class Events:
    """The events that are still told. `limit_s`: one that nobody ends is ended then."""

    def __init__(self, limit_s: float, remembered: Iterable[Event] = ()) -> None:
        self._limit_ns: Final = int(limit_s * NS_PER_S)
        # Told at once: whoever listens may have been restarted with us.
        self._told = {(event.camera, event.id): _Told(event, 0) for event in remembered}
        # Set whenever what should be on disk changed; whoever saves it clears it.
        self.is_changed = False

    def tell(self, camera: str, wish: Any, now_ns: int, wall_ns: int) -> Event:
        """Begin, change or end an event as a request wants it; EventError when it cannot be."""
        if not isinstance(wish, dict) or not set(wish) <= _FIELDS:
            raise EventError(422, f"expected an object with some of {', '.join(sorted(_FIELDS))}")
        id_ = wish.get("id", f"{wall_ns:x}")
        if not isinstance(id_, str) or not ID.fullmatch(id_):
            raise EventError(422, f"id {str(id_)[:40]!r}: expected 1 to 64 letters, digits, - or _")
        before = self._told.get((camera, id_))
        if before is None and len(self._told) >= LIMIT:
            raise EventError(503, f"{LIMIT} events go on already, which is the most; try again when some have ended")
        event = _event(camera, id_, wish, before.event if before else None, wall_ns)
        self._told[camera, id_] = _Told(event, now_ns)
        self.is_changed = True
        return event

    def due(self, now_ns: int, wall_ns: int) -> list[Event]:
        """Return the events to publish now."""
        due = []
        for key, told in list(self._told.items()):
            if now_ns < told.due_ns:
                continue
            self._end_by_limit(told, wall_ns)
            due.append(told.event)
            told.due_ns = now_ns + REPEAT_NS
            if told.event.end_ns and wall_ns >= told.event.end_ns:
                told.left -= 1
                if told.left < 0:
                    del self._told[key]
                    self.is_changed = True
        return due

    def wait_s(self, now_ns: int) -> float | None:
        """Return how long until something is due; None when nothing is."""
        dues = [told.due_ns for told in self._told.values()]
        return max(0, min(dues) - now_ns) / NS_PER_S if dues else None

    def forget(self, camera: str) -> None:
        """Tell no more of a camera that was forgotten."""
        for key in [key for key in self._told if key[0] == camera]:
            del self._told[key]
            self.is_changed = True

    def document(self) -> dict[str, Any]:
        """Return what the state file holds: whatever is still told, so that a restart takes no last word away."""
        return {"told": [{name: getattr(told.event, name) for name in _SAVED} for told in self._told.values()]}

    def _end_by_limit(self, told: _Told, wall_ns: int) -> None:
        event = told.event
        if not event.end_ns and wall_ns >= event.start_ns + self._limit_ns:
            end_ns = event.start_ns + self._limit_ns
            told.event = Event(event.camera, event.id, event.name, event.start_ns, end_ns)
            self.is_changed = True


_SAVED: Final = ("camera", "id", "name", "start_ns", "end_ns")


def remembered_from(document: Mapping[str, Any]) -> list[Event]:
    """Return the events that a state file holds; ValueError when it is no such document."""
    rows = document.get("told", [])
    if not isinstance(rows, list) or len(rows) > LIMIT:
        raise ValueError(f"expected a list 'told' of at most {LIMIT} events")
    return [_event_from(row) for row in rows]


def _event_from(row: Any) -> Event:
    if not isinstance(row, dict) or set(row) != set(_SAVED) or {type(row["start_ns"]), type(row["end_ns"])} != {int}:
        raise ValueError(f"expected events with {', '.join(_SAVED)}")
    texts = {name: row[name] for name in ("camera", "id", "name") if isinstance(row[name], str)}
    if len(texts) != 3 or not CAMERA_ID.fullmatch(texts["camera"]) or not ID.fullmatch(texts["id"]):
        raise ValueError(f"{str(row)[:60]!r} is no event")
    return Event(start_ns=row["start_ns"], end_ns=row["end_ns"], **texts)


def _event(camera: str, id_: str, wish: Mapping[str, Any], before: Event | None, wall_ns: int) -> Event:
    name = wish.get("name", before.name if before else "event")
    if not isinstance(name, str) or not 0 < len(name) <= NAME_LIMIT or not name.isprintable():
        raise EventError(422, f"name {str(name)[:40]!r}: expected a text of 1 to {NAME_LIMIT} characters")
    if before is None and "start" not in wish and "end" in wish:
        raise EventError(422, f"no event {id_} of camera {camera} goes on: give its start with its end")
    start_ns = _moment(wish["start"], "start", wall_ns) if "start" in wish else before.start_ns if before else wall_ns
    if start_ns > wall_ns + AHEAD_NS:
        raise EventError(422, f"start lies {(start_ns - wall_ns) / NS_PER_S:.0f} s in the future; is a clock wrong?")
    end_ns = _end_ns(wish, start_ns, before.end_ns if before else 0, wall_ns)
    if end_ns and not start_ns <= end_ns <= start_ns + DURATION_LIMIT_NS:
        raise EventError(422, "expected an end after the start, by a day at most")
    return Event(camera, id_, name, start_ns, end_ns)


def _end_ns(wish: Mapping[str, Any], start_ns: int, before_ns: int, wall_ns: int) -> int:
    if "duration_s" not in wish:
        return _moment(wish["end"], "end", wall_ns) if wish.get("end") is not None else before_ns
    duration_s = wish["duration_s"]
    if "end" in wish:
        raise EventError(422, "expected end or duration_s, not both")
    if type(duration_s) not in (int, float) or not 0 <= duration_s <= DURATION_LIMIT_NS / NS_PER_S:
        raise EventError(422, f"duration_s {str(duration_s)[:20]}: expected seconds, a day at most")
    return start_ns + int(duration_s * NS_PER_S)


def _moment(value: object, field: str, wall_ns: int) -> int:
    if value == "now":
        return wall_ns
    try:
        return moment_ns(value)
    except ValueError as error:
        raise EventError(422, f'{field}: {error}, or "now"') from error
