"""The viewers of this process as connections: their ids, what `/status` says of them, pings, and goodbye."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from typing import Any, Final

from common.clock import Clock
from common.config import Settings
from common.counters import Counters
from common.service import Process
from common.units import NS_PER_MS, NS_PER_S
from services.fanout.connection import Connection
from services.fanout.forms import Form, HttpForm
from services.fanout.framing import PING, ws_frame
from services.fanout.mailbox import Bounds
from services.fanout.pings import Act, Pings
from services.fanout.viewer import Line, Mp4HttpViewer, Viewer

log = logging.getLogger(__name__)

# An age that was not told anew for so long says nothing any more.
AGE_FRESH_NS: Final = 5 * NS_PER_S
# A page sends one `age` a second, and answers pings.
WORDS_PER_S: Final = 50
_PING_FRAME: Final = ws_frame(PING, b"")


class Guest:
    """One viewer's connection. `gone` is set when it cannot go on."""

    __slots__ = ("connection", "gone", "pings", "viewer", "words")

    def __init__(self, viewer: Viewer, connection: Connection, gone: asyncio.Event, pings: Pings | None) -> None:
        self.viewer: Final = viewer
        self.connection: Final = connection
        self.gone: Final = gone
        self.pings: Final = pings
        self.words = 0

    def hears(self) -> bool:
        """Count a word of the viewer; return whether it keeps to a bearable pace."""
        if self.pings is not None:
            self.pings.heard()
        self.words += 1
        return self.words <= WORDS_PER_S


class Guests:
    """All viewers with a connection of their own."""

    def __init__(self, process: Process, settings: Settings, clock: Clock, counters: Counters) -> None:
        fanout = settings.fanout
        self._name: Final = process.name
        self._bounds: Final = Bounds(fanout.max_age_ms * NS_PER_MS, fanout.max_box_bytes)
        self._stall_ns: Final = int(fanout.stall_timeout_s * NS_PER_S)
        self._ping_interval_ns: Final = int(fanout.ping_interval_s * NS_PER_S)
        self._clock: Final = clock
        self._counters: Final = counters
        self._guests: Final[dict[Guest, None]] = {}
        self._last_number = 0

    def __len__(self) -> int:
        return len(self._guests)

    def __iter__(self) -> Iterator[Guest]:
        return iter(list(self._guests))

    def admit(self, connection: Connection, format_: str, form: Form, *, over: str) -> Guest:
        """Return the viewer on a connection from now on, known to nobody else yet; `over`: ws or http."""
        gone = asyncio.Event()
        viewer = self._make_viewer(format_, form, connection, gone.set, over)
        pings = Pings(self._ping_interval_ns, self._clock.mono_ns()) if over == "ws" else None
        guest = Guest(viewer, connection, gone, pings)
        connection.attach(viewer, gone.set, self._stall_ns)
        self._guests[guest] = None
        self._counters.add("viewers_joined")
        log.info("viewer %s joined: %s over %s", viewer.id, format_, over)
        return guest

    def dismiss(self, guest: Guest) -> None:
        """Forget a viewer. Idempotent."""
        guest.connection.detach()
        guest.viewer.blocked()
        if self._guests.pop(guest, guest) is None:
            self._counters.add("viewers_left")
            self._counters.add("viewer_frames_dropped", guest.viewer.dropped)
            log.info("viewer %s left: %d frames dropped", guest.viewer.id, guest.viewer.dropped)

    def beat(self) -> None:
        """Ping who is due and cut who is gone. Call it once a second."""
        now_ns = self._clock.mono_ns()
        for guest in self:
            guest.words = 0
            if guest.pings is None:
                continue
            act = guest.pings.act(now_ns, blocked=not guest.viewer.open)
            if act is Act.PING:
                guest.viewer.write(_PING_FRAME)
            elif act is Act.CLOSE:
                log.info("viewer %s does not answer", guest.viewer.id)
                guest.connection.abort()

    def rows(self) -> list[dict[str, Any]]:
        """Return what the status message says of each viewer."""
        now_ns = self._clock.mono_ns()
        return [_row(guest.viewer, now_ns) for guest in self]

    def _make_viewer(
        self, format_: str, form: Form, connection: Connection, end: Callable[[], None], over: str
    ) -> Viewer:
        self._last_number += 1
        id_ = f"{self._name}.{self._last_number}"
        line = Line(connection.transport.write, connection.push, end, over)
        if isinstance(form, HttpForm) and not form.shared:
            return Mp4HttpViewer(id_, format_, form, self._bounds, line)
        return Viewer(id_, format_, form, self._bounds, line)


def _row(viewer: Viewer, now_ns: int) -> dict[str, Any]:
    fresh = viewer.age_s is not None and now_ns - viewer.age_reported_ns < AGE_FRESH_NS
    return {
        "id": viewer.id,
        "camera": viewer.camera or None,
        "format": viewer.format,
        "age_s": round(viewer.age_s, 3) if fresh and viewer.age_s is not None else None,
        "dropped": viewer.dropped,
        "transport": viewer.transport,
    }
