"""A small server for tests of cameras alone: keeps every byte and frame that they send, and ends connections as told.

The WebSocket side is `websockets`' own sans-I/O core, so what it accepts is what the RFC allows.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final, Self

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

_RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)  # struct linger: on, no time


class Session(asyncio.Protocol):
    """One connection of a camera."""

    def __init__(self, server: "CameraServer") -> None:
        self._server = server
        self._ws = ServerProtocol(max_size=None)
        self.path = ""
        self.headers: dict[str, str] = {}
        self.raw = bytearray()  # all bytes behind the handshake
        self.frames: list[Frame] = []
        self.messages: list[bytes] = []
        self.is_open = True
        self.error: Exception | None = None  # why it was lost; None for a FIN
        self._pieces: list[bytes] = []

    @property
    def pongs(self) -> list[bytes]:
        """The payloads of all pongs."""
        return [bytes(frame.data) for frame in self.frames if frame.opcode is Opcode.PONG]

    def ping(self, payload: bytes) -> None:
        """Send a ping."""
        self._ws.send_ping(payload)
        self._flush()

    def say(self, text: str) -> None:
        """Send a text message."""
        self._ws.send_text(text.encode())
        self._flush()

    def close(self, code: int, reason: str = "") -> None:
        """Send a Close frame, as this project's server never does to a camera."""
        self._ws.send_close(code, reason)
        self._flush()

    def reset(self) -> None:
        """End it with a TCP reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._transport.abort()

    @property
    def socket(self) -> socket.socket:
        """The server's end, for its options."""
        sock: socket.socket = self._transport.get_extra_info("socket")
        return sock

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # create_server makes nothing else
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self.path:
            self.raw += data
        self._ws.receive_data(data)
        for event in self._ws.events_received():
            if isinstance(event, Request):
                self._answer(event)
            elif isinstance(event, Frame):
                self._keep(event)
        self._flush()
        self._server.note_change()

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open, self.error = False, error
        self._server.note_change()

    def _answer(self, request: Request) -> None:
        refusal = self._server.refusal
        self._ws.send_response(self._ws.reject(*refusal) if refusal else self._ws.accept(request))
        if not refusal:
            self.path, self.headers = request.path, dict(request.headers.raw_items())
            self._server.sessions.append(self)

    def _keep(self, frame: Frame) -> None:
        self.frames.append(frame)
        if frame.opcode in (Opcode.BINARY, Opcode.CONT):
            self._pieces.append(bytes(frame.data))
            if frame.fin:
                self.messages.append(b"".join(self._pieces))
                self._pieces.clear()

    def _flush(self) -> None:
        for chunk in self._ws.data_to_send():
            if chunk:
                self._transport.write(chunk)
            else:
                self._transport.close()


class CameraServer:
    """Listens on a free port of 127.0.0.1. `sessions` grows with each camera that is let in."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.refusal: tuple[int, str] | None = None  # status and text for whoever connects
        self.port = 0
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncIterator[Self]:
        """Serve beside the body; connections that are still open are reset at its end."""
        server = await asyncio.get_running_loop().create_server(lambda: Session(self), "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for session in self.sessions:
                if session.is_open:
                    session.reset()
            await self.wait_until(lambda: not any(session.is_open for session in self.sessions))

    async def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Wait until something is so that changes with what cameras do."""
        while not is_so():
            await self._changed.wait()

    async def wait_messages(self, count: int, session: int = -1) -> list[bytes]:
        """Return the messages of a session (the newest) once there are so many."""
        await self.wait_until(lambda: bool(self.sessions) and len(self.sessions[session].messages) >= count)
        return self.sessions[session].messages

    def note_change(self) -> None:
        """Wake whoever waits."""
        self._changed.set()
        self._changed = asyncio.Event()
