"""One accepted TCP connection: aiohttp's protocol, with hooks for what a viewer and a relay need of the transport.

A viewer learns here when its connection takes more (`resume_writing`), so nothing polls for it; whoever makes no
progress is cut by `Connections.sweep`.
"""

import asyncio
import fcntl
import socket
import struct
import sys
import termios
from collections.abc import Callable
from typing import Final, Protocol

from common.clock import Clock
from common.http import Request, RequestHandler
from services.fanout.load_table import LoadTable
from services.fanout.patience import Patience

# What the kernel takes beyond what it has sent. Without it a reader that reads nothing is swallowed by the send buffer
# for 20 s and 3 MB before anybody sees it; with 16 KiB after 1.2 s and 53 KB (measured).
NOTSENT_LOWAT_BYTES: Final = 16 << 10
# linux/tcp.h; the socket module of Python 3.11 has no name for it.
TCP_NOTSENT_LOWAT: Final = 25
# struct tcp_info of linux/tcp.h: what the peer has acknowledged in all. It tells progress where the transport's buffer
# does not: an answer that is streamed fills it up again.
_BYTES_ACKED_AT: Final = 120
_TCP_INFO_BYTES: Final = 128
# A viewer that vanished while its camera was silent: asked after 30 s, gone 30 s later.
KEEPALIVE: Final = ((socket.TCP_KEEPIDLE, 30), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 3))


# SO_LINGER with no time: close() sends RST.
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Outlet(Protocol):
    """What is told of the transport's buffer."""

    def blocked(self) -> None: ...

    def resumed(self, now_ns: int) -> None: ...


class Connections:
    """All connections of this process."""

    def __init__(self, clock: Clock, patience: Patience, load: LoadTable) -> None:
        self.clock: Final = clock
        self.patience: Final = patience
        self.load: Final = load
        self.all: Final[set[Connection]] = set()

    def sweep(self) -> int:
        """Cut the connections that made no progress for too long; return how many. Call it about once a second."""
        now_ns = self.clock.mono_ns()
        stalled = [connection for connection in self.all if connection.is_stalled(now_ns)]
        for connection in stalled:
            connection.reset()
        return len(stalled)


class Connection(asyncio.Protocol):
    """Passes everything on to aiohttp's protocol, or to a relay that took its place.

    `push` sends without the transport, which costs a fan-out 7 % less (measured); only while that holds nothing back.
    """

    def __init__(self, http: RequestHandler, table: Connections, peer: socket.socket) -> None:
        self.push: Final = peer.send
        self._http: Final = http
        self._table: Final = table
        self._receiver: asyncio.Protocol = http
        self._transport: asyncio.Transport | None = None
        self._outlet: Outlet | None = None
        self._on_lost: Callable[[], None] | None = None
        self._is_welcome: Callable[[bytes], bool] | None = None
        self._refuse: Callable[[], None] | None = None
        self._stall_ns = table.patience.answer_ns
        self._least_bytes = table.patience.answer_bytes
        self._acked_bytes: int | None = None
        self._acked_ns = 0

    @property
    def transport(self) -> asyncio.Transport:
        """The transport; ConnectionResetError when it is gone."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError("the connection is gone")
        return self._transport

    def attach(self, outlet: Outlet, on_lost: Callable[[], None], stall_ns: int) -> None:
        """Let `outlet` know from now on when the transport holds bytes back, and call `on_lost` when it is gone."""
        transport = self.transport
        peer: socket.socket = transport.get_extra_info("socket")
        for option, value in KEEPALIVE:
            peer.setsockopt(socket.IPPROTO_TCP, option, value)
        transport.set_write_buffer_limits(high=0)
        self._outlet, self._on_lost = outlet, on_lost
        self.allow_stall(stall_ns)

    def detach(self) -> None:
        """Tell nobody any more. Idempotent."""
        self._outlet = self._on_lost = None

    def allow_stall(self, stall_ns: int) -> None:
        """Let this connection make no progress at all for so long before it is cut; any progress is enough."""
        self._stall_ns, self._least_bytes = stall_ns, 1

    def divert(self, receiver: asyncio.Protocol) -> None:
        """Give the connection's bytes to `receiver` for good; aiohttp only learns of its end."""
        self._receiver = receiver

    def inspect(self, is_welcome: Callable[[bytes], bool], refuse: Callable[[], None]) -> None:
        """Let `is_welcome` see what comes from now on; after its first no nothing is passed on, and `refuse` called."""
        self._is_welcome, self._refuse = is_welcome, refuse

    def is_stalled(self, now_ns: int) -> bool:
        """Return whether bytes are held back, and the peer took too few for too long."""
        if self._transport is None:
            return False
        peer: socket.socket = self._transport.get_extra_info("socket")
        # A viewer is pinged, and what the kernel holds for it is little; an answer may be in there as a whole.
        if not self._transport.get_write_buffer_size() and (self._outlet is not None or not _bytes_unacked(peer)):
            self._acked_bytes = None
            return False
        acked_bytes = _bytes_acked(peer)
        if self._acked_bytes is None or acked_bytes - self._acked_bytes >= self._least_bytes:
            self._acked_bytes, self._acked_ns = acked_bytes, now_ns
        return now_ns - self._acked_ns > self._stall_ns

    def abort(self) -> None:
        """Cut the connection, whatever it still holds. Idempotent."""
        if self._transport is not None:
            self._transport.abort()

    def reset(self) -> None:
        """Cut the connection, and let the kernel forget what it holds for it. Idempotent."""
        if self._transport is not None:
            peer: socket.socket = self._transport.get_extra_info("socket")
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # what TCP has; for mypy
        self._transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOTSENT_LOWAT_BYTES)
        self._table.all.add(self)
        self._http.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        if self._is_welcome is not None and not self._is_welcome(data):
            if self._refuse is not None:
                # Once: what comes after it is not even looked at.
                refuse, self._refuse = self._refuse, None
                self._is_welcome = _nothing
                refuse()
            return
        self._receiver.data_received(data)

    def eof_received(self) -> bool | None:
        return self._receiver.eof_received()

    def pause_writing(self) -> None:
        if self._outlet is not None:
            self._outlet.blocked()
        self._receiver.pause_writing()

    def resume_writing(self) -> None:
        self._receiver.resume_writing()
        if self._outlet is not None:
            self._outlet.resumed(self._table.clock.mono_ns())

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._table.all.discard(self)
        self._table.load.end()
        if self._receiver is not self._http:
            self._receiver.connection_lost(exc)
        self._http.connection_lost(exc)
        if self._on_lost is not None:
            self._on_lost()


def _nothing(_data: bytes) -> bool:
    return False


def _bytes_acked(peer: socket.socket) -> int:
    info = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
    return int(struct.unpack_from("Q", info, _BYTES_ACKED_AT)[0])


def _bytes_unacked(peer: socket.socket) -> int:
    # SIOCOUTQ of linux/sockios.h, which is the same number.
    return int.from_bytes(fcntl.ioctl(peer, termios.TIOCOUTQ, bytes(4)), sys.byteorder)


def connection_of(request: Request) -> Connection:
    """Return the connection that a request came on; ConnectionResetError when it is gone."""
    transport = request.transport
    connection = transport.get_protocol() if transport is not None else None
    if not isinstance(connection, Connection):
        raise ConnectionResetError("the connection is gone")
    return connection
