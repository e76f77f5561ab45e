"""A viewer as an outsider would write it: a plain WebSocket client in a thread that remembers what it received."""

import json
import socket
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.sync.client import ClientConnection, connect

DEADLINE_S = 20.0


@dataclass(frozen=True, slots=True)
class Received:
    """One picture: its `frame` message, its bytes, and when it was here."""

    meta: dict[str, Any]
    payload: bytes
    mono_ns: int


@dataclass
class Viewer:
    """Watches one camera until the block ends; connects again when the server hangs up, and counts that."""

    url: str
    pictures: list[Received] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    close_codes: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._ended = threading.Event()
        self._changed = threading.Condition()
        self._connection: ClientConnection | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        if self._connection is not None:
            # Wakes the reading thread, which a close() would not; the connection may have ended by itself.
            with suppress(OSError):
                self._connection.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(DEADLINE_S)
        assert not self._thread.is_alive(), "the viewer's thread did not end"

    def wait_for(self, count: int, timeout_s: float = DEADLINE_S) -> list[Received]:
        """Return the next `count` pictures from now; AssertionError when they do not come in time."""
        start = len(self.pictures)
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while len(self.pictures) < start + count:
                left_s = deadline - time.monotonic()
                came = len(self.pictures) - start
                assert left_s > 0, f"{came} of {count} pictures within {timeout_s} s; told: {self.texts[-5:]}"
                self._changed.wait(min(left_s, 0.5))
        return self.pictures[start : start + count]

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Return the text messages of a type."""
        return [text for text in self.texts if text["type"] == kind]

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                with connect(
                    self.url, compression=None, max_size=None, open_timeout=5, close_timeout=0.2
                ) as connection:
                    self._connection = connection
                    self.connections += 1
                    self._read(connection)
            except ConnectionClosed as closed:
                self.close_codes.append(closed.rcvd.code if closed.rcvd else 1006)
            except (OSError, InvalidHandshake, TimeoutError, EOFError):
                self._ended.wait(0.05)

    def _read(self, connection: ClientConnection) -> None:
        meta: dict[str, Any] = {}
        while True:
            message = connection.recv()
            now_ns = time.monotonic_ns()
            with self._changed:
                if isinstance(message, str):
                    text = json.loads(message)
                    if text["type"] == "frame":
                        meta = text
                    else:
                        self.texts.append(text)
                else:
                    self.pictures.append(Received(meta, message, now_ns))
                self._changed.notify_all()
