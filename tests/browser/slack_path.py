"""A TCP path to the server that can stop forwarding, and go on: what a proxy or a dead spot does to a viewer."""

import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Final, Self

CHUNK_BYTES: Final = 64 << 10
POLL_S: Final = 0.05


class SlackPath:
    """Forwards 127.0.0.1:`port` to a port of this machine. Its sockets keep little meanwhile with `room_bytes`."""

    def __init__(self, target_port: int, *, room_bytes: int = 0) -> None:
        self._target_port: Final = target_port
        self._room_bytes: Final = room_bytes
        self._listener: Final = socket.create_server(("127.0.0.1", 0))
        self._sockets: Final[list[socket.socket]] = []
        self._forgotten: Final[set[socket.socket]] = set()
        self._threads: Final[list[threading.Thread]] = []
        self._open: Final = threading.Event()
        self._ending: Final = threading.Event()

    @property
    def port(self) -> int:
        """The port of this end."""
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Self:
        if self._room_bytes:
            # Inherited by what is accepted; a larger one is not given back later.
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, self._room_bytes)
        self._open.set()
        self._begin(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        self._open.set()
        # The thread that accepts is the first; after its end there are no more sockets and threads.
        self._threads[0].join()
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads[1:]:
            thread.join()
        for one in (*self._sockets, self._listener):
            one.close()

    def stop(self) -> None:
        """Forward nothing from now on, and close nothing."""
        self._open.clear()

    def forget(self) -> None:
        """Never forward anything again of what is connected now; what connects later works."""
        self._forgotten.update(self._sockets)

    def go_on(self) -> None:
        """Forward again, what waits first."""
        self._open.set()

    def _begin(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            while not self._ending.is_set():
                if selector.select(POLL_S):
                    self._open.wait()
                    self._join(self._listener.accept()[0])

    def _join(self, near: socket.socket) -> None:
        far = socket.socket()
        self._sockets.extend((near, far))
        if self._room_bytes:
            far.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._room_bytes)
        try:
            far.connect(("127.0.0.1", self._target_port))
        except OSError:
            near.close()
            return
        self._begin(self._forward, near, far)
        self._begin(self._forward, far, near)

    def _forward(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                self._open.wait()
                if sink not in self._forgotten:
                    sink.sendall(data)
        # The end of one direction ends both: a viewer's connection has no use for half of it.
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
