"""A small API's unix socket: accepts, collects one request a connection, hands it on, sends the answer, closes.

Driven by the loop's selector and never blocking. A connection has 5 s in all, and there are at most 64. Who cannot
answer at once returns a `Later`, and settles it when it can.
"""

import selectors
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from common.http1 import Answer, Request, RequestError, encode_answer, parse_request, refusal
from common.units import NS_PER_S

CONNECTIONS_LIMIT: Final = 64
PATIENCE_NS: Final = 5 * NS_PER_S
# For what another thread has to do first, on a slow disk perhaps.
LATER_PATIENCE_NS: Final = 30 * NS_PER_S
_READ_BYTES: Final = 16 << 10


class Later:
    """An answer that is still to come: `settle` it once, in the loop's thread. Whoever asked may be gone by then."""

    def __init__(self) -> None:
        self._is_settled = False
        self._send: Callable[[Answer], None] | None = None
        self._early: Answer | None = None

    def settle(self, answer: Answer) -> None:
        """Send the answer; the first one counts."""
        if self._is_settled:
            return
        self._is_settled = True
        if self._send is None:
            self._early = answer
        else:
            self._send(answer)

    def on_settled(self, send: Callable[[Answer], None]) -> None:
        """Hand the answer to `send` when it comes, or at once when it has come."""
        self._send = send
        if self._early is not None:
            send(self._early)


Answerer = Callable[[Request, int], Answer | Later]


class Door:
    """The listening socket and its connections. Selector keys carry the callback of their descriptor as `data`."""

    def __init__(self, path: Path, selector: selectors.BaseSelector, answer: Answerer) -> None:
        self._path = path
        self._selector = selector
        self._answer = answer
        self._connections: dict[socket.socket, _Connection] = {}
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._listener.bind(str(path))
        self._listener.listen(CONNECTIONS_LIMIT)
        selector.register(self._listener, selectors.EVENT_READ, self._accept)

    def close(self) -> None:
        """Drop all connections and remove the socket. Idempotent."""
        for peer in list(self._connections):
            self._drop(peer)
        if self._listener.fileno() >= 0:
            self._selector.unregister(self._listener)
            self._listener.close()
            self._path.unlink(missing_ok=True)

    def drop_late(self, now_ns: int) -> None:
        """Close the connections whose time is over."""
        for peer, connection in list(self._connections.items()):
            if now_ns > connection.deadline_ns:
                self._drop(peer)

    def _accept(self, now_ns: int) -> None:
        try:
            peer, _ = self._listener.accept()
        except OSError:
            # Gone again before it was accepted, or no descriptor left: the next one may do better.
            return
        if len(self._connections) >= CONNECTIONS_LIMIT:
            peer.close()
            return
        peer.setblocking(False)
        self._connections[peer] = _Connection(now_ns + PATIENCE_NS)
        self._selector.register(peer, selectors.EVENT_READ, lambda now_ns: self._serve(peer, now_ns))

    def _serve(self, peer: socket.socket, now_ns: int) -> None:
        connection = self._connections[peer]
        try:
            if not connection.is_heard:
                self._read(peer, connection, now_ns)
            elif not connection.outgoing and not peer.recv(_READ_BYTES):
                raise ConnectionResetError("gone before its answer")
            if connection.outgoing:
                connection.outgoing = connection.outgoing[peer.send(connection.outgoing) :]
                connection.is_answered = not connection.outgoing
        except BlockingIOError:
            return
        except OSError:
            self._drop(peer)
            return
        if connection.is_answered:
            self._drop(peer)

    def _read(self, peer: socket.socket, connection: "_Connection", now_ns: int) -> None:
        part = peer.recv(_READ_BYTES)
        if not part:
            raise ConnectionResetError("closed before its request was whole")
        connection.received += part
        try:
            request = parse_request(connection.received)
        except RequestError as error:
            self._send(peer, connection, refusal(error.status, str(error)), head_only=False)
            return
        if request is None:
            return
        connection.is_heard = True
        head_only = request.method == "HEAD"
        answer = self._answer(request, now_ns)
        if isinstance(answer, Later):
            connection.deadline_ns = now_ns + LATER_PATIENCE_NS
            answer.on_settled(lambda answer: self._send(peer, connection, answer, head_only=head_only))
        else:
            self._send(peer, connection, answer, head_only=head_only)

    def _send(self, peer: socket.socket, connection: "_Connection", answer: Answer, *, head_only: bool) -> None:
        if self._connections.get(peer) is not connection:
            return
        connection.is_heard = True
        connection.outgoing = encode_answer(answer, head_only=head_only)
        self._selector.modify(peer, selectors.EVENT_WRITE, self._selector.get_key(peer).data)

    def _drop(self, peer: socket.socket) -> None:
        del self._connections[peer]
        self._selector.unregister(peer)
        peer.close()


class _Connection:
    def __init__(self, deadline_ns: int) -> None:
        self.deadline_ns = deadline_ns
        self.received = b""
        self.outgoing = b""
        self.is_heard = False
        self.is_answered = False
