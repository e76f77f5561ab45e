"""What happens when a camera arrives, delivers, posts or leaves: the room's modules, put together."""

import logging
import secrets
from collections import Counter
from collections.abc import Iterable
from typing import Final

from common.clock import Clock
from common.config import Settings
from common.counters import Counters
from common.errors import CameraNameError, FrameError
from common.h264 import has_start_code
from common.handover import Answer
from common.names import CameraId, camera_id
from common.service import Process
from services.ingest.connection import CameraConnection
from services.ingest.exchange import Exchange
from services.ingest.handshake import Refusal, refuse
from services.ingest.jpeg import Limits, find_picture
from services.ingest.ledger import POST, WS, Instant, MediaClock, Origin
from services.ingest.messages import Message
from services.ingest.others import Others
from services.ingest.registry import Lost, Refused, Registry
from services.ingest.session import Session
from services.ingest.throttle import Throttle
from services.ingest.workers import renew_term

log = logging.getLogger(__name__)

# Read at a time from one connection before the others get their turn.
READ_BUFFER_BYTES: Final = 64 << 10
# Connections that have not said who they are; beyond this the oldest goes. A camera's head comes within milliseconds.
UNKNOWN_LIMIT: Final = 512
TEXT_SHOWN_BYTES: Final = 80


