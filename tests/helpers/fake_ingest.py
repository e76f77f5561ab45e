"""An ingest process as fanout sees it: a socket in the run folder that takes connections and pictures over."""

import os
import socket
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from common.config import Settings
from common.handover import CAMERA, Answer, Handover, listen, receive, send_answer, socket_path
from tests.helpers.rooms import wait_until


@dataclass(frozen=True)
class Taken:
    """One connection or picture that was taken over."""

    handover: Handover
    connection: socket.socket | None = None
    picture: bytes = b""


@dataclass
class FakeIngest:
    """`with FakeIngest(settings) as ingest:`; `answer` is for pictures, `refusal` for cameras."""

    settings: Settings
    name: str = "ingest-0"
    answer: Answer = field(default=Answer(204))
    refusal: Answer | None = None
    is_hung: bool = False
    taken: list[Taken] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = listen(socket_path(self.settings, self.name))
        self._server.settimeout(0.05)
        self._ended = threading.Event()
        self._held: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join(10)
        self._server.close()
        socket_path(self.settings, self.name).unlink(missing_ok=True)
        for each in self.taken:
            if each.connection is not None:
                each.connection.close()
        for connection in self._held:
            connection.close()

    def wait_taken(self, count: int = 1) -> Taken:
        """Return the newest of at least `count` that were taken."""
        wait_until(lambda: len(self.taken) >= count, f"{count} taken over")
        return self.taken[-1]

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._server.accept()
            except TimeoutError:
                continue
            if self.is_hung:
                self._held.append(connection)
                continue
            with connection:
                connection.settimeout(5)
                self._take(connection)

    def _take(self, connection: socket.socket) -> None:
        handover, fd = receive(connection, time.monotonic_ns())
        if handover.kind != CAMERA:
            with open(fd, "rb") as file:
                self.taken.append(Taken(handover, picture=file.read()))
            send_answer(connection, self.answer)
        elif self.refusal is not None:
            os.close(fd)
            send_answer(connection, self.refusal)
        else:
            camera = socket.socket(fileno=fd)
            camera.setblocking(True)
            camera.settimeout(10)
            send_answer(connection, Answer(101))
            self.taken.append(Taken(handover, camera))
