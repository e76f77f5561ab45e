"""Real video on a real bus without cameras and encoders: a Feeder whose `mp4/` is real, and faults for it.

`Film` numbers its frames as an encoder does; a test may lose some, begin a new epoch, or set the clock.
"""

import struct
import time
from dataclasses import dataclass, field, replace
from typing import Any

from common.clock import host_id
from common.frame import Frame
from common.topics import JPEG, MP4, topic
from common.units import NS_PER_MS
from common.wire import encode_record
from tests.helpers.feeder import GOP, Feeder
from tests.helpers.footage import Coded, coded

INTERVAL_NS = 40 * NS_PER_MS


def film_frame(
    number: int, time_ns: int, *, key: bool = False, of: Coded | None = None, pad_bytes: int = 0, **changes: Any
) -> Frame:
    """Return frame `number` as a message of `mp4/`: its sample is a real one, with filler data (NAL type 12) or not."""
    film = of or coded(GOP, key_every=GOP)
    sample = film.samples[0 if key else 1 + number % (len(film.samples) - 1)][1]
    if pad_bytes:
        sample += struct.pack(">IB", 1 + pad_bytes, 12) + b"\xff" * pad_bytes
    frame = Frame(
        seq=number,
        source=7,
        media_time_ns=time_ns,
        captured_at_ns=time_ns,
        width=film.width,
        height=film.height,
        key=key,
        interval_ns=INTERVAL_NS,
        term=1,
        encoder_start_ns=5,
        out_seq=number,
        codec="avc1.42C01F" if key else "",
        init=film.init if key else b"",
        payload=struct.pack(">I4sI4s", 8, b"moof", 8 + len(sample), b"mdat") + sample,
    )
    return replace(frame, **changes)


@dataclass
class Rolling:
    """A camera whose film goes out."""

    number: int = 0
    since_key: int = 0
    key_due: bool = True
    lose: int = 0
    changes: dict[str, Any] = field(default_factory=dict)


@dataclass
class Film(Feeder):
    """`with Film(addresses) as film: film.roll("porch")`; 25 fps while somebody wants it."""

    films: dict[str, Rolling] = field(default_factory=dict)
    modes: dict[str, str] | None = None
    clock_ns: int = 0
    pad_bytes: int = 0
    sent: dict[str, int] = field(default_factory=dict)

    def roll(self, camera: str, **announced: Any) -> None:
        """Let a camera be online, and its film go out."""
        self.films.setdefault(camera, Rolling())
        self.come(camera, worker="transcode-0", interval_ns=INTERVAL_NS, **announced)

    def halt(self, camera: str) -> None:
        """Let a camera go away."""
        self.films.pop(camera, None)
        self.go(camera)

    def happen(self, camera: str, **record: Any) -> None:
        """Publish an event."""
        self.say(topic("event", camera), encode_record(record))

    def set_modes(self, **modes: str) -> None:
        """Say as keeper which mode each camera has."""
        self.told_by_keeper = {**self.told_by_keeper, "recording": {"cameras": modes, "default": "off"}}

    def _feed(self) -> None:
        for request in self.asked[-8:]:
            rolling = self.films.get(request[0])
            if rolling is not None and rolling.since_key > 5:
                rolling.key_due = True
        self.asked.clear()
        for camera, rolling in list(self.films.items()):
            if self.wants(camera, MP4):
                self._send(camera, rolling)
            if self.wants(camera, JPEG):
                self._send_picture(camera, rolling)

    def _send(self, camera: str, rolling: Rolling) -> None:
        key = rolling.key_due or rolling.since_key >= GOP
        hops = {"ingest_in": time.monotonic_ns()}
        frame = film_frame(rolling.number, time.time_ns(), key=key, pad_bytes=self.pad_bytes, hops=hops, host=host_id())
        frame = replace(frame, captured_at_ns=frame.captured_at_ns + self.clock_ns, **rolling.changes)
        rolling.number += 1
        rolling.since_key = 1 if key else rolling.since_key + 1
        rolling.key_due = False
        if rolling.lose:
            rolling.lose -= 1
            return
        self._bus.publish_frame(topic(MP4, camera), frame)
        self.sent[camera] = self.sent.get(camera, 0) + 1

    def _send_picture(self, camera: str, rolling: Rolling) -> None:
        now_ns = time.time_ns()
        picture = Frame(
            rolling.number, 7, now_ns, now_ns, 8, 8, key=True, interval_ns=INTERVAL_NS, payload=b"\xff\xd8\xff\xd9"
        )
        rolling.number += 1
        self._bus.publish_frame(topic(JPEG, camera), picture)
