"""The process `ingest`: takes cameras' connections from its port and its handover socket, and serves until a signal."""

import argparse
import asyncio
import logging
import socket
import sys
from typing import Final

from common.clock import Clock, SystemClock
from common.config import Settings
from common.counters import Counters
from common.errors import ConfigError
from common.handover import socket_path
from common.service import EXIT_BAD_SETTING, Process, Status, parse_options, run, stamp_alive, start
from services.ingest.connection import CameraConnection
from services.ingest.door import HandoverDoor
from services.ingest.intake import Intake
from services.ingest.port import open_port
from services.ingest.rest import RestingSelector

log = logging.getLogger(__name__)

# Devices that all come back at once after a restart wait here.
BACKLOG: Final = 4096
REPORT_INTERVAL_S: Final = 1.0
# A request follows its connection within a round trip; one that was accepted before the end is answered, not reset.
SETTLE_STEP_S: Final = 0.02
SETTLE_STEPS: Final = 15
# Resets are sent, and cameras announced as offline, before the bus goes.
PARTING_S: Final = 0.05


def main(argv: list[str]) -> int:
    extra = argparse.ArgumentParser(add_help=False)
    extra.add_argument("--listen", metavar="HOST:PORT", default="", help="listen there instead of on descriptor 0")
    process, settings = start("ingest", argv, extra)
    listen = parse_options("ingest", argv, extra).listen
    try:
        port = open_port(listen)
    except ConfigError as error:
        log.error("%s", error)
        return EXIT_BAD_SETTING
    selector = RestingSelector()
    run(
        lambda: serve(process, settings, SystemClock(), port, selector),
        lambda: asyncio.SelectorEventLoop(selector),
    )
    return 0


async def serve(
    process: Process, settings: Settings, clock: Clock, port: socket.socket, selector: RestingSelector
) -> None:
    """Take cameras from `port` and from the handover socket until cancelled."""
    loop = asyncio.get_running_loop()
    counters = Counters()
    intake = Intake(process, settings, clock, counters)
    selector.may_rest = lambda: not intake.exchange.is_watched
    async with intake.exchange, asyncio.TaskGroup() as tasks:
        server = await loop.create_server(lambda: CameraConnection(intake), sock=port, backlog=BACKLOG)
        try:
            with HandoverDoor(socket_path(settings, process.name), intake, clock, tasks):
                log.info("ready")
                await _tell_life(process, settings, intake, Status(process, counters))
        finally:
            # No more are accepted. The server closes only when those accepted last have attached themselves to it, a
            # round of the loop later: one that is closed by then drops them.
            loop.remove_reader(port)
            await _settle(intake)
            server.close()
            intake.close()
            await asyncio.sleep(PARTING_S)


async def _settle(intake: Intake) -> None:
    """Wait a moment for connections that have not said yet who they are, and for answers that are under way."""
    for _ in range(SETTLE_STEPS):
        # At least once: what was accepted last is not known to the intake yet.
        await asyncio.sleep(SETTLE_STEP_S)
        if not intake.is_asked:
            return


async def _tell_life(process: Process, settings: Settings, intake: Intake, status: Status) -> None:
    while True:
        intake.tick()
        intake.exchange.announce_all()
        intake.exchange.publish_status(status.record(ledger=intake.registry.accounts.rows()))
        intake.report_dropped()
        stamp_alive(settings, process)
        await asyncio.sleep(REPORT_INTERVAL_S)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