class Intake:
    """The process's cameras; what `connection.Reception` asks for, and posted pictures."""

    def __init__(self, process: Process, settings: Settings, clock: Clock, counters: Counters) -> None:
        self.message_limit_bytes = settings.ingest.max_message_bytes
        self.read_buffer = memoryview(bytearray(READ_BUFFER_BYTES))
        self.registry = Registry(
            Others((process.host, process.name)), settings.server.max_cameras, settings.cameras.keys()
        )
        self.exchange = Exchange(process, settings.bus_addresses, self.registry, clock, counters, self.end)
        self._process = process
        self._clock = clock
        self._counters = counters
        self._limits = Limits(settings.ingest.max_side_px, settings.ingest.max_pixels)
        self._media_clock = MediaClock(self._now())
        self._unknown: dict[CameraConnection, None] = {}
        self._connections: dict[Session, CameraConnection] = {}
        self._refusals = Throttle()
        self._texts = Throttle()
        self._dropped: Counter[str] = Counter()

    def mono_ns(self) -> int:
        return self._clock.mono_ns()

    @property
    def is_asked(self) -> bool:
        """Whether there are connections that are not a camera's: their request is to come, or their answer to leave."""
        return bool(self._unknown)

    def arrive(self, connection: CameraConnection) -> None:
        """Note a connection that has yet to say who it is."""
        if len(self._unknown) >= UNKNOWN_LIMIT:
            oldest = next(iter(self._unknown))
            del self._unknown[oldest]
            oldest.reset("too many connections that do not say who they are")
        self._unknown[connection] = None

    def admit(self, connection: CameraConnection, peer: str, name: CameraId | None) -> Session | Refusal:
        """Make a connection a camera, or say why not."""
        session = self._new_session(Origin(WS, peer, name))
        refused = self._join(session)
        if refused is not None:
            return refuse(refused.status, refused.text)
        self._unknown.pop(connection, None)
        self._connections[session] = connection
        self.exchange.announce_changed()
        return session

    def note_refusal(self, peer: str, refusal: Refusal) -> None:
        """Count a refused connection; devices that are refused come back twice a second."""
        self._counters.add(f"refused_{refusal.status}")
        if count := self._refusals.count(self.mono_ns()):
            log.info("refused %s: %d %s (%d since the last such line)", peer, refusal.status, refusal.text, count)

    def deliver(self, session: Session, message: Message, received_mono_ns: int) -> None:
        """Take a message of a camera."""
        if message.is_text:
            return self._note_text(session, message.payload)
        try:
            self._take(session, message.payload, Instant(received_mono_ns, self._clock.wall_ns()))
        except FrameError as error:
            self._note_dropped(session, error)

    def post(self, name: str, peer: str, picture: bytes) -> Answer:
        """Take a picture that a camera posted; return the answer to it."""
        now = self._now()
        try:
            camera = camera_id(name)
            session = self.registry.poster(camera)
            if session is None or has_start_code(picture):
                find_picture(picture, self._limits)
            if session is None:
                session = self._new_session(Origin(POST, peer, camera))
                if (refused := self._join(session)) is not None:
                    return Answer(refused.status, refused.text)
            self._take(session, picture, now)
        except CameraNameError as error:
            return Answer(400, str(error))
        except FrameError as error:
            self._counters.add(f"dropped_{error.cause}")
            return Answer(400, f"That is no whole JPEG: {error}.")
        return Answer(204)

    def depart(self, connection: CameraConnection, session: Session | None, reason: str) -> None:
        """Note that a connection ended."""
        self._unknown.pop(connection, None)
        if session is None:
            return
        self._connections.pop(session, None)
        self._leave(session, reason)

    def end(self, lost: Iterable[Lost]) -> None:
        """End the connections of cameras that lost their name."""
        for session, reason in lost:
            connection = self._connections.get(session)
            if connection is not None:
                connection.reset(reason)
            else:
                self._leave(session, reason)

    def tick(self) -> None:
        """Let time pass: once a second."""
        self.end(self.registry.tick(self._now()))

    def report_dropped(self) -> None:
        """Log what was dropped since the last time, in one line."""
        if self._dropped:
            told = ", ".join(f"{what} {count}" for what, count in self._dropped.most_common(8))
            log.warning("%d messages of cameras dropped: %s", self._dropped.total(), told)
            self._dropped.clear()

    def close(self) -> None:
        """Reset every connection; announce that the cameras are gone."""
        for connection in [*self._connections.values(), *self._unknown]:
            connection.reset("ingest stops")

    def _now(self) -> Instant:
        return Instant(self._clock.mono_ns(), self._clock.wall_ns())

    def _new_session(self, origin: Origin) -> Session:
        return Session(secrets.randbits(63), origin, self._now(), self._media_clock, self._process.host, self._limits)

    def _join(self, session: Session) -> Refused | None:
        joined = self.registry.join(session, self._now())
        if isinstance(joined, Refused):
            return joined
        self._counters.add("joined")
        log.info("camera %s joined from %s %s", session.camera, session.origin.via, session.origin.peer)
        self.end(joined)
        return None

    def _take(self, session: Session, message: bytes, now: Instant) -> None:
        kind = session.ledger.kind
        if not session.take(message, now):
            return
        if not self.registry.confirm(session, now):
            return self.end([Lost(session, "replaced by a newer connection")])
        self._counters.add("frames")
        if session.is_new_form:
            session.is_new_form = False
            self.registry.changed.add(session.camera)
            if kind != session.ledger.kind:
                renew_term(session.ledger, now.wall_ns)
        if self.registry.changed:
            self.exchange.announce_changed()
        self.exchange.publish(session)

    def _note_dropped(self, session: Session, error: FrameError) -> None:
        self._counters.add(f"dropped_{error.cause}")
        self._dropped[f"{session.camera} {error.cause}"] += 1
        log.debug("camera %s: message dropped: %s", session.camera, error)

    def _note_text(self, session: Session, text: bytes) -> None:
        self._counters.add("texts")
        if count := self._texts.count(self.mono_ns()):
            shown = text[:TEXT_SHOWN_BYTES].decode("utf-8", "replace")
            log.info("camera %s: text ignored (%d since the last such line): %r", session.camera, count, shown)

    def _leave(self, session: Session, reason: str) -> None:
        self.registry.leave(session, self._now())
        self._counters.add("left")
        log.info("camera %s left: %s", session.camera, reason)
        self.exchange.announce_changed()
