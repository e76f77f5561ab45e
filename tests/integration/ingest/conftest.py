"""One broker and one ingest process for the tests of a module; each test has cameras of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from common.config import Settings
from tests.helpers.bus import short_tmp
from tests.helpers.bus_ear import BusEar
from tests.helpers.raw_camera import RawCamera, join
from tests.helpers.rooms import Room, listening_socket, room, settings_in


@dataclass
class Station:
    """A running ingest process, its port and its bus."""

    folder: Path
    settings: Settings
    ingest: Room
    port: int

    def ear(self, *topics: str) -> BusEar:
        return BusEar(self.settings.bus_addresses, *topics)

    def camera(self, address: str = "127.0.0.1") -> RawCamera:
        """A connection without a handshake."""
        return RawCamera(self.port, address=address)

    def join(self, target: str, address: str = "127.0.0.1") -> RawCamera:
        return join(self.port, target, address=address)


@pytest.fixture(scope="module")
def station() -> Iterator[Station]:
    with short_tmp() as folder, listening_socket() as listener, room("broker-0", folder), \
            room("ingest-0", folder, stdin=listener) as ingest:  # fmt: skip
        yield Station(folder, settings_in(folder), ingest, listener.getsockname()[1])
