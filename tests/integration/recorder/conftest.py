"""A recorder process on a real bus, fed with real video, and what it leaves on disk."""

import http.client
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from common.bus import Bus
from common.config import Settings
from common.errors import RecordingError
from common.recordings.index import IndexReader
from common.recordings.layout import INDEX_NAME
from common.recordings.questions import Questions
from common.recordings.rows import FileRow
from common.topics import STATUS
from common.wire import decode_record
from tests.helpers.bus import short_tmp
from tests.helpers.film import Film
from tests.helpers.rooms import Room, room, settings_in, wait_until

VARIABLES = {
    "CAM_RECORDING_MODE": "continuous",
    "CAM_RECORDING_SYNC_INTERVAL_S": "0.2",
    "CAM_RECORDING_MIN_FREE_MIB": "0",
}


@dataclass
class House:
    """One broker, cameras, and as many recorders as a test starts."""

    folder: Path
    settings: Settings
    film: Film
    broker: Room
    stack: ExitStack
    dir: Path
    variables: dict[str, str]

    @contextmanager
    def recorder(self, name: str = "recorder-0", *, prefix: tuple[str, ...] = (), **variables: str) -> Iterator[Room]:
        with room(name, self.folder, prefix=prefix, **{**self.variables, **variables}) as started:
            yield started

    def ask(self, path: str, /, **fields: Any) -> tuple[int, Any]:
        """POST to the recorder's socket; return status and answer."""
        connection = http.client.HTTPConnection("localhost", timeout=30)
        connection.sock = socket.socket(socket.AF_UNIX)
        try:
            connection.sock.settimeout(30)
            connection.sock.connect(str(self.settings.run_path("recorder-0.sock")))
            connection.request("POST", path, json.dumps(fields), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    @contextmanager
    def index(self, camera: str = "porch") -> Iterator[Questions]:
        reader = IndexReader(self.dir / camera / INDEX_NAME)
        try:
            yield reader
        finally:
            reader.close()

    def frames(self, camera: str = "porch") -> int:
        """Return how many pictures the index knows; 0 as long as there is none."""
        return sum(row.frames for row in self.files(camera))

    def files(self, camera: str = "porch") -> list[FileRow]:
        """Return the files that the index knows; none while it is not to be read."""
        try:
            with self.index(camera) as index:
                return index.files()
        except RecordingError:
            return []

    def wait_frames(self, more: int, camera: str = "porch") -> None:
        before = self.frames(camera)
        wait_until(lambda: self.frames(camera) >= before + more, f"{more} more pictures of {camera}", 30)

    def wait_status(self, condition: Callable[[dict[str, Any]], object], what: str, name: str = "recorder-0") -> Any:
        """Return the first status record of a recorder for which the condition holds."""
        found: list[dict[str, Any]] = []
        with Bus(self.settings.bus_addresses) as bus:
            bus.subscribe(STATUS)

            def look() -> bool:
                bus.wait(0.05)
                for message in bus.drain():
                    record = decode_record(message.header)
                    if record.get("name") == name and not record.get("heartbeat") and condition(record):
                        found.append(record)
                return bool(found)

            wait_until(look, what, 30)
        return found[0]

    def wait_row(self, condition: Callable[[dict[str, Any]], object], what: str, camera: str = "porch") -> Any:
        """Return the first row of a camera in a recorder's status for which the condition holds."""
        told = self.wait_status(
            lambda record: camera in record["recordings"] and condition(record["recordings"][camera]), what
        )
        return told["recordings"][camera]


@pytest.fixture
def house() -> Iterator[House]:
    with short_tmp() as folder, ExitStack() as stack:
        recordings = folder / "recordings"
        variables = {**VARIABLES, "CAM_RECORDING_DIR": str(recordings)}
        settings = settings_in(folder, **variables)
        broker = stack.enter_context(room("broker", folder, **variables))
        film = stack.enter_context(Film(settings.bus_addresses))
        yield House(folder, settings, film, broker, stack, recordings, variables)
