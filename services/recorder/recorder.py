"""The main loop: drains the bus at once, asks for keyframes, tells how things stand, serves the socket API.

No asyncio (7 MB less); the disk thread does the rest.
"""

import logging
import os
import selectors
import time
from typing import Any, Final

from common.bus import Bus, Message
from common.config import Settings
from common.counters import Counters
from common.errors import WireError
from common.http1 import Answer, Request, RequestError
from common.service import Process, Status, StopFlag, stamp_alive
from common.topics import CAMERA, EVENT, STATUS, parse, topic
from common.units import NS_PER_MS, NS_PER_S
from common.unix_door import Door, Later
from common.wire import decode_record, encode_record
from services.recorder.api import parse_wish
from services.recorder.backlog import Backlog
from services.recorder.disk import Disk, now
from services.recorder.modes_told import ModesTold
from services.recorder.orders import Announced, Assign, Change, Explain
from services.recorder.ownership import Ownership
from services.recorder.publishers import Publishers
from services.recorder.streams import Streams
from services.recorder.taking import Moment, Why
from services.recorder.tally import CameraTally
from services.recorder.witness import Witness

log = logging.getLogger(__name__)

STATUS_INTERVAL_NS: Final = NS_PER_S
HEARTBEAT_NS: Final = 500 * NS_PER_MS
# Messages are heard in bunches: a wake-up costs more than a message does. ZeroMQ holds 1,000 meanwhile.
BUS_REST_S: Final = 0.1
# An id, a name and two times; what more there is may be as much again, several times.
EVENT_LIMIT_BYTES: Final = 16 << 10
MIB: Final = 1 << 20


