"""An ear on the bus: collects what it subscribed, so that a test can wait for a message and look back."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from common.bus import Bus, Message
from common.config import BusAddresses
from common.frame import Frame
from common.wire import decode_frame, decode_record

DEADLINE_S = 15.0


class BusEar:
    """Blocking; everything heard stays in `messages`."""

    def __init__(self, addresses: BusAddresses, *topics: str) -> None:
        self.bus = Bus(addresses)
        self.messages: list[Message] = []
        for topic in topics:
            self.bus.subscribe(topic)

    def __enter__(self) -> Self:
        self.listen(0.0)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.bus.close()

    def listen(self, seconds: float) -> None:
        """Collect for so long."""
        end = time.monotonic() + seconds
        while True:
            self.messages += self.bus.drain()
            left_s = end - time.monotonic()
            if left_s <= 0:
                return
            self.bus.wait(min(left_s, 0.1))

    def wait(self, condition: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
        """Collect until `condition()` is true; return its value."""
        end = time.monotonic() + deadline_s
        while not (value := condition()):
            if time.monotonic() > end:
                raise AssertionError(f"not heard within {deadline_s:g} s: {what}; heard {len(self.messages)} messages")
            self.listen(0.02)
        return value

    def frames(self, topic: str) -> list[Frame]:
        """Return the frames of a topic heard until now."""
        return [decode_frame(heard.header, heard.payload) for heard in self.messages if heard.topic == topic]

    def wait_frames(self, topic: str, count: int = 1) -> list[Frame]:
        """Return the frames of a topic as soon as there are that many."""
        self.wait(lambda: len(self.frames(topic)) >= count, f"{count} frames of {topic}")
        return self.frames(topic)

    def records(self, kind: str) -> list[dict[str, Any]]:
        """Return the records of a kind of topic heard until now."""
        return [decode_record(heard.header) for heard in self.messages if heard.topic.startswith(f"{kind}/")]

    def camera(self, name: str, process: str = "") -> dict[str, Any]:
        """Return the newest that was announced of a camera (by a process); empty when nothing was."""
        newest: dict[str, Any] = {}
        for record in self.records("camera"):
            if not process or record["publisher"] == process:
                newest = next((camera for camera in record["cameras"] if camera["id"] == name), newest)
        return newest

    def wait_camera(self, name: str, process: str = "", **fields: Any) -> dict[str, Any]:
        """Return what was announced of a camera once it has these fields."""

        def has_fields() -> dict[str, Any]:
            camera = self.camera(name, process)
            return camera if camera and all(camera[key] == value for key, value in fields.items()) else {}

        found: dict[str, Any] = self.wait(has_fields, f"camera {name} with {fields}")
        return found
