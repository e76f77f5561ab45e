"""The shell: bus, unix socket and supervisord around the core, in one loop without asyncio (7 MB less)."""

import logging
import selectors
import time
from typing import Any, Final

from common.bus import Bus, Message
from common.config import Settings
from common.counters import Counters
from common.errors import WireError
from common.http1 import Answer, Request, RequestError
from common.service import Process, Status, StopFlag, stamp_alive
from common.topics import CAMERA, EVENT, STATUS, topic
from common.units import NS_PER_S
from common.unix_door import Door
from common.wire import decode_record, encode_record
from services.keeper.api import PUBLIC_PREFIXES, Api
from services.keeper.core import Core
from services.keeper.desired import ALONE_STAGE
from services.keeper.hand import Hand
from services.keeper.others import Supervisord
from services.keeper.store import Store

log = logging.getLogger(__name__)

STATUS_INTERVAL_NS: Final = NS_PER_S
# Workers tell of themselves four times a second each. Heard in bunches, eight of them cost 0.4 instead of 1 % of a core
# (measured); the rest is one wake-up more for those that come alone, so it is for many.
MANY_WORKERS: Final = 3
BUS_REST_S: Final = 0.1
SAVE_RETRY_NS: Final = 10 * NS_PER_S
# Time for the answer to whoever asked for keeper's own restart.
_FAREWELL_NS: Final = NS_PER_S // 4


