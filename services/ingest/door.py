"""The handover socket: camera connections and posted pictures that fanout passes on (`common/handover.py`)."""

import asyncio
import contextlib
import logging
import os
import socket
from pathlib import Path
from typing import Final

from common import handover
from common.clock import Clock
from common.errors import HandoverError
from common.handover import Answer, Handover
from services.ingest.connection import CameraConnection
from services.ingest.intake import Intake

log = logging.getLogger(__name__)

# The packet comes with the connection.
PACKET_TIMEOUT_S: Final = 1.0
# Without a free descriptor a waiting connection stays readable: looking again at once would spin.
ACCEPT_PAUSE_S: Final = 0.2


class HandoverDoor:
    """`with HandoverDoor(...)`: takes what is passed on, until the block ends."""

    def __init__(self, path: Path, intake: Intake, clock: Clock, tasks: asyncio.TaskGroup) -> None:
        self._path = path
        self._intake = intake
        self._clock = clock
        self._tasks = tasks
        self._waiting: dict[socket.socket, asyncio.TimerHandle] = {}
        self._listener: socket.socket | None = None

    def __enter__(self) -> None:
        self._listener = handover.listen(self._path)
        asyncio.get_running_loop().add_reader(self._listener, self._accept, self._listener)

    def __exit__(self, *_error: object) -> None:
        if self._listener is None:
            return
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        self._listener = None
        self._path.unlink(missing_ok=True)
        for passing in list(self._waiting):
            self._hang_up(passing)

    def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            passing, _ = listener.accept()
        except BlockingIOError:
            return
        except OSError as error:
            log.warning("a handover cannot be accepted: %s", error)
            loop.remove_reader(listener)
            loop.call_later(ACCEPT_PAUSE_S, self._accept_again)
            return
        passing.setblocking(False)
        loop.add_reader(passing, self._receive, passing)
        self._waiting[passing] = loop.call_later(PACKET_TIMEOUT_S, self._hang_up, passing)

    def _accept_again(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().add_reader(self._listener, self._accept, self._listener)

    def _hang_up(self, passing: socket.socket) -> None:
        asyncio.get_running_loop().remove_reader(passing)
        self._waiting.pop(passing).cancel()
        passing.close()

    def _receive(self, passing: socket.socket) -> None:
        try:
            answer = self._take(*handover.receive(passing, self._clock.mono_ns()))
        except BlockingIOError:
            return
        except HandoverError as error:
            answer = Answer(503, str(error))
        except OSError as error:
            answer = Answer(503, f"The handover failed: {error.strerror}")
        with contextlib.suppress(OSError):
            # Whoever asked may be gone; what it passed on is here all the same.
            handover.send_answer(passing, answer)
        self._hang_up(passing)

    def _take(self, passed: Handover, fd: int) -> Answer:
        if passed.kind == handover.FRAME:
            with open(fd, "rb", buffering=0) as file:
                return self._take_picture(passed, file.fileno())
        try:
            camera = socket.socket(fileno=fd)
        except OSError:
            os.close(fd)
            raise
        camera.setblocking(False)
        self._tasks.create_task(self._adopt(camera, passed))
        return Answer(101)

    def _take_picture(self, passed: Handover, fd: int) -> Answer:
        limit_bytes = self._intake.message_limit_bytes
        picture = os.pread(fd, limit_bytes + 1, 0)
        if len(picture) > limit_bytes:
            return Answer(413, f"A picture has at most {limit_bytes} bytes.")
        return self._intake.post(passed.camera, passed.peer, picture)

    async def _adopt(self, camera: socket.socket, passed: Handover) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.connect_accepted_socket(lambda: CameraConnection(self._intake, passed.peer, passed.head), camera)
        except OSError:
            # The device hung up on its way here.
            camera.close()
