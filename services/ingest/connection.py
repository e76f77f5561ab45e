"""One camera's TCP connection: its bytes in, messages to the reception out, and back nothing but the 101 and pongs.

It always reads (a stalled reader makes arduinoWebSockets lose its framing), and ends by a TCP reset, never by a
WebSocket Close frame (esp_websocket_client would stop for good). Only refusals, before the handshake, end politely.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Final, Protocol

from common.names import CameraId
from services.ingest.handshake import HEAD_END, HEAD_LIMIT_BYTES, Refusal, answer_head, refuse
from services.ingest.messages import Message, MessageStream
from services.ingest.session import Session

HEAD_TIMEOUT_S: Final = 10.0
# A refused device gets its answer out before the connection goes, however much it still sends.
REFUSED_LINGER_S: Final = 1.0
# Pongs that nobody reads are not queued beyond this.
PONG_QUEUE_LIMIT_BYTES: Final = 4096
# A dead camera is found by TCP itself, after 5 s of silence and two probes of 2 s; the device's
# stack answers by itself. The user timeout does the same while a pong waits for its acknowledgement: probes rest then.
KEEPALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 2),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 9000),
)
# socket(7): l_onoff and l_linger; closing resets, also when this process is killed.
RESET_ON_CLOSE: Final = struct.pack("ii", 1, 0)


class Reception(Protocol):
    """What a connection needs of the process."""

    message_limit_bytes: int
    read_buffer: memoryview
    """Shared: it is emptied before another connection reads."""

    def mono_ns(self) -> int: ...

    def arrive(self, connection: "CameraConnection") -> None: ...

    def admit(self, connection: "CameraConnection", peer: str, name: CameraId | None) -> Session | Refusal: ...

    def note_refusal(self, peer: str, refusal: Refusal) -> None: ...

    def deliver(self, session: Session, message: Message, received_mono_ns: int) -> None: ...

    def depart(self, connection: "CameraConnection", session: Session | None, reason: str) -> None: ...


class CameraConnection(asyncio.BufferedProtocol):
    """One connection; `head` are request bytes that somebody else already read off it, `peer` its address."""

    def __init__(self, reception: Reception, peer: str = "", head: bytes = b"") -> None:
        self.session: Session | None = None
        self._reception = reception
        self._peer = peer
        self._head = bytearray(head)
        self._receive: Callable[[memoryview | bytes], None] = self._receive_head
        self._reason = ""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise AssertionError(f"a stream's transport, but {type(transport).__name__}")
        self._transport = transport
        self._peer = self._peer or _peer_address(transport)
        self._set_options(KEEPALIVE)
        self._timer = asyncio.get_running_loop().call_later(HEAD_TIMEOUT_S, self._end_slow_head)
        self._reception.arrive(self)
        if self._head:
            self._receive_head(b"")

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self._reception.read_buffer

    def buffer_updated(self, count: int) -> None:
        self._receive(self._reception.read_buffer[:count])

    def connection_lost(self, error: Exception | None) -> None:
        self._timer.cancel()
        # No bound method of its own: so nothing waits for the garbage collector, and the newest picture with it.
        self._receive = _ignore
        reason = self._reason or (f"lost: {error}" if error else "the camera hung up")
        session, self.session = self.session, None
        self._reception.depart(self, session, reason)

    def reset(self, reason: str) -> None:
        """End the connection by a TCP reset. Idempotent."""
        self._reason = self._reason or reason
        self._receive = _ignore
        self._transport.abort()

    def _receive_head(self, received: memoryview | bytes) -> None:
        head = self._head
        head += received
        end = head.find(HEAD_END, 0, HEAD_LIMIT_BYTES)
        if end < 0:
            # TLS, or a stream that lost its step, is no method's first letter.
            if not head[:1].isalpha():
                self._refuse(refuse(400, "This is no HTTP request that cameras send."))
            elif len(head) >= HEAD_LIMIT_BYTES:
                self._refuse(refuse(431, f"The request's head exceeds {HEAD_LIMIT_BYTES} bytes."))
            return
        end += len(HEAD_END)
        answer = answer_head(bytes(head[:end]))
        if isinstance(answer, Refusal):
            return self._refuse(answer)
        admitted = self._reception.admit(self, self._peer, answer.name)
        if isinstance(admitted, Refusal):
            return self._refuse(admitted)
        self.session = admitted
        self._open(answer.response, bytes(head[end:]))

    def _open(self, response: bytes, early: bytes) -> None:
        self._timer.cancel()
        self._head = bytearray()
        self._set_options(((socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE),))
        self._stream = MessageStream(self._reception.message_limit_bytes, self._reception.mono_ns())
        self._receive = self._receive_messages
        self._transport.write(response)
        if early:
            self._receive_messages(early)

    def _receive_messages(self, received: memoryview | bytes) -> None:
        now_ns = self._reception.mono_ns()
        stream, session = self._stream, self.session
        if session is None:
            raise AssertionError("messages come after the handshake")
        for message in stream.feed(received, now_ns):
            if self._reason:
                return
            self._reception.deliver(session, message, now_ns)
        if stream.ended:
            self.reset(stream.ended)
        elif stream.pongs:
            if self._transport.get_write_buffer_size() <= PONG_QUEUE_LIMIT_BYTES:
                self._transport.writelines(stream.pongs)
            stream.pongs.clear()

    def _refuse(self, refusal: Refusal) -> None:
        self._reason = f"refused with {refusal.status}"
        self._receive = _ignore
        self._reception.note_refusal(self._peer, refusal)
        self._transport.write(refusal.response)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(REFUSED_LINGER_S, self._transport.abort)

    def _end_slow_head(self) -> None:
        self._refuse(refuse(408, f"The request's head did not come within {HEAD_TIMEOUT_S:g} s."))

    def _set_options(self, options: tuple[tuple[int, int, int | bytes], ...]) -> None:
        connected: socket.socket = self._transport.get_extra_info("socket")
        if connected.family == socket.AF_UNIX:
            return
        for level, option, value in options:
            # A connection that is reset while it is accepted refuses options; its end follows.
            with contextlib.suppress(OSError):
                connected.setsockopt(level, option, value)


def _ignore(_received: memoryview | bytes) -> None:
    """Drop what comes after the end."""


def _peer_address(transport: asyncio.Transport) -> str:
    name = transport.get_extra_info("peername")
    return str(name[0]).removeprefix("::ffff:") if isinstance(name, tuple) else "unknown"
