"""A synthetic upstream on a real bus: what ingest, transcode and keeper would say to a fanout process.

A thread owns the bus; announcements and keeper's status repeat, frames go out when a test says so, or by themselves at
25 fps while somebody wants them. A keyframe that is asked for is the next one.
"""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from common.bus import Bus
from common.clock import host_id
from common.config import BusAddresses
from common.frame import Frame
from common.topics import CAMERA, H264, JPEG, KEYFRAME, MP4, STATUS, parse, topic
from common.wire import decode_record, encode_record
from tests.helpers.fanout import make_frame

INTERVAL_S = 0.04
ANNOUNCE_S = 0.25
GOP = 50


@dataclass
class Running:
    """A camera whose frames go out by themselves."""

    formats: tuple[str, ...]
    size: int
    number: int = 0
    key_due: bool = True
    since_key: int = 0


@dataclass
class Feeder:
    """`with Feeder(addresses) as feeder:`"""

    addresses: BusAddresses
    known: list[str] = field(default_factory=list)
    apis: list[dict[str, str]] = field(default_factory=list)
    told_by_keeper: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    cameras: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers_requests: bool = True
    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._commands: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._running: dict[str, Running] = {}
        self._claims = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._bus = Bus(self.addresses)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ended.set()
        self._thread.join(10)
        self._bus.close()

    def wants(self, camera: str, format_: str = H264) -> bool:
        """Return whether somebody subscribes."""
        return self._bus.is_wanted(topic(format_, camera))

    def come(self, camera: str, **changes: Any) -> None:
        """Let a camera be online, and tell at once."""
        self._claims += 1
        self.cameras[camera] = {
            "id": camera,
            "online": True,
            "stalled": False,
            "kind": "jpeg",
            "source": "ws 10.0.0.7",
            "claim_mono_ns": self._claims,
            "width": 640,
            "height": 480,
            "fps": 25.0,
            "frames": 3,
            "bytes_per_s": 1000.0,
            "connected_wall_ns": time.time_ns(),
            "last_frame_wall_ns": time.time_ns(),
            "last_frame_mono_ns": time.monotonic_ns(),
            **changes,
        }
        self._commands.put(self._announce)

    def go(self, camera: str) -> None:
        """Let a camera be offline, and tell at once."""
        self.cameras[camera] = {
            **self.cameras.get(camera, {"id": camera}),
            "online": False,
            "offline_since_wall_ns": time.time_ns(),
        }
        self._commands.put(self._announce)

    def start(self, camera: str, *formats: str, size: int = 4000) -> None:
        """Let frames of a camera go out by themselves; it is online."""
        self.come(camera)
        self._running[camera] = Running(formats or (H264, MP4, JPEG), size)

    def stop(self, camera: str) -> None:
        """Let no more frames go out by themselves."""
        self._running.pop(camera, None)

    def number(self, camera: str) -> int:
        """Return the number of the next frame that goes out by itself."""
        return self._running[camera].number

    def publish(self, camera: str, format_: str, *frames: Frame) -> None:
        """Send frames as they are."""
        for frame in frames:
            self._commands.put(lambda frame=frame: self._bus.publish_frame(topic(format_, camera), frame))  # type: ignore[misc]

    def say(self, topic_: str, header: bytes, payload: bytes = b"") -> None:
        """Send any message."""
        self._commands.put(lambda: self._bus.publish(topic_, header, payload))

    def requests(self, camera: str) -> list[dict[str, Any]]:
        """Return the requests for keyframes of a camera until now."""
        return [record for name, record in list(self.asked) if name == camera]

    def _run(self) -> None:
        self._bus.subscribe(KEYFRAME)
        self._bus.subscribe(STATUS)
        next_frame_s = next_announce_s = time.monotonic()
        while not self._ended.is_set():
            now_s = time.monotonic()
            if now_s >= next_announce_s:
                self._announce()
                next_announce_s = now_s + ANNOUNCE_S
            if now_s >= next_frame_s:
                self._feed()
                next_frame_s = max(next_frame_s + INTERVAL_S, now_s)
            self._take_messages()
            while not self._commands.empty():
                self._commands.get()()
            self._bus.wait(0.002)

    def _take_messages(self) -> None:
        for message in self._bus.drain():
            kind, camera, track = parse(message.topic)
            if kind == STATUS and track.startswith("fanout"):
                self.statuses[message.topic] = decode_record(message.header)
            elif kind == STATUS:
                continue
            elif kind == KEYFRAME:
                self.asked.append((camera, decode_record(message.header)))
                if camera in self._running and self.answers_requests:
                    self._running[camera].key_due = True

    def _announce(self) -> None:
        host = host_id()
        record = {"publisher": "feeder-0", "incarnation": 1, "host": host, "full": True}
        cameras = list(self.cameras.values())
        self._bus.publish(topic(CAMERA, host, "feeder-0"), encode_record({**record, "cameras": cameras}))
        keeper = {
            "name": "keeper", "stage": "keeper", "host": host, "pid": 1, "uptime_s": 1.0, "rss_bytes": 1,
            "cpu_percent": 0.0, "counters": {}, "incarnation": 1, "known_cameras": self.known, "apis": self.apis,
            **self.told_by_keeper,
        }  # fmt: skip
        self._bus.publish(topic(STATUS, host, "keeper"), encode_record(keeper))

    def _feed(self) -> None:
        for camera, running in list(self._running.items()):
            key = running.key_due or running.since_key >= GOP
            wanted = [format_ for format_ in running.formats if self.wants(camera, format_)]
            stamps = {"media_time_ns": time.time_ns(), "captured_at_ns": time.time_ns(), "host": host_id()}
            hops = {"ingest_in": time.monotonic_ns()}
            for format_ in wanted:
                frame = make_frame(running.number, format_, key=key, size=running.size, hops=hops, **stamps)
                self._bus.publish_frame(topic(format_, camera), frame)
            if key and wanted:
                running.key_due, running.since_key = False, 0
            running.since_key += 1
            running.number += 1
