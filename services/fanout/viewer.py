"""One viewer: what it was told, whether its connection takes more, and what waits for it meanwhile. Pure.

The shell gives it `write`, `push` and `end`, and tells `blocked` and `resumed`. `write` takes everything and keeps what
does not go out at once; `push` is the bare send, which may take less, and may be called only while the viewer is
`open`: then nothing waits that it could overtake.
"""

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from common.topics import JPEG
from services.fanout.chase import Chase
from services.fanout.forms import UNTOLD, Form, HttpForm
from services.fanout.framing import move_tfdt, read_tfdt
from services.fanout.mailbox import Bounds, Mailbox, PictureBox, VideoBox
from services.fanout.packet import Packet

# JSON messages and pongs that wait for a busy connection; beyond it the oldest goes, the newest say more.
NOTES_LIMIT: Final = 16

# How large a viewer shows the camera.
LARGE: Final = "large"
TILE: Final = "tile"
VIEWS: Final = (LARGE, TILE)

# Messages for a newcomer go out in one write up to this: a system call and a packet for all that it starts with.
BURST_BYTES: Final = 64 << 10

LATE: Final = "late"
LOSS: Final = "loss"


class Source(Protocol):
    """The stream that a viewer watches."""

    def fell(self, viewer: "Viewer") -> None:
        """Take note that the viewer must start again at a keyframe."""
        ...

    def starves(self, viewer: "Viewer", now_ns: int) -> None:
        """Take note that the viewer could take a keyframe, and has none."""
        ...

    def shows(self, viewer: "Viewer", media_time_ns: int, now_ns: int) -> None:
        """Take note of the picture that the viewer shows."""
        ...


@dataclass(frozen=True, slots=True)
class Line:
    """The way to a viewer. `end` closes what cannot go on; `transport`: ws, http or snapshot."""

    write: Callable[[bytes], object]
    push: Callable[[bytes], int]
    end: Callable[[], None]
    transport: str


