"""keeper's unix socket: accepts, collects one request a connection, hands it on, sends the answer, closes.

Driven by the loop's selector and never blocking. A connection has 5 s in all, and there are at most 64.
"""

import selectors
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Final

from common.units import NS_PER_S
from services.keeper.api import refusal
from services.keeper.http1 import Answer, Request, RequestError, encode_answer, parse_request

CONNECTIONS_LIMIT: Final = 64
PATIENCE_NS: Final = 5 * NS_PER_S
_READ_BYTES: Final = 16 << 10


class Door:
    """The listening socket and its connections. Selector keys carry the callback of their descriptor as `data`."""

    def __init__(self, path: Path, selector: selectors.BaseSelector, answer: Callable[[Request, int], Answer]) -> None:
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
            if not connection.outgoing:
                self._read(peer, connection, now_ns)
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
            connection.outgoing = encode_answer(refusal(error.status, str(error)))
        else:
            if request is None:
                return
            connection.outgoing = encode_answer(self._answer(request, now_ns), head_only=request.method == "HEAD")
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
        self.is_answered = False
