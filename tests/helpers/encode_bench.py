"""Both sides of a transcode process on a real bus, in one thread: cameras' publisher before it, a viewer behind it."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from common.bus import Bus
from common.clock import host_id
from common.config import BusAddresses
from common.errors import WireError
from common.frame import Frame
from common.topics import CAMERA, H264, JPEG, KEYFRAME, parse, topic
from common.wire import decode_record, encode_record
from tests.helpers.bus import short_tmp
from tests.helpers.bus_ear import BusEar
from tests.helpers.rooms import Room, room, settings_in

DEADLINE_S = 15.0
ANNOUNCE_S = 0.2


@dataclass
class Camera:
    """What is announced of a camera, and its newest frame."""

    record: dict[str, Any]
    source: int
    seq: int = -1
    newest: Frame | None = None


@dataclass
class Bench:
    """`viewer` hears what comes out; `assign` and `send` are the publisher."""

    folder: Path
    addresses: BusAddresses
    worker: Room
    cameras: dict[str, Camera] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    demand: list[tuple[str, bool]] = field(default_factory=list)
    repeats: bool = True

    def __post_init__(self) -> None:
        self._bus = Bus(self.addresses, on_demand=self._on_demand)
        self._bus.subscribe(KEYFRAME)
        self.viewer = BusEar(self.addresses)
        self._announced_s = 0.0
        self._sources = count(1)

    def close(self) -> None:
        self._bus.close()
        self.viewer.bus.close()

    def assign(self, camera: str, worker: str = "transcode-0", *, kind: str = JPEG, term: int = 0) -> int:
        """Announce a camera's worker from now on, in a newer term unless one is given; return the term."""
        term = term or time.time_ns()
        if camera not in self.cameras:
            self.cameras[camera] = Camera({}, next(self._sources))
        self.cameras[camera].record = {"id": camera, "online": True, "kind": kind, "worker": worker, "term": term}
        self.announce()
        return term

    def announce(self) -> None:
        """Say all cameras again."""
        self._announced_s = time.monotonic()
        record = {"publisher": "ingest-0", "incarnation": 1, "host": host_id(), "full": True}
        cameras = [camera.record for camera in self.cameras.values()]
        self._bus.publish(topic(CAMERA, host_id(), "ingest-0"), encode_record({**record, "cameras": cameras}))

    def send(self, camera: str, payload: bytes, *, kind: str = JPEG, **changes: Any) -> Frame:
        """Publish a camera's next frame."""
        sender = self.cameras[camera]
        sender.seq += 1
        now_ns = time.monotonic_ns()
        frame = Frame(
            seq=sender.seq,
            source=sender.source,
            media_time_ns=time.time_ns(),
            captured_at_ns=time.time_ns(),
            width=640,
            height=480,
            host=host_id(),
            hops={"ingest_in": now_ns, "ingest_out": now_ns},
            key=True,
            interval_ns=40_000_000,
            payload=payload,
        )
        frame = replace(frame, **changes)
        sender.newest = frame
        self._bus.publish_frame(topic(kind, camera), frame)
        return frame

    def say(self, where: str, header: bytes, payload: bytes = b"") -> None:
        """Publish any message."""
        self._bus.publish(where, header, payload)

    def request(self, camera: str, reason: str = "join") -> None:
        """Ask for a keyframe as a viewer's server does."""
        self.say(topic(KEYFRAME, camera), encode_record({"reason": reason, "from": "fanout-0"}))

    def wants(self, camera: str, kind: str = JPEG) -> bool:
        """Return whether anybody wants the camera's frames."""
        return self._bus.is_wanted(topic(kind, camera))

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end_s = time.monotonic() + seconds
        while (left_s := end_s - time.monotonic()) > 0:
            self._turn(min(left_s, 0.01))

    def wait(self, condition: Callable[[], Any], what: str, deadline_s: float = DEADLINE_S) -> Any:
        """Let time pass until `condition()` is true; return its value."""
        end_s = time.monotonic() + deadline_s
        while not (value := condition()):
            assert time.monotonic() < end_s, f"not within {deadline_s:g} s: {what}\n{self.worker.log()}"
            self._turn(0.005)
        return value

    def wait_frames(self, where: str, number: int) -> list[Frame]:
        """Return a topic's frames as soon as there are that many."""
        self.wait(lambda: len(self.viewer.frames(where)) >= number, f"{number} frames of {where}")
        return self.viewer.frames(where)

    def watch(self, *topics: str) -> None:
        """Let the viewer want topics, and wait until the cameras' frames are wanted."""
        for each in topics:
            self.viewer.bus.subscribe(each)
        cameras = {parse(each)[1] for each in topics}
        self.wait(lambda: all(self.wants(camera) for camera in cameras), f"demand for {cameras}")

    def exchange(self, camera: str, payload: bytes, kind: str = H264, **changes: Any) -> Frame:
        """Send a frame and return what it becomes."""
        where = topic(kind, camera)
        before = len(self.viewer.frames(where))
        self.send(camera, payload, **changes)
        return self.wait_frames(where, before + 1)[before]

    def status(self, worker: str = "transcode-0") -> Mapping[str, Any]:
        """Return the worker's newest whole status; the viewer must want `status`."""
        records = [each for each in self.viewer.records("status") if each["name"] == worker and "pid" in each]
        return records[-1] if records else {}

    def dropped(self, camera: str) -> Mapping[str, int]:
        """Return what the worker says it dropped of a camera."""
        counts: Mapping[str, int] = self.status().get("encodes", {}).get(camera, {}).get("dropped", {})
        return counts

    def _turn(self, seconds: float) -> None:
        if time.monotonic() - self._announced_s > ANNOUNCE_S:
            self.announce()
        for message in self._bus.drain():
            try:
                self._hear(parse(message.topic)[1], decode_record(message.header))
            except WireError:
                continue
        self.viewer.messages += self.viewer.bus.drain()
        self.viewer.bus.wait(seconds)

    def _hear(self, camera: str, request: dict[str, Any]) -> None:
        self.requests.append({"camera": camera, **request})
        self._repeat(camera)

    def _on_demand(self, prefix: str, wanted: bool) -> None:
        self.demand.append((prefix, wanted))
        if wanted and prefix.startswith(f"{JPEG}/"):
            self._repeat(parse(prefix)[1])

    def _repeat(self, camera: str) -> None:
        sender = self.cameras.get(camera)
        if self.repeats and sender is not None and sender.newest is not None:
            self._bus.publish_frame(topic(JPEG, camera), replace(sender.newest, repeat=True))


def transcoder(name: str, folder: Path, variables: Mapping[str, str], *arguments: str) -> AbstractContextManager[Room]:
    """Return a transcode process, to be used in a `with` block."""
    return room(name, folder, stdin=None, arguments=arguments, prefix=(), **variables)


@contextmanager
def a_bench(**variables: str) -> Iterator[Bench]:
    """Yield both sides of a running transcode-0."""
    with short_tmp() as folder, room("broker-0", folder), transcoder("transcode-0", folder, variables) as worker:
        bench = Bench(folder, settings_in(folder).bus_addresses, worker)
        try:
            bench.wait(lambda: bench.demand, "the worker's subscriptions")
            yield bench
        finally:
            bench.close()