class Recorder:
    """The loop's state. `run()` returns the exit status when `stop` is set, or the disk thread has failed."""

    def __init__(self, process: Process, settings: Settings) -> None:
        self._process: Final = process
        self._settings: Final = settings
        self._counters: Final = Counters()
        self._status: Final = Status(process, self._counters)
        self._backlog: Final = Backlog(settings.recording.queue_mib * MIB)
        self._news_fd: Final = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._disk: Final = Disk(settings, self._backlog, lambda: os.eventfd_write(self._news_fd, 1))
        self._socket: Final = settings.run_path(f"{process.name}.sock")
        self._topic: Final = topic(STATUS, process.host, process.name)
        self._modes: Final = ModesTold(lambda camera: settings.camera(camera).recording_mode)
        self._ownership: Final = Ownership(process.name)
        self._witness: Final = Witness(time.monotonic_ns())
        self._publishers: Final = Publishers()
        self._assigned: dict[str, str] = {}
        self._whys: dict[str, Why] = {}
        self._next_status_ns = 0
        self._next_heartbeat_ns = 0

    def run(self, stop: StopFlag) -> int:
        """Record until stopped."""
        with (
            Bus(self._settings.bus_addresses) as bus,
            selectors.EpollSelector() as selector,
            selectors.EpollSelector() as everything,
        ):
            streams = Streams(bus, self._process.name, self._backlog, self._counters)
            streams.namer = self._publishers.name
            selector.register(stop.fd, selectors.EVENT_READ)
            selector.register(self._news_fd, selectors.EVENT_READ, lambda now_ns: self._news(streams))
            for fd in (*bus.fds, selector.fileno()):
                everything.register(fd, selectors.EVENT_READ)
            bus.subscribe(CAMERA)
            bus.subscribe(STATUS)
            self._disk.start()
            try:
                door = Door(self._socket, selector, self._answer)
                try:
                    log.info("ready")
                    while not stop.is_set and not self._disk.has_ended:
                        self._turn(bus, streams, door)
                        self._sleep(bus, streams, selector, everything)
                finally:
                    door.close()
            finally:
                self._leave(bus, streams)
        # Its traceback is in the log already.
        return 0 if stop.is_set else 1

    def _turn(self, bus: Bus, streams: Streams, door: Door) -> None:
        now_ns = time.monotonic_ns()
        while messages := bus.drain():
            moment = now()
            for message in messages:
                self._heard(message, streams, moment)
        self._assign(now_ns)
        streams.ask(now_ns)
        if now_ns >= self._next_status_ns:
            self._next_status_ns = now_ns + STATUS_INTERVAL_NS
            self._next_heartbeat_ns = now_ns + HEARTBEAT_NS
            self._explain(now())
            self._tell(bus, streams)
            door.drop_late(now_ns)
        elif now_ns >= self._next_heartbeat_ns:
            self._next_heartbeat_ns = now_ns + HEARTBEAT_NS
            self._beat(bus, leaving=False)

    def _sleep(
        self, bus: Bus, streams: Streams, selector: selectors.BaseSelector, everything: selectors.BaseSelector
    ) -> None:
        now_ns = time.monotonic_ns()
        due_ns = [self._next_status_ns, self._next_heartbeat_ns]
        ask_ns = streams.next_ask_ns()
        if ask_ns is not None:
            due_ns.append(ask_ns)
        wait_s = max(0.0, (min(due_ns) - now_ns) / NS_PER_S)
        rest_s = min(wait_s, BUS_REST_S) if ask_ns is None else 0.0
        # Who asks at the door does not wait for the bus's rest.
        ready = selector.select(rest_s)
        if not ready:
            # ZeroMQ's descriptors signal edges: what is left waiting would not wake the selector.
            everything.select(0 if bus.has_waiting() else wait_s - rest_s)
            ready = selector.select(0)
        for key, _ in ready:
            if key.data is not None:
                key.data(time.monotonic_ns())

    def _heard(self, message: Message, streams: Streams, moment: Moment) -> None:
        self._witness.hear_anything(moment.mono_ns)
        try:
            kind, name, process = parse(message.topic)
            if kind == CAMERA:
                self._heard_cameras(decode_record(message.header), moment)
            elif kind == STATUS:
                # What viewers there are is nothing to this process.
                if process.startswith(("keeper", "transcode", "recorder")):
                    self._heard_status(decode_record(message.header), moment.mono_ns)
            elif kind == EVENT:
                if len(message.header) > EVENT_LIMIT_BYTES:
                    raise WireError(f"event of {len(message.header)} bytes exceeds {EVENT_LIMIT_BYTES}")
                streams.happened(name, decode_record(message.header), moment)
            else:
                streams.take(message, moment)
        except WireError as error:
            self._counters.add("malformed")
            log.debug("dropped: %s", error)

    def _heard_cameras(self, record: dict[str, Any], moment: Moment) -> None:
        self._publishers.learn(record)
        for camera in self._witness.hear_cameras(record, moment.mono_ns):
            if camera in self._assigned:
                self._backlog.put_order(Announced(camera, self._witness.told(camera), moment))

    def _heard_status(self, record: dict[str, Any], now_ns: int) -> None:
        stage, name, incarnation = record.get("stage"), record.get("name"), record.get("incarnation")
        if not isinstance(name, str):
            return
        if stage == "recorder" and isinstance(incarnation, int):
            self._ownership.hear(name, incarnation, now_ns, leaving=record.get("leaving") is True)
        elif stage == "transcode" and not record.get("heartbeat"):
            self._witness.hear_encodes(name, record.get("encodes"), now_ns)
        elif stage == "keeper":
            self._witness.hear_keeper(record)
            self._modes.hear_keeper(record)

    def _assign(self, now_ns: int) -> None:
        """Let the disk thread know which cameras are this process's, when that changed."""
        known = self._disk.known_cameras
        modes = self._modes.modes(self._witness.online(now_ns), {*known, *self._assigned})
        wanted = self._ownership.wanted(modes, now_ns)
        assigned = {camera: modes[camera] for camera in sorted(wanted)}
        if assigned == self._assigned:
            return
        new = assigned.keys() - self._assigned.keys()
        self._assigned = assigned
        self._backlog.put_order(Assign(assigned))
        moment = now()
        for camera in new:
            told = self._witness.told(camera)
            if told:
                self._backlog.put_order(Announced(camera, told, moment))
        self._whys = {camera: why for camera, why in self._whys.items() if camera in assigned and camera not in new}
        self._explain(moment)

    def _explain(self, moment: Moment) -> None:
        """Let the disk thread know why nothing comes, should nothing come."""
        changed = {}
        for camera in self._assigned:
            is_encoded = "jpeg" not in self._disk.formats.get(camera, ())
            why = Why(*self._witness.why(camera, moment.mono_ns, moment.wall_ns, encoded=is_encoded))
            if self._whys.get(camera) != why:
                changed[camera] = why
        if changed:
            self._whys.update(changed)
            self._backlog.put_order(Explain(changed))

    def _news(self, streams: Streams) -> None:
        """Take over what the disk thread has done."""
        os.eventfd_read(self._news_fd)
        now_ns = time.monotonic_ns()
        streams.follow(self._disk.formats, now_ns)
        while self._disk.asked:
            streams.need_key(self._disk.asked.popleft(), now_ns)
        while self._disk.answers:
            later, answer = self._disk.answers.popleft()
            later.settle(answer)

    def _answer(self, request: Request, now_ns: int) -> Answer | Later:
        self._counters.add("requests")
        try:
            wish = parse_wish(request)
        except RequestError as error:
            return Answer(error.status, {"error": str(error)}, error.headers)
        later = Later()
        self._backlog.put_order(Change(*wish, later))
        return later

    def _tell(self, bus: Bus, streams: Streams) -> None:
        disk = self._disk
        record = self._status.record(
            watches=streams.watches,
            recordings=disk.rows,
            recorder={
                "socket": str(self._socket),
                "dir": str(disk.folder),
                "free_bytes": disk.free_bytes,
                "queue_bytes": self._backlog.size_bytes,
                "problem": disk.problem,
            },
            ledger=streams.ledger(lambda camera: disk.tallies.get(camera, CameraTally()).counted),
        )
        bus.publish(self._topic, encode_record(record))
        stamp_alive(self._settings, self._process)

    def _beat(self, bus: Bus, *, leaving: bool) -> None:
        process = self._process
        beat = {"name": process.name, "stage": process.stage, "host": process.host}
        record = {**beat, "incarnation": process.incarnation, "heartbeat": True}
        bus.publish(self._topic, encode_record({**record, "leaving": True} if leaving else record))

    def _leave(self, bus: Bus, streams: Streams) -> None:
        """Bring to disk what has come until now, then let others know that the cameras are free."""
        if not self._disk.has_ended:
            for message in bus.drain():
                self._heard(message, streams, now())
        self._disk.stop()
        self._beat(bus, leaving=True)
        os.close(self._news_fd)
