"""A viewer that does as little as possible: one blocking socket, a stamp when a message is complete."""

import json
import os
import socket
import struct
import time
from base64 import b64encode
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

_TEXT: Final = 0x1
_BINARY: Final = 0x2
_CLOSE: Final = 0x8
_PING: Final = 0x9
_PONG: Final = 0xA
_CHUNK_BYTES: Final = 1 << 18


class Received(NamedTuple):
    """One binary message, with the `frame` text before it (`&meta=1`), and when its last byte was here."""

    meta: dict[str, Any]
    payload: bytes
    mono_ns: int


class Viewer:
    """Connects to a server of this machine at once; iterate `pictures`."""

    def __init__(self, port: int, path: str, *, timeout_s: float = 10.0) -> None:
        self.started_ns: Final = time.monotonic_ns()
        self.texts: list[dict[str, Any]] = []
        self._socket = socket.create_connection(("127.0.0.1", port), timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._waiting = bytearray()
        try:
            self._shake_hands(port, path)
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._socket.close()

    def pictures(self) -> Iterator[Received]:
        """Yield binary messages until the server closes; TimeoutError when nothing comes for long."""
        meta: dict[str, Any] = {}
        while True:
            opcode, payload = self._message()
            now_ns = time.monotonic_ns()
            if opcode == _BINARY:
                yield Received(meta, payload, now_ns)
                meta = {}
            elif opcode == _TEXT:
                text = json.loads(payload)
                if text["type"] == "frame":
                    meta = text
                else:
                    self.texts.append(text)
            elif opcode == _PING:
                self._socket.sendall(bytes([0x80 | _PONG, 0x80 | len(payload)]) + bytes(4) + payload)
            elif opcode == _CLOSE:
                return

    def _shake_hands(self, port: int, path: str) -> None:
        key = b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        while (end := self._waiting.find(b"\r\n\r\n")) < 0:
            self._receive()
        answer = bytes(self._waiting[:end])
        if not answer.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(f"{path}: {answer.splitlines()[0].decode(errors='replace')}")
        del self._waiting[: end + 4]

    def _message(self) -> tuple[int, bytes]:
        head = self._take(2)
        opcode, length = head[0] & 0x0F, head[1]
        if length == 126:
            (length,) = struct.unpack("!H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack("!Q", self._take(8))
        return opcode, self._take(length)

    def _take(self, count: int) -> bytes:
        while len(self._waiting) < count:
            self._receive()
        taken = bytes(self._waiting[:count])
        del self._waiting[:count]
        return taken

    def _receive(self) -> None:
        chunk = self._socket.recv(_CHUNK_BYTES)
        if not chunk:
            raise ConnectionError("the server hung up")
        self._waiting += chunk
