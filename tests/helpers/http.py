"""HTTP by hand over a raw socket, for what clients' libraries would not send or would hide."""

import socket
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

DEADLINE_S = 15.0


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class RawClient:
    """One connection; closed with the block."""

    port: int
    buffered: bytes = field(default=b"", init=False)
    receive_buffer_bytes: int = 0

    def __post_init__(self) -> None:
        self.socket = socket.socket()
        if self.receive_buffer_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer_bytes)
        self.socket.settimeout(DEADLINE_S)
        self.socket.connect(("127.0.0.1", self.port))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.socket.close()

    def ask(self, method: str, path: str, *headers: str, body: bytes = b"", version: str = "1.1") -> None:
        """Send a request."""
        length = [f"Content-Length: {len(body)}"] if body else []
        lines = [f"{method} {path} HTTP/{version}", f"Host: 127.0.0.1:{self.port}", *headers, *length, "", ""]
        self.socket.sendall("\r\n".join(lines).encode() + body)

    def read_until(self, mark: bytes) -> bytes:
        """Return what comes up to and with `mark`."""
        while mark not in self.buffered:
            self._more()
        end = self.buffered.index(mark) + len(mark)
        data, self.buffered = self.buffered[:end], self.buffered[end:]
        return data

    def read_exactly(self, size: int) -> bytes:
        while len(self.buffered) < size:
            self._more()
        data, self.buffered = self.buffered[:size], self.buffered[size:]
        return data

    def read_head(self) -> Answer:
        """Return status and headers; the body is left."""
        head = self.read_until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        pairs = [line.split(":", 1) for line in head[1:] if ":" in line]
        return Answer(int(head[0].split(" ")[1]), {name.lower(): value.strip() for name, value in pairs}, b"")

    def read_answer(self, *, has_body: bool = True) -> Answer:
        """Return a whole answer whose length is told, or that has none."""
        head = self.read_head()
        size = int(head.headers.get("content-length", 0)) if has_body and head.status not in (204, 304) else 0
        return Answer(head.status, head.headers, self.read_exactly(size))

    def read_chunk(self) -> bytes:
        """Return the next chunk of a chunked body; empty at its end."""
        size = int(self.read_until(b"\r\n"), 16)
        data = self.read_exactly(size)
        self.read_until(b"\r\n")
        return data

    def read_to_end(self) -> bytes:
        """Return all that comes until the server closes; a reset counts as that."""
        while True:
            try:
                self._more()
            except EOFError:
                data, self.buffered = self.buffered, b""
                return data

    def _more(self) -> None:
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            data = b""
        if not data:
            raise EOFError("the server closed the connection")
        self.buffered += data


def fetch(port: int, path: str, *headers: str, method: str = "GET", body: bytes = b"") -> Answer:
    """Ask once and return the whole answer."""
    with RawClient(port) as client:
        client.ask(method, path, *headers, body=body)
        return client.read_answer(has_body=method != "HEAD")
