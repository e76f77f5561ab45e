"""A broker and a fanout process with a synthetic upstream, for integration tests."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from websockets.sync.client import ClientConnection, connect

from common.config import Settings
from tests.helpers.bus import short_tmp
from tests.helpers.feeder import Feeder
from tests.helpers.http import fetch
from tests.helpers.rooms import Room, listening_socket, room, settings_in, wait_until


@dataclass
class House:
    """A running fanout process, its port, and its upstream."""

    folder: Path
    settings: Settings
    fanout: Room
    port: int
    feeder: Feeder

    def status(self) -> dict[str, Any]:
        """Return what /status answers."""
        answer = fetch(self.port, "/status")
        assert answer.status == 200
        page: dict[str, Any] = json.loads(answer.body)
        return page

    def wait_online(self, camera: str, is_online: bool = True) -> None:
        """Wait until the process knows that a camera is there, or gone."""

        def row() -> dict[str, Any]:
            return next((row for row in self.status()["cameras"] if row["id"] == camera), {})

        wait_until(lambda: row().get("online") == is_online, f"{camera} online: {is_online}")

    def counter(self, name: str) -> int:
        """Return a counter of the fanout process, as it was a second ago at most."""
        rows = [row for row in self.status()["processes"] if row["name"] == "fanout-0"]
        return int(rows[0]["counters"].get(name, 0)) if rows else 0

    def viewer(self, query: str = "", headers: Mapping[str, str] | None = None) -> ClientConnection:
        """Return a viewer, to be used in a `with` block."""
        url = f"ws://127.0.0.1:{self.port}/ws/viewer{query}"
        return connect(
            url, additional_headers=headers, compression=None, max_size=None, open_timeout=10, close_timeout=0.5
        )


def read_to_end(viewer: ClientConnection) -> NoReturn:
    """Read until the server closes, which raises ConnectionClosed."""
    while True:
        viewer.recv(timeout=10)


@contextmanager
def a_pool() -> Iterator[tuple[House, Room]]:
    """Yield a house whose listening socket two processes share, and the second of them."""
    with short_tmp() as folder, listening_socket() as listener, room("broker", folder):
        settings, port = settings_in(folder), listener.getsockname()[1]
        with (
            Feeder(settings.bus_addresses) as feeder,
            room("fanout-0", folder, stdin=listener) as first,
            room("fanout-1", folder, stdin=listener) as second,
        ):
            yield House(folder, settings, first, port, feeder), second


@contextmanager
def a_house(known: Iterable[str] = (), **variables: str) -> Iterator[House]:
    """Yield a house; `known`: the cameras that keeper remembers from the start."""
    with short_tmp() as folder, listening_socket() as listener, room("broker", folder):
        settings = settings_in(folder)
        with (
            Feeder(settings.bus_addresses, known=list(known)) as feeder,
            room("fanout-0", folder, stdin=listener, arguments=(), prefix=(), **variables) as fanout,
        ):
            yield House(folder, settings, fanout, listener.getsockname()[1], feeder)
