"""One WebSocket connection of a camera: `websockets` shakes hands and reads, `framing` says what is written.

I/O only. Whatever ends it (refused, reset, closed) is a ConnectionError with a sentence.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from websockets.client import ClientProtocol
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

from tools.mock_camera.framing import close_frame
from tools.mock_camera.silence import cut_off, unacknowledged_bytes

log = logging.getLogger(__name__)

_CONNECT_TIMEOUT_S: Final = 5.0  # as Links2004's library, for TCP and for the server's answer together
_CLOSE_TIMEOUT_S: Final = 0.5  # SIGTERM ends a camera at once, but its last frame should still arrive
_NORMAL_CLOSURE: Final = 1000
_PONG_BYTE: Final = 0x80 | Opcode.PONG
_LONGEST_REASON: Final = 100  # letters of a server's refusal that go into a log line


@dataclass(frozen=True, slots=True)
class Target:
    """Where a camera connects."""

    host: str
    port: int
    path: str

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ws://{host}:{self.port}{quote(self.path, safe='/?&=%-._~:@!$+,;')}"


async def open_connection(target: Target, pongs: bool = True) -> "CameraConnection":
    """Return a connection ready for frames; raises ConnectionError with the reason."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_CONNECT_TIMEOUT_S):
            _, connection = await loop.create_connection(
                lambda: CameraConnection(target, pongs), target.host, target.port
            )
    except TimeoutError:
        raise ConnectionError(f"no TCP connection within {_CONNECT_TIMEOUT_S:g} s") from None
    except OSError as error:
        raise ConnectionError(_reason(error)) from error
    try:
        await connection.shake_hands()
    except BaseException:
        connection.abort()
        raise
    return connection


class CameraConnection(asyncio.Protocol):
    """An asyncio protocol around the sans-I/O client. Made by `open_connection`."""

    def __init__(self, target: Target, pongs: bool) -> None:
        # What Links2004's library says of itself; the server must require none of it.
        self._ws = ClientProtocol(
            parse_uri(target.url), origin=Origin("file://"), subprotocols=[Subprotocol("arduino")], logger=log
        )
        self._pongs = pongs
        self._opened = asyncio.get_running_loop().create_future()
        self._writable = asyncio.Event()
        self._writable.set()
        self.lost: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.close_received = ""

    # What the camera does.

    async def shake_hands(self) -> None:
        """Send the request and wait for 101; raises ConnectionError otherwise."""
        request = self._ws.connect()
        request.headers["User-Agent"] = "esp32-stream mock camera"
        self._ws.send_request(request)
        self._flush()
        try:
            async with asyncio.timeout(_CONNECT_TIMEOUT_S):
                await self._opened
        except TimeoutError:
            raise ConnectionError(f"no answer to the handshake within {_CONNECT_TIMEOUT_S:g} s") from None

    def write(self, frames: Sequence[bytes]) -> None:
        """Write frames, each by itself; on a lost connection they go nowhere, and `drain` says so."""
        if not self.lost.done():
            for frame in frames:
                self._transport.write(frame)

    async def drain(self) -> None:
        """Wait until the kernel has taken what was written; raises ConnectionError when the connection is lost."""
        await self._writable.wait()
        if self.lost.done():
            raise ConnectionError(self.lost.result())

    async def fall_silent(self) -> None:
        """Be without power from now on: see `silence`. The caller keeps this object, or the socket would be closed."""
        sock = self._transport.get_extra_info("socket")
        for _ in range(100):
            if not unacknowledged_bytes(sock.fileno()):
                break
            await asyncio.sleep(0.005)
        cut_off(sock)

    async def close(self) -> None:
        """Say good-bye and close, within half a second; never fails."""
        if not self.lost.done():
            self._transport.write(close_frame(_NORMAL_CLOSURE, lambda: os.urandom(4)))
            self._transport.close()
        await asyncio.wait([self.lost], timeout=_CLOSE_TIMEOUT_S)
        self.abort()

    def abort(self) -> None:
        """Close without a word."""
        self._transport.abort()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # create_connection makes nothing else
        self._transport = transport
        # A device has a buffer of few kilobytes: it does not begin a frame while the last one is still on its way.
        transport.set_write_buffer_limits(high=0)

    def data_received(self, data: bytes) -> None:
        self._ws.receive_data(data)
        self._flush()
        for event in self._ws.events_received():
            if isinstance(event, Response):
                self._answered(event)
            elif isinstance(event, Frame) and event.opcode is Opcode.CLOSE:
                self.close_received = f"the server sent Close {self._ws.close_rcvd}"
        if self._opened.done() and self._ws.close_expected():
            self._transport.close()

    def eof_received(self) -> None:
        self._ws.receive_eof()

    def connection_lost(self, error: Exception | None) -> None:
        reason = self.close_received or (str(error) if error else "the server closed the connection")
        if not self._opened.done():
            self._opened.set_exception(ConnectionError(reason))
        if not self.lost.done():
            self.lost.set_result(reason)
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # How it is done.

    def _answered(self, response: Response) -> None:
        if self._opened.done():
            return
        refusal = self._ws.handshake_exc
        if refusal is None:
            self._opened.set_result(None)
            return
        self._opened.set_exception(ConnectionError(_sentence(refusal, response)))

    def _flush(self) -> None:
        for chunk in self._ws.data_to_send():
            # The empty chunk stands for the end of the stream: connection_lost comes anyway.
            if chunk and (self._pongs or chunk[0] != _PONG_BYTE):
                self._transport.write(chunk)


def _reason(error: OSError) -> str:
    """Return the kernel's words for a failed connect: asyncio puts "Connect call failed" and an address there."""
    # A name that cannot be resolved comes with a number of the resolver's own.
    if error.errno is None or isinstance(error, socket.gaierror):
        return error.strerror or str(error)
    return os.strerror(error.errno)


def _sentence(refusal: Exception, response: Response) -> str:
    if not isinstance(refusal, InvalidStatus):
        return f"handshake failed: {refusal}"
    body = bytes(response.body or b"").decode("utf-8", "replace").strip().partition("\n")[0]
    said = f": {body[:_LONGEST_REASON]}" if body else ""
    return f"refused with {response.status_code} {response.reason_phrase}{said}"
