"""The fanout process put together, its life from the first connection to the last, and its beat of one second."""

import asyncio
import json
import logging
import socket
from typing import Final

from common.bus import Bus
from common.bus_asyncio import BusLoop
from common.clock import Clock
from common.config import Settings
from common.counters import Counters
from common.handover import CAMERA
from common.http import Application, Handler, Request, Response, StreamResponse, make_runner
from common.network import lan_address
from common.service import Process, Status, stamp_alive
from common.units import NS_PER_MS, NS_PER_S
from services.fanout.acceptor import Acceptor, Address
from services.fanout.assets import Assets
from services.fanout.bus_side import BusSide
from services.fanout.connection import Connection, Connections
from services.fanout.directory import Change, Directory
from services.fanout.forward import Forwarder
from services.fanout.frame_post import push_frame
from services.fanout.guests import Guests
from services.fanout.http_stream import STREAMS, HttpStreams
from services.fanout.load_table import LoadTable
from services.fanout.lobby import Lobby
from services.fanout.lookup import Lookup
from services.fanout.passing import TAKEN, Passer
from services.fanout.patience import Patience
from services.fanout.raw_http import refusal
from services.fanout.relay import relay_camera
from services.fanout.routes import Pages, make_application
from services.fanout.snapshot import Snapshots
from services.fanout.sparing import Sparing
from services.fanout.status_page import status_page
from services.fanout.statuses import Statuses
from services.fanout.websocket import ViewerSockets

log = logging.getLogger(__name__)

BEAT_S: Final = 1.0
# All of the goodbye together; supervisord kills after `stopwaitsecs`.
GOODBYE_S: Final = 2.5
REQUEST_S: Final = 0.02
HEAD_BYTES: Final = 8192


