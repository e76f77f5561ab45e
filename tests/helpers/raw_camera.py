"""A camera on a raw socket: sends just what a test says, and tells what came back."""

import socket
import struct
from types import TracebackType
from typing import Self

from tests.helpers.websocket import BINARY, client_frame

HEAD_END = b"\r\n\r\n"
TIMEOUT_S = 10.0
USUAL_HEADERS = (
    "Host: 127.0.0.1:8081",
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: o5eiVVO+8fz5eWtSFBPp4g==",
)


class RawCamera:
    """One TCP connection. `address` is the camera's own, any of 127.0.0.0/8."""

    def __init__(self, port: int, *, address: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT_S, source_address=(address, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.socket.close()

    def ask(self, target: str = "/ws/camera", headers: tuple[str, ...] = USUAL_HEADERS, method: str = "GET") -> bytes:
        """Send a request head; return the whole answer to it, or its head if it is a 101."""
        self.send("\r\n".join((f"{method} {target} HTTP/1.1", *headers)).encode() + HEAD_END)
        return self.read_answer()

    def read_answer(self) -> bytes:
        answer = b""
        while not (answer.startswith(b"HTTP/1.1 101") and answer.endswith(HEAD_END)):
            received = self.socket.recv(4096)
            if not received:
                break
            answer += received
        return answer

    def send(self, wire: bytes) -> None:
        self.socket.sendall(wire)

    def send_picture(self, jpeg: bytes) -> None:
        self.send(client_frame(BINARY, jpeg))

    def receive(self, count: int) -> bytes:
        """Return exactly `count` bytes."""
        received = b""
        while len(received) < count:
            piece = self.socket.recv(count - len(received))
            if not piece:
                raise EOFError(f"the server hung up after {received!r}")
            received += piece
        return received

    def read_to_end(self) -> tuple[bytes, bool]:
        """Return what still comes, and whether the end is a reset."""
        received = b""
        try:
            while piece := self.socket.recv(4096):
                received += piece
        except ConnectionResetError:
            return received, True
        return received, False

    def is_silent(self, seconds: float) -> bool:
        """Return whether nothing comes for so long, not even an end."""
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(1)
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(TIMEOUT_S)
        return False

    def crash(self) -> None:
        """Close with a reset, as a device whose stack restarts."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


def join(port: int, target: str, *, address: str = "127.0.0.1") -> RawCamera:
    """Return a camera whose handshake is done."""
    camera = RawCamera(port, address=address)
    answer = camera.ask(target)
    if not answer.startswith(b"HTTP/1.1 101"):
        camera.socket.close()
        raise AssertionError(f"refused: {answer!r}")
    return camera
