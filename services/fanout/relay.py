"""A camera whose request aiohttp has read already (a kept-alive connection of a proxy): its bytes are pumped to ingest.

Ingest gets one end of a socket pair and the request's head; it serves that as it would the camera's own socket.
"""

import asyncio
import socket
from typing import Final

from common.handover import CAMERA
from common.http import Request, Response, StreamResponse, refuse
from services.fanout.connection import Connection, connection_of
from services.fanout.passing import TAKEN, Passer
from services.fanout.raw_http import request_head

_ACCEPTED: Final = b"HTTP/1.1 101"
# For the last bytes of a refusal to leave.
FLUSH_S: Final = 2.0


async def relay_camera(request: Request, passer: Passer) -> StreamResponse:
    """Serve `/ws/camera` on a connection that could not be handed over; return when either side is gone."""
    connection = connection_of(request)
    transport = connection.transport
    # What comes before the pump runs stays in the kernel.
    transport.pause_reading()
    near, far = socket.socketpair()
    with far:
        peer, port = transport.get_extra_info("peername")[:2]
        head = request_head(request.method, request.path_qs, request.raw_headers)
        answer = await passer.pass_on(CAMERA, far.fileno(), peer, port, head=head)
    if answer.status != TAKEN:
        near.close()
        transport.resume_reading()
        return refuse(answer.status, answer.text)
    near.setblocking(False)
    await _pump(connection, near)
    # Nobody is left to read it; aiohttp wants an answer all the same.
    return Response()


async def _pump(connection: Connection, near: socket.socket) -> None:
    from_camera, from_ingest = Direction(), IngestDirection()
    camera = connection.transport
    ingest, _ = await asyncio.get_running_loop().connect_accepted_socket(lambda: from_ingest, near)
    from_camera.transport, from_camera.sink = camera, ingest
    from_ingest.sink = camera
    connection.divert(from_camera)
    camera.resume_reading()
    try:
        await asyncio.wait((from_camera.lost, from_ingest.lost), return_when=asyncio.FIRST_COMPLETED)
        if from_ingest.lost.done() and not from_ingest.was_accepted:
            camera.close()
            await asyncio.wait((from_camera.lost,), timeout=FLUSH_S)
    finally:
        ingest.abort()
        if not from_camera.lost.done():
            # A camera is never told goodbye.
            connection.reset()


class Direction(asyncio.Protocol):
    """What `transport` receives is written to `sink`. While `transport` takes no more, `sink` is not read."""

    def __init__(self) -> None:
        self.lost: Final[asyncio.Future[None]] = asyncio.get_running_loop().create_future()
        self.transport: asyncio.Transport | None = None
        self.sink: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # what a stream socket has; for mypy
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.sink is not None:
            self.sink.write(data)

    def pause_writing(self) -> None:
        if self.sink is not None:
            self.sink.pause_reading()

    def resume_writing(self) -> None:
        if self.sink is not None:
            self.sink.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)


class IngestDirection(Direction):
    """From ingest to the camera; remembers whether ingest accepted the camera or refused it in words."""

    def __init__(self) -> None:
        super().__init__()
        self.was_accepted = False
        self._answered = False

    def data_received(self, data: bytes) -> None:
        if not self._answered:
            self._answered = True
            self.was_accepted = data.startswith(_ACCEPTED)
        super().data_received(data)