class Server:
    """Everything that lives as long as the process."""

    def __init__(self, process: Process, settings: Settings, clock: Clock) -> None:
        self.process: Final = process
        self.settings: Final = settings
        self.clock: Final = clock
        self.counters: Final = Counters()
        self.status: Final = Status(process, self.counters)
        self.directory: Final = Directory(settings.cameras)
        self.statuses: Final = Statuses(process.host)
        self.lookup: Final = Lookup(self.directory, self._trouble)
        self.bus: Final = BusSide(
            process,
            clock,
            self.counters,
            self.directory,
            self.statuses,
            max_age_ns=settings.fanout.max_age_ms * NS_PER_MS,
            on_change=self._tell_change,
            on_known=self.lookup.learn,
            on_trouble=self._tell_trouble,
            wake=self._wake,
        )
        self.hub: Final = self.bus.hub
        self.patience: Final = Patience.of(settings.fanout.request_timeout_s)
        self.load: Final = LoadTable(settings.run_dir, process.name)
        self.connections: Final = Connections(clock, self.patience, self.load)
        self.guests: Final = Guests(process, settings, clock, self.counters)
        self.lobby: Final = Lobby(self.hub, self.directory, self._trouble)
        self.passer: Final = Passer(settings, clock)
        self.forwarder: Final = Forwarder(settings.run_dir, self.patience)
        self.streams: Final = HttpStreams(self.guests, self.hub, self.lookup, clock)
        self.sockets: Final = ViewerSockets(
            self.guests, self.lobby, self.lookup, clock, settings.server.allowed_origins, self.bus.hear_shown
        )
        self.runner: Final = make_runner(self._application(), keepalive_timeout_s=self.patience.head_s)
        self._status_body: Final = Sparing()
        self._alarm: asyncio.TimerHandle | None = None

    async def serve(self, listener: socket.socket) -> None:
        """Serve what connects to `listener` until cancelled; then say goodbye and close everything."""
        async with BusLoop(Bus(self.settings.bus_addresses), self.bus.take) as bus:
            self.bus.start(bus)
            await self.runner.setup()
            try:
                async with asyncio.TaskGroup() as group:
                    acceptor = Acceptor(
                        listener,
                        group,
                        self.load,
                        self.clock,
                        on_camera=self._pass_camera,
                        on_other=self._serve_http,
                        patience_s=self.patience.line_s,
                    )
                    try:
                        group.create_task(self.lookup.give_up_learning())
                        log.info("ready")
                        await self._beat_for_ever()
                    finally:
                        acceptor.close()
                        listener.close()
                        await acceptor.settle()
            finally:
                await self._say_goodbye()

    async def _say_goodbye(self) -> None:
        try:
            async with asyncio.timeout(GOODBYE_S):
                # For requests that have just come to be read.
                await asyncio.sleep(REQUEST_S)
                self.streams.close_all()
                await self.sockets.close_all()
                # The last word on what became of the frames; the cleanup gives it the time to leave.
                self._tell_status(leaving=True)
                await self.runner.cleanup()
        except TimeoutError:
            log.warning("%d connections were cut, they did not end in time", len(self.connections.all))
        for connection in list(self.connections.all):
            connection.abort()
        await self.forwarder.close()
        if self._alarm is not None:
            self._alarm.cancel()

    async def _beat_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        next_s = loop.time()
        while True:
            self._beat()
            # From where it should be now: after a pause of the process the missed beats are not made up for.
            next_s = max(next_s + BEAT_S, loop.time() + BEAT_S / 2)
            await asyncio.sleep(next_s - loop.time())

    def _beat(self) -> None:
        now_ns = self.clock.mono_ns()
        self.statuses.expire(self.bus.heard_ns)
        for change in self.directory.expire(self.bus.heard_ns):
            self._tell_change(change)
        self.hub.tick(now_ns)
        self.bus.delays.tick(now_ns)
        self.guests.beat()
        self.counters.add("stalled", self.connections.sweep())
        self._tell_status()
        stamp_alive(self.settings, self.process)

    def _tell_status(self, *, leaving: bool = False) -> None:
        self.bus.publish_status(
            self.status.record(
                viewers=self.guests.rows(),
                watched=self.hub.watched(),
                watches=self.hub.watches(),
                connections=len(self.connections.all),
                ledger=self.bus.ledger.record(),
                delays=self.bus.delays.record(),
                ended=self.statuses.ended_lives(self.clock.mono_ns(), leaving=leaving),
            )
        )

    def _tell_change(self, change: Change) -> None:
        log.info("camera %s is %s", change.camera, "online" if change.online else "offline")
        self.lobby.change(change, self.clock.mono_ns())

    def _tell_trouble(self, camera: str) -> None:
        sentence = self._trouble(camera)
        if sentence:
            log.warning("%s", sentence)
            self.lobby.warn(camera, sentence)

    def _trouble(self, camera: str) -> str:
        return self.statuses.troubles.sentence(camera, self.clock.wall_ns())

    def _wake(self, due_ns: int) -> None:
        """Ask for keyframes at `due_ns`, or earlier if that was planned already."""
        loop = asyncio.get_running_loop()
        due_s = loop.time() + max(0, due_ns - self.clock.mono_ns()) / NS_PER_S
        if self._alarm is not None and self._alarm.when() <= due_s:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = loop.call_at(due_s, self._ask)

    def _ask(self) -> None:
        self._alarm = None
        self.hub.ask_due(self.clock.mono_ns())

    async def _serve_http(self, peer: socket.socket, _address: Address) -> None:
        loop = asyncio.get_running_loop()
        http = self.runner.server
        if http is None:
            raise ConnectionAbortedError("the server is stopping")
        await loop.connect_accepted_socket(lambda: Connection(http(), self.connections, peer), peer)

    async def _pass_camera(self, peer: socket.socket, address: Address) -> None:
        with peer:
            answer = await self.passer.pass_on(CAMERA, peer.fileno(), *address)
            self.counters.add("cameras_passed" if answer.status == TAKEN else "cameras_refused")
            if answer.status != TAKEN:
                # Read what was only peeked at: a close with bytes unread would reset before the answer is there.
                peer.recv(HEAD_BYTES)
                peer.send(refusal(answer.status, answer.text))
                peer.shutdown(socket.SHUT_WR)

    def _application(self) -> Application:
        pages = Pages(Assets(), self.settings.server.allowed_origins)
        snapshots = Snapshots(self.hub, self.lookup, self.clock)
        table: dict[tuple[str, str], Handler] = {
            ("GET", "/"): pages.index,
            ("GET", "/mjpeg"): pages.mjpeg,
            ("GET", "/recordings"): pages.recordings,
            ("GET", "/web/{path:.+}"): pages.asset,
            ("GET", "/status"): self._answer_status,
            ("GET", "/ws/viewer"): self.sockets.serve,
            ("GET", "/ws/camera"): self._relay,
            ("GET", "/ws/camera/{camera}"): self._relay,
            ("POST", "/cameras/{camera}/frame.jpg"): self._push_frame,
            ("GET", "/cameras/{camera}/snapshot.jpg"): snapshots.serve,
            **{("GET", f"/cameras/{{camera}}/{name}"): self.streams.serve for name in STREAMS},
        }
        return make_application(table, self.statuses, self.forwarder, self.settings.server.allowed_origins)

    async def _answer_status(self, _request: Request) -> StreamResponse:
        body = self._status_body.get(self.clock.mono_ns()) or self._make_status()
        return Response(body=body, headers={"Content-Type": "application/json", "Cache-Control": "no-store"})

    def _make_status(self) -> bytes:
        now_ns = self.clock.mono_ns()
        page = status_page(
            self.directory,
            self.statuses,
            lambda camera: self.settings.camera(camera).label,
            now_ns,
            self.clock.wall_ns(),
            self.process.host,
        )
        bind = self.settings.server.bind
        page["lan_addresses"] = [lan_address() if bind == "0.0.0.0" else bind]
        body = json.dumps(page, ensure_ascii=False, separators=(",", ":")).encode()
        self._status_body.keep(body, now_ns, self.clock.mono_ns())
        return body

    async def _relay(self, request: Request) -> StreamResponse:
        return await relay_camera(request, self.passer)

    async def _push_frame(self, request: Request) -> StreamResponse:
        return await push_frame(
            request, self.passer, self.settings.ingest.max_message_bytes, limit_s=self.patience.body_s
        )
