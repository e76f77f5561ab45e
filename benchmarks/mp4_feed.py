"""`python -m benchmarks.mp4_feed FOOTAGE CAMERAS`: the bus as a recorder sees it, with so many cameras and no encoder.

A program of its own: it publishes footage that was made before, announcements and modes, and answers each line with its
totals. Settings (where the bus is) come from the environment, as everybody's.
"""

import json
import os
import random
import select
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from benchmarks.footage import FPS, INTERVAL_NS, endless, read_group
from common.bus import Bus
from common.clock import host_id
from common.config import load
from common.frame import Frame
from common.service import die_with_parent
from common.topics import CAMERA, MP4, STATUS, topic
from common.wire import encode_record

NAME: Final = "load"
_ANNOUNCE_S: Final = 0.5


@dataclass
class Source:
    """One camera's stream, which begins with a keyframe when somebody wants it."""

    topic: str
    frames: Iterator[Frame]
    due_ns: int


def main(footage: Path, cameras: int) -> None:
    """Publish until standard input ends."""
    die_with_parent()
    group = read_group(footage)
    wanted: set[str] = set()
    bus = Bus(load(os.environ).bus_addresses, on_demand=lambda name, on: (wanted.add if on else wanted.discard)(name))
    sources = {topic(MP4, f"{NAME}-{number}"): number for number in range(1, cameras + 1)}
    running: dict[str, Source] = {}
    published, announce_s = 0, 0.0
    while True:
        if select.select([sys.stdin], [], [], 0)[0]:
            if not sys.stdin.readline():
                break
            print(
                json.dumps({"published": published, "mono_ns": time.monotonic_ns(), "running": len(running)}),
                flush=True,
            )
        if time.monotonic() >= announce_s:
            announce_s = time.monotonic() + _ANNOUNCE_S
            _announce(bus, cameras)
        for name in wanted & sources.keys() - running.keys():
            # Spread over the interval, as cameras are.
            phase_ns = INTERVAL_NS * sources[name] // cameras
            frames = endless(group, random.getrandbits(62), time.time_ns())
            running[name] = Source(name, frames, time.monotonic_ns() + phase_ns)
        published += sum(_publish_due(bus, source) for source in running.values())
        bus.drain()
        bus.wait(0.002)
    bus.close()


def _publish_due(bus: Bus, source: Source) -> int:
    now_ns, published = time.monotonic_ns(), 0
    while source.due_ns <= now_ns:
        wall_ns = time.time_ns() - now_ns + source.due_ns
        frame = replace(next(source.frames), media_time_ns=wall_ns, captured_at_ns=wall_ns, host=host_id())
        bus.publish_frame(source.topic, frame)
        source.due_ns += INTERVAL_NS
        published += 1
    return published


def _announce(bus: Bus, cameras: int) -> None:
    host, names = host_id(), [f"{NAME}-{number}" for number in range(1, cameras + 1)]
    rows = [
        {"id": name, "online": True, "stalled": False, "kind": "jpeg", "source": "bench", "worker": "feed-0", "term": 1,
         "width": 640, "height": 480, "fps": float(FPS), "interval_ns": INTERVAL_NS, "frames": 1,
         "claim_mono_ns": 1, "incarnation": 1, "last_frame_mono_ns": time.monotonic_ns(),
         "last_frame_wall_ns": time.time_ns(), "connected_wall_ns": time.time_ns()}
        for name in names
    ]  # fmt: skip
    announced = {"publisher": "feed-0", "incarnation": 1, "host": host, "full": True, "cameras": rows}
    bus.publish(topic(CAMERA, host, "feed-0"), encode_record(announced))
    modes = {"cameras": dict.fromkeys(names, "continuous"), "default": "continuous"}
    told = {"name": "keeper", "stage": "keeper", "host": host, "pid": 1, "incarnation": 1, "uptime_s": 1.0,
            "rss_bytes": 1, "cpu_percent": 0.0, "counters": {}, "known_cameras": names, "recording": modes}  # fmt: skip
    bus.publish(topic(STATUS, host, "keeper"), encode_record(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
