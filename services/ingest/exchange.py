"""The room's side of the bus: frames and announcements out; demand, requests, heartbeats, others' cameras in.

What is published, repeated, believed or named is decided by others in this room; here it is sent and received.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, Final, Self

from common.bus import Bus, Message
from common.bus_asyncio import BusLoop
from common.clock import Clock
from common.config import BusAddresses
from common.counters import Counters
from common.errors import WireError
from common.frame import Frame
from common.names import CameraId
from common.service import Process
from common.topics import CAMERA, H264, JPEG, KEYFRAME, MP4, STATUS, parse, topic
from common.units import NS_PER_S
from common.wire import decode_record, encode_record
from services.ingest.announcements import describe
from services.ingest.ledger import Instant
from services.ingest.registry import Lost, Registry
from services.ingest.session import Session
from services.ingest.throttle import Throttle
from services.ingest.workers import Pool, Workers, assign, read_apart, read_sign

log = logging.getLogger(__name__)

HEARD: Final = (CAMERA, STATUS, KEYFRAME)
# What a demand for pictures begins with; the empty prefix is all topics.
PICTURES: Final = ("", JPEG, H264, MP4)
# Nothing is looked for in the status of these, and a fanout process's with thousands of viewers is long.
UNHEARD_STAGES: Final = ("broker", "ingest", "fanout")


class Exchange:
    """`async with Exchange(...)`: listens on the bus; `end` is told of connections that lost their name elsewhere."""

    def __init__(
        self,
        process: Process,
        addresses: BusAddresses,
        registry: Registry,
        clock: Clock,
        counters: Counters,
        end: Callable[[Iterable[Lost]], None],
    ) -> None:
        self._process = process
        self._registry = registry
        self._clock = clock
        self._counters = counters
        self._end = end
        self._workers = Workers(clock.mono_ns())
        self._pool = Pool()
        self._watched: set[str] = set()
        self._timers: dict[CameraId, asyncio.TimerHandle] = {}
        self._malformed = Throttle()
        self._announcements = topic(CAMERA, process.host, process.name)
        self._statuses = topic(STATUS, process.host, process.name)
        self._bus = BusLoop(Bus(addresses, on_demand=self._on_demand), self._on_message)

    async def __aenter__(self) -> Self:
        await self._bus.__aenter__()
        for kind in HEARD:
            self._bus.subscribe(kind)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        for timer in self._timers.values():
            timer.cancel()
        await self._bus.__aexit__(kind, error, at)

    @property
    def is_watched(self) -> bool:
        """Whether anybody wants pictures of any camera, here or elsewhere."""
        return bool(self._watched)

    def publish(self, session: Session) -> None:
        """Send a camera's newest frame to whoever wants it; nothing crosses when nobody does."""
        wanted = session.topic
        if self._bus.is_wanted(wanted):
            self._bus.publish_frame(wanted, session.newest(self._clock.mono_ns()))
            session.note_published()
            self._counters.add("published")
        else:
            session.note_unwanted()

    def announce_changed(self) -> None:
        """Tell at once what changed since the last time; a new camera gets its worker first."""
        changed, self._registry.changed = self._registry.changed, set()
        if changed:
            self._assign(changed & self._registry.holders.keys())
            self._announce(changed & self._registry.ledgers.keys(), is_full=False)

    def announce_all(self) -> None:
        """Tell all of this process's cameras; once a second."""
        self._review_workers()
        self._announce(self._registry.ledgers.keys(), is_full=True)

    def publish_status(self, record: dict[str, Any]) -> None:
        """Tell this process's status; once a second."""
        self._counters.add("malformed", self._bus.bus.malformed)
        self._bus.bus.malformed = 0
        self._bus.publish(self._statuses, encode_record(record))

    def _assign(self, cameras: Iterable[CameraId]) -> set[CameraId]:
        ledgers = [self._registry.ledgers[camera] for camera in cameras]
        return assign(ledgers, self._pool, self._clock.wall_ns())

    def _announce(self, cameras: Iterable[CameraId], *, is_full: bool) -> None:
        registry, now_ns = self._registry, self._clock.mono_ns()
        record = {
            "publisher": self._process.name,
            "incarnation": self._process.incarnation,
            "host": self._process.host,
            "full": is_full,
            "cameras": [
                describe(
                    registry.ledgers[camera], registry.holders.get(camera), registry.contests.warning(camera), now_ns
                )
                for camera in cameras
            ],
            "contested": registry.contests.seen(),
        }
        self._bus.publish(self._announcements, encode_record(record))

    def _on_demand(self, prefix: str, wanted: bool) -> None:
        if prefix.partition("/")[0] in PICTURES:
            (self._watched.add if wanted else self._watched.discard)(prefix)
        if not wanted:
            return
        now_ns = self._clock.mono_ns()
        for session in self._registry.holders.values():
            if not prefix or f"{session.topic}/".startswith(f"{prefix}/"):
                self._repeat(session, session.repeats_for_newcomer(now_ns))

    def _repeat(self, session: Session, frames: Sequence[Frame]) -> None:
        wanted = session.topic
        if not frames or not self._bus.is_wanted(wanted):
            return
        for frame in frames:
            self._bus.publish_frame(wanted, frame)
        session.note_repeated()
        self._counters.add("repeated", len(frames))

    def _on_message(self, message: Message) -> None:
        try:
            kind, name, track = parse(message.topic)
            if kind == KEYFRAME:
                self._on_request(CameraId(name))
            elif message.topic == self._announcements:
                return
            elif kind == CAMERA:
                self._on_announcement(decode_record(message.header))
            elif kind == STATUS and not track.startswith(UNHEARD_STAGES):
                self._on_status(decode_record(message.header))
        except WireError as error:
            self._counters.add("malformed")
            if count := self._malformed.count(self._clock.mono_ns()):
                log.warning("malformed messages on the bus: %d, the last on %s: %s", count, message.topic, error)

    def _on_request(self, camera: CameraId) -> None:
        session = self._registry.holders.get(camera)
        if session is not None:
            self._repeat(session, session.repeats_for_request(self._clock.mono_ns()))
            self._wait_for_repeat(session)

    def _wait_for_repeat(self, session: Session) -> None:
        """Come back when a request that came too early is to be answered."""
        due_ns, camera = session.repeat_due_ns, session.camera
        if due_ns is not None and camera not in self._timers:
            wait_s = (due_ns - self._clock.mono_ns()) / NS_PER_S
            self._timers[camera] = asyncio.get_running_loop().call_later(wait_s, self._repeat_due, camera)

    def _repeat_due(self, camera: CameraId) -> None:
        del self._timers[camera]
        session = self._registry.holders.get(camera)
        if session is not None:
            self._repeat(session, session.repeats_due(self._clock.mono_ns()))
            self._wait_for_repeat(session)

    def _on_announcement(self, record: dict[str, Any]) -> None:
        now = Instant(self._clock.mono_ns(), self._clock.wall_ns())
        self._end(self._registry.hear(record, now))

    def _on_status(self, record: dict[str, Any]) -> None:
        stage, name = record.get("stage"), record.get("name")
        if stage == "transcode" and isinstance(name, str):
            self._hear_worker(name, record)
        elif stage == "keeper" and "known_cameras" in record:
            self._hear_keeper(record)

    def _hear_keeper(self, record: dict[str, Any]) -> None:
        known = record["known_cameras"]
        if not isinstance(known, list) or not all(isinstance(camera, str) for camera in known):
            raise WireError("status/ of keeper: known_cameras is no list of names")
        self._registry.learn_known(known)
        self._workers.keep_apart(read_apart(record))
        self._review_workers()

    def _hear_worker(self, name: str, record: dict[str, Any]) -> None:
        sign, now_ns = read_sign(record), self._clock.mono_ns()
        if record.get("leaving") is True:
            self._workers.leave(name, sign.incarnation, now_ns)
        else:
            self._workers.hear(name, sign, now_ns)
        # Heartbeats are also the clock by which a silent worker is noticed: as long as one is left that could take
        # over, they come.
        self._review_workers()

    def _review_workers(self) -> None:
        pool = self._workers.pool(self._clock.mono_ns(), self._clock.wall_ns())
        if pool != self._pool:
            self._pool = pool
            self._registry.changed |= self._assign(self._registry.holders)
            self.announce_changed()
