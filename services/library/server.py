"""The library's process: its socket in the run folder, what it hears on the bus, and its parts."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from common.bus import Bus
from common.bus_asyncio import BusLoop
from common.clock import Clock
from common.config import Settings
from common.counters import Counters
from common.errors import WireError
from common.http import make_runner
from common.service import Process, Status, stamp_alive
from common.topics import STATUS, topic
from common.wire import decode_record, encode_record
from services.library.application import EXPORTS, RECORDINGS, Part, make_application
from services.library.catalogue import Catalogue
from services.library.changes import Changes
from services.library.exports import Exports
from services.library.overview import Overview
from services.library.owners import Owners
from services.library.player import Player
from services.library.programmes import Programmes
from services.library.stills import Stills

log = logging.getLogger(__name__)

BEAT_S: Final = 1.0
# A thread waits for the disk most of its time; more would only queue there.
THREADS: Final = 6
# Fanout keeps connections open for its next requests, 15 s by itself: it is never we who hang up first.
KEEPALIVE_S: Final = 60.0


class Server:
    """One library process."""

    def __init__(self, process: Process, settings: Settings, clock: Clock) -> None:
        self._process: Final = process
        self._settings: Final = settings
        self._clock: Final = clock
        self._counters: Final = Counters()
        self._status: Final = Status(process, self._counters)
        self._owners: Final = Owners(process.host)
        self._catalogue: Final = Catalogue(settings.recording_dir)
        self._socket: Final = settings.run_path(f"{process.name}.sock")

    async def serve(self) -> None:
        """Serve until cancelled."""
        bus = Bus(self._settings.bus_addresses)
        with ThreadPoolExecutor(THREADS, thread_name_prefix="read") as executor:
            parts = self._parts(executor)
            runner = make_runner(
                make_application(parts, self._settings.server.allowed_origins), keepalive_timeout_s=KEEPALIVE_S
            )
            async with BusLoop(bus, self._hear) as bus_loop:
                bus_loop.subscribe(STATUS)
                await runner.setup()
                try:
                    await self._serve_on_socket(runner.server, parts, bus_loop)
                finally:
                    await runner.cleanup()
                    self._socket.unlink(missing_ok=True)
                    self._catalogue.close()

    def _parts(self, executor: ThreadPoolExecutor) -> list[Part]:
        programmes = Programmes(self._catalogue)
        return [
            Overview(self._catalogue, self._owners, self._settings, self._clock, executor),
            Player(self._catalogue, programmes, self._clock, executor),
            Changes(self._owners, self._clock, self._settings.run_dir),
            Stills(self._catalogue, programmes, executor),
            Exports(self._catalogue, programmes, self._settings, self._clock, executor),
        ]

    async def _serve_on_socket(self, http: Any, parts: Sequence[Part], bus: BusLoop) -> None:
        self._socket.unlink(missing_ok=True)
        listener = await asyncio.get_running_loop().create_unix_server(http, str(self._socket))
        try:
            async with asyncio.TaskGroup() as group:
                for part in parts:
                    group.create_task(part.run())
                log.info("ready")
                while True:
                    self._beat(bus)
                    await asyncio.sleep(BEAT_S)
        finally:
            # Its end is not waited for: since Python 3.12 that is the end of all connections, which the runner closes.
            listener.close()

    def _beat(self, bus: BusLoop) -> None:
        apis = [{"prefix": prefix, "socket": str(self._socket)} for prefix in (RECORDINGS, EXPORTS)]
        record = self._status.record(apis=apis)
        bus.publish(topic(STATUS, self._process.host, self._process.name), encode_record(record))
        stamp_alive(self._settings, self._process)

    def _hear(self, message: Any) -> None:
        try:
            self._owners.hear(decode_record(message.header), self._clock.mono_ns())
        except WireError:
            self._counters.add("malformed")
