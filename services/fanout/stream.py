"""One format of one camera: which messages go on, to whom, and from where a newcomer starts. Pure."""

from collections.abc import Callable
from typing import Final

from common.counters import Counters
from common.frame import Frame
from common.topics import JPEG, MP4
from common.units import NS_PER_MS, NS_PER_S
from services.fanout.asking import JOIN, LATE, LOSS, Asker, LateLimit
from services.fanout.audience import Audience
from services.fanout.framing import read_tfdt
from services.fanout.order import Order
from services.fanout.packet import Packet
from services.fanout.viewer import Viewer

# A newcomer starts at a keyframe this young, with all that followed: it is behind by no more, and none is made for it.
JOIN_WINDOW_NS: Final = 300 * NS_PER_MS
# A JPEG stands alone: shown at once, until the next one comes.
JOIN_WINDOW_JPEG_NS: Final = NS_PER_S


class Stream:
    """The viewers of one topic, and its messages since the last keyframe while that is young.

    `on_want` is called when a keyframe is wanted that nobody has been asked for.
    """

    def __init__(
        self, camera: str, format_: str, late_limit: LateLimit, counters: Counters, on_want: Callable[["Stream"], None]
    ) -> None:
        self.camera: Final = camera
        self.format: Final = format_
        self.asker: Final = Asker(late_limit)
        self.lost = 0
        self._on_want: Final = on_want
        self._counters: Final = counters
        self._order: Final = Order()
        self._audiences: dict[object, Audience] = {}
        self._join_window_ns: Final = JOIN_WINDOW_JPEG_NS if format_ == JPEG else JOIN_WINDOW_NS
        self._recent: list[Packet] = []
        self._whole = False
        self._newest_picture: tuple[int, int] | None = None

    def __len__(self) -> int:
        return sum(len(audience) for audience in self._audiences.values())

    @property
    def viewers(self) -> list[Viewer]:
        return [viewer for audience in self._audiences.values() for viewer in (*audience.live, *audience.waiting)]

    def join(self, viewer: Viewer, now_ns: int) -> None:
        """Take a viewer in: it starts at a recent keyframe, or asks for one."""
        audience = self._audiences.get(viewer.form)
        if audience is None:
            audience = self._audiences[viewer.form] = Audience(viewer.form)
        audience.add(viewer)
        viewer.source = self
        if self._recent and now_ns - self._recent[0].received_ns < self._join_window_ns:
            audience.start(viewer, self._recent)
        else:
            self._want(JOIN, now_ns)

    def leave(self, viewer: Viewer) -> None:
        """Forget a viewer. Idempotent."""
        viewer.source = None
        audience = self._audiences.get(viewer.form)
        if audience is not None:
            audience.remove(viewer)
            if not audience:
                del self._audiences[viewer.form]

    def publish(self, frame: Frame, now_ns: int) -> None:
        """Hand a message of the topic to all who can use it; ValueError when it is malformed."""
        packet = Packet(frame, now_ns)
        if self.format == MP4:
            read_tfdt(frame.payload, frame.tfdt_offset)
        if self.format == JPEG:
            self._publish_picture(packet)
        else:
            self._publish_video(packet)

    def revive(self, now_ns: int) -> None:
        """Ask for a keyframe if anybody waits for one."""
        if any(audience.waiting for audience in self._audiences.values()):
            self._want(JOIN, now_ns)

    def starves(self, viewer: Viewer, now_ns: int) -> None:
        """Ask for a keyframe for a viewer whose connection can take one."""
        if not viewer.missed:
            self._want(JOIN, now_ns)
        else:
            self._want(LOSS if viewer.missed_reason == LOSS else LATE, now_ns)

    def fell(self, viewer: Viewer) -> None:
        """Let a viewer wait for the next keyframe."""
        self._audiences[viewer.form].fall(viewer)

    def _publish_video(self, packet: Packet) -> None:
        verdict = self._order.judge(packet.frame, packet.received_ns)
        if not verdict.passes:
            self._counters.add(f"dropped_{verdict.cause}")
            return
        if verdict.broken:
            self._break(packet, verdict.lost)
        elif not packet.key and not self._whole:
            for audience in self._audiences.values():
                audience.count_missed()
        if packet.key or self._whole:
            self._whole = True
            self._send(packet)

    def _break(self, packet: Packet, lost: int) -> None:
        """Cut the chain before `packet`: everybody goes on with a keyframe, at once if this is one."""
        self._whole = False
        self._recent = []
        self.lost += lost
        if lost:
            self._counters.add("dropped_bus", lost)
        missed = lost + (not packet.key)
        if missed:
            for audience in self._audiences.values():
                audience.fall_all(missed, LOSS)
        if not packet.key:
            self._want(LOSS, packet.received_ns)

    def _publish_picture(self, packet: Packet) -> None:
        """A repeat, made for a newcomer here or elsewhere, goes to those alone who have nothing."""
        picture = (packet.frame.source, packet.frame.seq)
        if packet.frame.repeat and picture == self._newest_picture:
            self._remember(packet)
            self.asker.satisfy()
            for audience in self._audiences.values():
                audience.deliver_to_waiting(packet)
            return
        self._newest_picture = picture
        self._send(packet)

    def _send(self, packet: Packet) -> None:
        self._remember(packet)
        if packet.key:
            self.asker.satisfy()
        for audience in self._audiences.values():
            audience.deliver(packet)

    def _want(self, reason: str, now_ns: int) -> None:
        self.asker.want(reason, now_ns)
        self._on_want(self)

    def _remember(self, packet: Packet) -> None:
        if packet.key:
            self._recent = [packet]
        elif self._recent:
            if packet.received_ns - self._recent[0].received_ns < self._join_window_ns:
                self._recent.append(packet)
            else:
                self._recent = []
