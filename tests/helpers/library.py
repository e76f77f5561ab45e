"""A library process on a folder of recordings, and a client of its socket."""

import asyncio
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.config import Settings
from common.http import make_runner
from services.library.application import Part, make_application
from tests.helpers.bus import short_tmp
from tests.helpers.rooms import Room, listening_socket, room, settings_in


@dataclass(frozen=True)
class Reply:
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=15)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(15)
        self.sock.connect(str(self._path))


@dataclass
class LibraryRoom:
    """A running library process."""

    folder: Path
    settings: Settings
    room: Room

    @property
    def recordings(self) -> Path:
        return self.settings.recording_dir

    @property
    def socket(self) -> Path:
        return self.settings.run_path("library.sock")

    def ask(self, path: str, method: str = "GET", body: Any = None, **headers: str) -> Reply:
        """Ask once; `If_Range="x"` becomes the header If-Range, and a body that is no text is sent as JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, (str, bytes)):
            body = json.dumps(body)
            named.setdefault("Content-Type", "application/json")
        connection = UnixConnection(self.socket)
        try:
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return Reply(answer.status, dict(answer.getheaders()), answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Reply:
        """Ask for what is below /api/recordings."""
        return self.ask(f"/api/recordings{path}", **headers)


@contextmanager
def a_library(recordings: Path, *, with_broker: bool = False) -> Iterator[LibraryRoom]:
    """Yield a library on a folder of recordings, which need not be there."""
    with short_tmp() as folder:
        place = str(recordings)
        settings = settings_in(folder, CAM_RECORDING_DIR=place)
        broker = room("broker", folder) if with_broker else nullcontext()
        with broker, room("library", folder, CAM_RECORDING_DIR=place) as process:
            yield LibraryRoom(folder, settings, process)


@contextmanager
def parts_on_socket(parts: Sequence[Part], allowed_origins: tuple[str, ...] = ()) -> Iterator[Path]:
    """Serve parts of the library in a thread of this process; yield their socket."""
    with short_tmp() as folder, socket.socket(socket.AF_UNIX) as listener:
        path = folder / "parts.sock"
        listener.bind(str(path))
        with _serving(parts, allowed_origins, listener):
            yield path


@contextmanager
def parts_on_port(parts: Sequence[Part]) -> Iterator[int]:
    """Serve parts of the library to a browser; yield the port."""
    with listening_socket() as listener, _serving(parts, (), listener):
        yield listener.getsockname()[1]


@contextmanager
def _serving(parts: Sequence[Part], allowed_origins: tuple[str, ...], listener: socket.socket) -> Iterator[None]:
    ready, stop = threading.Event(), threading.Event()

    async def serve() -> None:
        runner = make_runner(make_application(parts, allowed_origins))
        await runner.setup()
        http = runner.server
        assert http is not None
        loop = asyncio.get_running_loop()
        make = loop.create_unix_server if listener.family == socket.AF_UNIX else loop.create_server
        async with await make(http, sock=listener):
            ready.set()
            while not stop.is_set():
                await asyncio.sleep(0.01)
        await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(15)
        yield
    finally:
        stop.set()
        thread.join()


def ask_raw(path: Path, request_line: bytes) -> bytes:
    """Send a request line as it is, and return all that is answered."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(15)
        client.connect(str(path))
        client.sendall(request_line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while part := client.recv(1 << 16):
            answer += part
        return answer