class Viewer:
    """`live` while it has everything since a keyframe; `end` closes what cannot go on."""

    __slots__ = (
        "age_reported_ns",
        "age_s",
        "box",
        "camera",
        "chase",
        "dropped",
        "end",
        "form",
        "format",
        "id",
        "live",
        "missed",
        "missed_reason",
        "notes",
        "open",
        "push",
        "skipping",
        "source",
        "told",
        "transport",
        "view",
        "write",
    )

    def __init__(self, id_: str, format_: str, form: Form, bounds: Bounds, line: Line) -> None:
        self.id: Final = id_
        self.format: Final = format_
        self.form: Final = form
        self.write: Final = line.write
        self.push: Final = line.push
        self.end: Final = line.end
        self.transport: Final = line.transport
        self.camera = ""
        self.source: Source | None = None
        self.open = True
        self.live = False
        # Waits for a keyframe because what it shows is too old, though its connection takes all it is sent.
        self.skipping = False
        self.chase: Final = Chase()
        self.box: Mailbox = PictureBox() if format_ == JPEG else VideoBox(bounds)
        self.notes: deque[bytes] = deque(maxlen=NOTES_LIMIT)
        self.told: Hashable = UNTOLD
        self.missed = 0
        self.missed_reason = ""
        self.dropped = 0
        self.age_s: float | None = None
        self.age_reported_ns = 0
        self.view = LARGE

    def blocked(self) -> None:
        """Take note that the connection has bytes of ours waiting; from now on messages wait here."""
        self.open = False

    def resumed(self, now_ns: int) -> None:
        """Take note that the connection is empty again; send what waits, as far as it goes, unless it is too old."""
        self.open = True
        while self.notes and self.open:
            self.write(self.notes.popleft())
        if not self.open:
            return
        self._count(*self.box.expire(now_ns))
        while self.open and (packet := self.box.take()) is not None:
            self.send(packet)
        # Only now: a keyframe asked for while the connection was busy would be too old, and cost everybody its size.
        if self.open and not self.live and self.source is not None:
            self.source.starves(self, now_ns)

    def tell(self, note: bytes) -> None:
        """Send words now, or before the next frame."""
        if self.open:
            self.write(note)
        else:
            self.notes.append(note)

    def hold(self, packet: Packet) -> None:
        """Keep a message for a connection that is busy."""
        self._count(*self.box.put(packet))

    def deliver(self, packet: Packet) -> None:
        """Send a message now, or keep it."""
        if self.open:
            self.send(packet)
        else:
            self.hold(packet)

    def deliver_all(self, packets: Sequence[Packet]) -> None:
        """Send the messages of a start, or keep them."""
        for packet in self._send_burst(packets):
            if self.live:
                self.hold(packet)

    def deliver_group(self, packets: Sequence[Packet]) -> None:
        """As `deliver_all`, but what is kept is kept as a whole."""
        if rest := self._send_burst(packets):
            self.box.put_group(rest)

    def send(self, packet: Packet) -> None:
        """Write a message, and before it what this viewer must know first."""
        self.write(self.message(packet))

    def message(self, packet: Packet) -> bytes:
        """Return a message as it goes out now, with what this viewer must know first."""
        message = self.render(packet)
        return self._preface(packet) + message if packet.key else message

    def render(self, packet: Packet) -> bytes:
        """Return the message in this viewer's form."""
        return packet.wrapped(self.form)

    def miss(self, frames: int, reason: str) -> None:
        """Count frames that this viewer lost; it is told before the next keyframe."""
        if not self.missed:
            self.missed_reason = reason
        self.missed += frames
        self.dropped += frames

    def skip(self) -> None:
        """Go on at the next keyframe, whatever waits: what is shown is too old already."""
        self.skipping = True
        self.missed_reason = LATE
        if waiting := self.box.clear():
            self.miss(waiting, LATE)

    def pass_by(self, frames: int) -> None:
        """Count frames that go by while it waits for a keyframe, unless it has just come and lost nothing."""
        if self.missed or self.skipping:
            self.miss(frames, self.missed_reason)

    def shows(self, media_time_ns: int, now_ns: int) -> None:
        """Take note of the picture that it shows."""
        if self.source is not None:
            self.source.shows(self, media_time_ns, now_ns)

    def _send_burst(self, packets: Sequence[Packet]) -> Sequence[Packet]:
        """Send as many messages as the connection takes, in few writes; return the others."""
        burst: list[bytes] = []
        burst_bytes = 0
        for at, packet in enumerate(packets):
            if burst and burst_bytes + packet.size > BURST_BYTES:
                self.write(b"".join(burst))
                burst, burst_bytes = [], 0
            if not (self.open and self.live):
                return packets[at:]
            burst.append(self.message(packet))
            burst_bytes += packet.size
        self.write(b"".join(burst))
        return ()

    def _count(self, dropped: int, can_go_on: bool) -> None:
        if dropped:
            self.miss(dropped, LATE)
        if not can_go_on and self.source is not None:
            self.source.fell(self)

    def _preface(self, packet: Packet) -> bytes:
        identity = self.form.identity(packet.frame)
        words = b""
        if identity != self.told:
            words = self.form.preface(packet.frame)
            self.told = identity
        if self.missed or self.skipping:
            # Who skips is told even if nothing went by: what follows is to be shown at once, and nothing before it.
            words = self.form.dropped(self.missed, self.missed_reason) + words
            self.missed, self.skipping = 0, False
        return words


class Mp4HttpViewer(Viewer):
    """A viewer of `stream.mp4`: its times start at 0, and the file ends where the init segment changes."""

    __slots__ = ("base_90k", "http_form")

    def __init__(self, id_: str, format_: str, form: HttpForm, bounds: Bounds, line: Line) -> None:
        super().__init__(id_, format_, form, bounds, line)
        self.http_form: Final = form
        self.base_90k: int | None = None

    def message(self, packet: Packet) -> bytes:
        if packet.key and self.told is not UNTOLD and self.told != packet.frame.init:
            # Nothing else may follow: without the new init segment it could not be decoded.
            if self.source is not None:
                self.source.fell(self)
            self.end()
            return b""
        return super().message(packet)

    def render(self, packet: Packet) -> bytes:
        frame = packet.frame
        if self.base_90k is None:
            self.base_90k = read_tfdt(frame.payload, frame.tfdt_offset)
        return self.http_form.wrap(move_tfdt(frame.payload, frame.tfdt_offset, self.base_90k))
