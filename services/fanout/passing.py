"""Passing a camera's connection, or one picture, to an ingest process on this machine.

The processes' sockets are tried in rotating order; one that is hung costs a second, none at all a hold of five.
"""

import asyncio
import logging
import socket
from typing import Final

from common.clock import Clock
from common.config import Settings
from common.errors import HandoverError
from common.handover import Answer, Handover, connect, receive_answer, send, socket_paths
from services.fanout.waiting import wait_readable

log = logging.getLogger(__name__)

# A living ingest process answers in well under a millisecond; it refuses packets older than this itself.
ANSWER_S: Final = 1.0
# A restart of ingest takes about this long; cameras need not know of it.
HOLD_S: Final = 5.0
RETRY_S: Final = 0.1
# What waits at once; a fleet that comes back after a power cut fits, a flood does not.
HELD_LIMIT: Final = 512

TAKEN: Final = 101
NOBODY: Final = Answer(503, "no ingest process is running; try again in a few seconds")


class Passer:
    """Hands descriptors to ingest processes."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings: Final = settings
        self._clock: Final = clock
        self._turn = 0
        self._held = 0

    async def pass_on(
        self, kind: str, fd: int, peer: str, peer_port: int, *, head: bytes = b"", camera: str = ""
    ) -> Answer:
        """Hand over a duplicate of `fd`; return an ingest process's answer, or 503 when none gave one for 5 s."""
        if self._held >= HELD_LIMIT:
            return NOBODY
        self._held += 1
        loop = asyncio.get_running_loop()
        deadline = loop.time() + HOLD_S
        try:
            while True:
                answer = await self._try_each(kind, fd, peer, peer_port, head, camera)
                if answer is not None:
                    return answer
                if loop.time() >= deadline:
                    return NOBODY
                await asyncio.sleep(RETRY_S)
        finally:
            self._held -= 1

    async def _try_each(self, kind: str, fd: int, peer: str, peer_port: int, head: bytes, camera: str) -> Answer | None:
        paths = socket_paths(self._settings)
        self._turn += 1
        for step in range(len(paths)):
            path = paths[(self._turn + step) % len(paths)]
            try:
                client = connect(path)
            except OSError:
                # A process that is not there any more, or one with a full backlog.
                continue
            with client:
                handover = Handover(kind, peer, peer_port, self._clock.mono_ns(), head, camera)
                try:
                    return await _ask(client, handover, fd)
                except (OSError, HandoverError, TimeoutError) as error:
                    log.warning("%s did not take over: %s", path.name, error or type(error).__name__)
        return None


async def _ask(client: socket.socket, handover: Handover, fd: int) -> Answer:
    send(client, handover, fd)
    if not await wait_readable(client, ANSWER_S):
        raise TimeoutError(f"no answer within {ANSWER_S} s")
    return receive_answer(client)