class Keeper:
    """The loop's state. `run()` returns when `stop` is set or keeper is to be restarted."""

    def __init__(self, process: Process, settings: Settings, core: Core, hand: Hand, store: Store) -> None:
        self._process = process
        self._settings = settings
        self._core = core
        self._hand = hand
        self._store = store
        self._counters = Counters()
        self._status = Status(process, self._counters)
        self._supervisord = Supervisord()
        self._socket = settings.run_path("keeper.sock")
        self._topic = topic(STATUS, process.host, process.name)
        self._next_status_ns = 0
        self._next_save_ns = 0
        self._leave_ns = 0
        self._hears_status = False
        self._heard_workers: set[str] = set()

    def run(self, stop: StopFlag) -> None:
        """Serve until stopped."""
        api = Api(self._core, self._settings.server.allowed_origins, self._carry_out)
        with (
            Bus(self._settings.bus_addresses) as bus,
            selectors.EpollSelector() as selector,
            selectors.EpollSelector() as everything,
        ):
            selector.register(stop.fd, selectors.EVENT_READ)
            for fd in (*bus.fds, selector.fileno()):
                everything.register(fd, selectors.EVENT_READ)
            door = Door(self._socket, selector, lambda request, now_ns: self._answer(api, request, now_ns))
            bus.subscribe(CAMERA)
            # Once round through the broker: whether the bus carries anything at all.
            bus.subscribe(self._topic)
            log.info("ready")
            try:
                while not stop.is_set and not self._has_left():
                    has_heard = self._turn(bus, door)
                    wait_s = self._wait_s(time.monotonic_ns())
                    if has_heard and len(self._heard_workers) >= MANY_WORKERS:
                        # The next message waits for its like; who asks at the door does not.
                        wait_s = min(wait_s, BUS_REST_S)
                    else:
                        # ZeroMQ's descriptors signal edges: what is left waiting would not wake the selector.
                        everything.select(0 if bus.has_waiting() else wait_s)
                        wait_s = 0
                    for key, _ in selector.select(wait_s):
                        if key.data is not None:
                            key.data(time.monotonic_ns())
            finally:
                door.close()

    def _turn(self, bus: Bus, door: Door) -> bool:
        """Do what is due; return whether the bus brought something."""
        has_heard = False
        now_ns = time.monotonic_ns()
        if now_ns >= self._next_status_ns:
            self._say(logging.INFO, self._core.quarantine.tick(now_ns))
            self._next_status_ns = now_ns + STATUS_INTERVAL_NS
            self._tell(bus, now_ns)
            door.drop_late(now_ns)
        for event in self._core.events.due(now_ns, time.time_ns()):
            bus.publish(topic(EVENT, event.camera), encode_record(event.record(self._process.name)))
        self._hand.act(now_ns)
        self._listen_while_rolling(bus)
        self._listen_to_workers(bus)
        while messages := bus.drain():
            has_heard = True
            for message in messages:
                self._heard(message, now_ns)
        self._save_cameras(now_ns)
        return has_heard

    def _wait_s(self, now_ns: int) -> float:
        wait_s = min((self._next_status_ns - now_ns) / NS_PER_S, self._hand.wait_s(now_ns))
        event_s = self._core.events.wait_s(now_ns)
        if event_s is not None:
            wait_s = min(wait_s, event_s)
        if self._core.is_leaving:
            wait_s = min(wait_s, _FAREWELL_NS / NS_PER_S)
        return max(0.0, wait_s)

    def _tell(self, bus: Bus, now_ns: int) -> None:
        record = self._status.record(
            known_cameras=self._core.cameras.ids(),
            scale=self._core.scale,
            apis=[{"prefix": prefix, "socket": str(self._socket)} for prefix in PUBLIC_PREFIXES],
            others=[self._supervisord.row(now_ns)],
            isolated=self._core.quarantine.isolated(),
            quarantined=self._core.quarantine.quarantined(),
            recording=self._core.modes.record(self._core.cameras.ids()),
        )
        bus.publish(self._topic, encode_record(record))
        stamp_alive(self._settings, self._process)

    def _heard(self, message: Message, now_ns: int) -> None:
        self._core.watchdog.heard_bus(now_ns)
        try:
            record = decode_record(message.header)
            if message.topic.startswith(CAMERA):
                for camera in self._core.cameras.heard(record, now_ns, time.time_ns()):
                    log.info("camera %s is new", camera)
                return
            self._say(logging.WARNING, self._core.quarantine.heard(record, now_ns, time.time_ns()))
            if not record.get("heartbeat"):
                self._heard_status(record, now_ns)
        except WireError as error:
            self._counters.add("malformed")
            log.debug("dropped: %s", error)

    def _heard_status(self, record: dict[str, Any], now_ns: int) -> None:
        name, pid = record.get("name"), record.get("pid")
        if isinstance(name, str) and isinstance(pid, int) and self._core.heard.get(name) != pid:
            self._core.heard[name] = pid
            self._hand.look_soon(now_ns)

    def _listen_while_rolling(self, bus: Bus) -> None:
        """Hear everybody's status only while a restart waits for one: it wakes this process ten times a second."""
        rolling = self._core.roll.is_running
        if rolling != self._hears_status:
            (bus.subscribe if rolling else bus.unsubscribe)(STATUS)
            self._hears_status = rolling

    def _listen_to_workers(self, bus: Bus) -> None:
        """Hear the workers that run, for their suspects: some heartbeats a second, and nobody else's status."""
        groups = ("transcode", ALONE_STAGE)
        running = {member.name for member in self._core.table if member.group in groups and member.is_up}
        for name in running - self._heard_workers:
            bus.subscribe(topic(STATUS, self._process.host, name))
        for name in self._heard_workers - running:
            bus.unsubscribe(topic(STATUS, self._process.host, name))
        self._heard_workers = running

    def _say(self, level: int, sentences: list[str]) -> None:
        """Log what became of cameras, act on it, and tell it at once: ingest waits for it."""
        for sentence in sentences:
            log.log(level, "%s", sentence)
        if sentences:
            self._hand.look_soon(time.monotonic_ns())
            self._next_status_ns = 0

    def _answer(self, api: Api, request: Request, now_ns: int) -> Answer:
        self._counters.add("requests")
        return api.answer(request, now_ns, time.time_ns())

    def _carry_out(self) -> None:
        for sentence in self._core.modes.news:
            log.info("%s", sentence)
        self._core.modes.news.clear()
        self._hand.look(time.monotonic_ns())
        self._next_status_ns = 0
        try:
            self._store.save_changed(self._core)
        except OSError as error:
            raise RequestError(500, f"in force, but it could not be saved for the next start: {error}") from error

    def _save_cameras(self, now_ns: int) -> None:
        if now_ns < self._next_save_ns:
            return
        try:
            self._store.save_changed(self._core)
        except OSError as error:
            self._next_save_ns = now_ns + SAVE_RETRY_NS
            log.warning("the state cannot be saved: %s", error)

    def _has_left(self) -> bool:
        now_ns = time.monotonic_ns()
        if self._core.is_leaving and not self._leave_ns:
            log.info("leaving, to be started anew")
            self._leave_ns = now_ns + _FAREWELL_NS
        return bool(self._leave_ns) and now_ns >= self._leave_ns
