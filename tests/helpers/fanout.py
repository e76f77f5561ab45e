"""Synthetic frames and viewers for tests of the fan-out, and nothing that needs a socket."""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from common.frame import Frame
from common.topics import H264, JPEG, MP4
from services.fanout.forms import Form, HttpForm, http_form, websocket_form
from services.fanout.ledger import Ledger
from services.fanout.mailbox import Bounds
from services.fanout.packet import Packet
from services.fanout.viewer import Line, Mp4HttpViewer, Viewer

MS = 1_000_000
START_NS = 1_000_000_000_000
FRAME_NS = 40 * MS
TFDT_OFFSET = 12
BASE_90K = 153_000_000_000_000


def make_frame(number: int, format_: str = H264, *, key: bool = False, size: int = 100, **changes: object) -> Frame:
    """Return frame `number` of a stream at 25 fps whose payload says the number; a JPEG is always a key."""
    payload = b"%s %d " % (format_.encode(), number)
    if format_ == MP4:
        payload = struct.pack("!III", 8, 8, 8) + struct.pack("!Q", BASE_90K + number * 3600) + payload
    key = key or format_ == JPEG
    frame = Frame(
        seq=number,
        source=7,
        media_time_ns=START_NS + number * FRAME_NS,
        captured_at_ns=START_NS + number * FRAME_NS,
        width=640,
        height=480,
        key=key,
        term=0 if format_ == JPEG else 1,
        encoder_start_ns=0 if format_ == JPEG else 5,
        out_seq=-1 if format_ == JPEG else number,
        codec="avc1.42C01F" if key and format_ != JPEG else "",
        init=b"init-1" if key and format_ == MP4 else b"",
        tfdt_offset=TFDT_OFFSET if format_ == MP4 else 0,
        payload=payload.ljust(size, b"."),
    )
    return replace(frame, **changes)  # type: ignore[arg-type]


def make_packet(number: int, format_: str = H264, *, key: bool = False, size: int = 100, **changes: object) -> Packet:
    """Return the frame's packet, received when it was captured."""
    return Packet(make_frame(number, format_, key=key, size=size, **changes), START_NS + number * FRAME_NS)


@dataclass
class Wire:
    """What a viewer was sent; `blocks_after` writes it takes no more."""

    sent: list[bytes] = field(default_factory=list)
    ended: int = 0
    on_write: Callable[[], None] | None = None

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        if self.on_write is not None:
            self.on_write()

    def push(self, data: bytes) -> int:
        self.write(data)
        return len(data)

    def end(self) -> None:
        self.ended += 1

    @property
    def all(self) -> bytes:
        return b"".join(self.sent)


def make_viewer(
    format_: str = H264, *, form: Form | None = None, bounds: Bounds | None = None, meta: bool = False
) -> tuple[Viewer, Wire]:
    """Return a WebSocket viewer (or one of `form`) and what it is sent."""
    wire = Wire()
    form = form or websocket_form(format_, meta=meta)
    kind = Mp4HttpViewer if isinstance(form, HttpForm) and format_ == MP4 else Viewer
    transport = "http" if isinstance(form, HttpForm) else "ws"
    line = Line(wire.write, wire.push, wire.end, transport)
    viewer = kind("v", format_, form, bounds or Bounds(), line)  # type: ignore[arg-type]
    return viewer, wire


def make_http_viewer(format_: str, *, chunked: bool = False) -> tuple[Viewer, Wire]:
    """Return a viewer over plain HTTP and what it is sent."""
    return make_viewer(format_, form=http_form(format_, chunked=chunked))


def texts(wire: Wire) -> list[dict[str, Any]]:
    """Return the JSON messages among what was sent, in order."""
    found, data = [], wire.all
    while (start := data.find(b'{"type"')) >= 0:
        text, end = json.JSONDecoder().raw_decode(data[start:].decode("latin-1"))
        found.append(text)
        data = data[start + end :]
    return found


def numbers(data: bytes, format_: str = H264) -> list[int]:
    """Return the numbers of the frames in what was sent, in order."""
    mark = format_.encode() + b" "
    return [int(part.split(b" ", 1)[0]) for part in data.split(mark)[1:]]


def make_ledger() -> Ledger:
    """Return a ledger that knows the makers of all messages: `worker-<term>`, and of JPEGs `publisher`."""
    return Ledger(lambda _camera, format_, term: "publisher" if format_ == JPEG else f"worker-{term}")


class Bus:
    """The bus as the hub sees it: remembers what it was asked to do."""

    def __init__(self) -> None:
        self.subscribed: list[tuple[str, str]] = []
        self.asked: list[tuple[str, str, str]] = []
        self.due_ns: list[int] = []

    def subscribe(self, camera: str, format_: str) -> None:
        self.subscribed.append((camera, format_))

    def unsubscribe(self, camera: str, format_: str) -> None:
        self.subscribed.remove((camera, format_))

    def ask_keyframe(self, camera: str, format_: str, reason: str) -> None:
        self.asked.append((camera, format_, reason))

    def wake(self, due_ns: int) -> None:
        self.due_ns.append(due_ns)
