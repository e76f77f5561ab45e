"""One format of one camera: which messages go on, to whom, and from where a newcomer starts. Pure."""

from collections.abc import Callable
from typing import Final

from common.counters import Counters
from common.frame import Frame
from common.order import DOUBLE, OUTDATED, Order
from common.stream_account import BROKEN, OVERDUE, StreamAccount
from common.topics import JPEG, MP4
from common.units import NS_PER_MS, NS_PER_S
from services.fanout.asking import JOIN, LATE, LOSS, Asker, LateLimit
from services.fanout.audience import Audience
from services.fanout.chase import Edge, KeyWait
from services.fanout.framing import read_tfdt
from services.fanout.mailbox import MAX_AGE_NS
from services.fanout.packet import Packet
from services.fanout.viewer import Viewer

# A newcomer starts at a keyframe this young, with all that followed: it is behind by no more, and none is made for it.
JOIN_WINDOW_NS: Final = 300 * NS_PER_MS
# A JPEG stands alone: shown at once, until the next one comes.
JOIN_WINDOW_JPEG_NS: Final = NS_PER_S
# What is sent again for newcomers of a camera that makes keyframes when it likes; as much as ingest keeps of one group.
REPLAY_LIMIT_BYTES: Final = 4 << 20


class Stream:
    """The viewers of one topic, and its messages since the last keyframe while that is young.

    `on_want` is called when a keyframe is wanted that nobody has been asked for.
    """

    def __init__(
        self,
        camera: str,
        format_: str,
        late_limit: LateLimit,
        counters: Counters,
        account: StreamAccount,
        on_want: Callable[["Stream"], None],
        *,
        max_age_ns: int = MAX_AGE_NS,
    ) -> None:
        self.camera: Final = camera
        self.format: Final = format_
        self.asker: Final = Asker(late_limit)
        self._account: Final = account
        self._on_want: Final = on_want
        self._counters: Final = counters
        self._order: Final = Order()
        self._edge: Final = Edge(max_age_ns)
        self._key_wait: Final = KeyWait()
        self._audiences: dict[object, Audience] = {}
        self._join_window_ns: Final = JOIN_WINDOW_JPEG_NS if format_ == JPEG else JOIN_WINDOW_NS
        self._recent: list[Packet] = []
        self._replay: list[Packet] = []
        self._replay_bytes = 0
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

    def publish(self, frame: Frame, now_ns: int, *, overdue: bool = False) -> bool:
        """Hand a message of the topic to all who can use it; ValueError when it is malformed.

        One that is `overdue` was under way for too long, and ends here as one that is lost. Return whether it is a new
        frame, and went on.
        """
        packet = Packet(frame, now_ns)
        if self.format == MP4:
            read_tfdt(frame.payload, frame.tfdt_offset)
        if overdue:
            self._counters.add("dropped_overdue")
        if self.format != JPEG:
            return self._publish_video(packet, overdue)
        if overdue:
            return self._account.take(frame, 0, OVERDUE)
        self._publish_picture(packet)
        return self._account.take(frame, 0, "")

    def revive(self, now_ns: int) -> None:
        """Ask for a keyframe if anybody waits for one."""
        if self._is_awaited():
            self._want(JOIN, now_ns)

    def starves(self, viewer: Viewer, now_ns: int) -> None:
        """Ask for a keyframe for a viewer whose connection can take one."""
        if viewer.missed or viewer.skipping:
            self._want(LOSS if viewer.missed_reason == LOSS else LATE, now_ns)
        else:
            self._want(JOIN, now_ns)

    def shows(self, viewer: Viewer, media_time_ns: int, now_ns: int) -> None:
        """Let a viewer skip to a fresh keyframe when the picture that it shows is behind by more than the bound."""
        # After a JPEG the newest one follows in any case: there is nothing to skip.
        if self.format == JPEG or not viewer.live:
            return
        is_behind = self._edge.is_behind(media_time_ns, now_ns, self._key_wait.expected_ns(now_ns))
        if viewer.chase.judge(is_behind=is_behind, now_ns=now_ns):
            self._counters.add("viewers_behind")
            viewer.skip()
            self.fell(viewer)
            if viewer.open:
                self._key_wait.begin(now_ns)
                self._want(LATE, now_ns)

    def fell(self, viewer: Viewer) -> None:
        """Let a viewer wait for the next keyframe."""
        self._audiences[viewer.form].fall(viewer)

    def _publish_video(self, packet: Packet, overdue: bool) -> bool:
        verdict = self._order.judge(packet.frame, packet.received_ns)
        if verdict is DOUBLE and packet.frame.repeat:
            if not overdue:
                self._take_repeat(packet)
            return False
        if not verdict.passes:
            self._counters.add(f"dropped_{verdict.cause}")
            if verdict is OUTDATED:
                self._account.refuse(packet.frame)
            return False
        if verdict.lost:
            self._counters.add("dropped_bus", verdict.lost)
        starts = packet.key and not overdue
        if verdict.broken or overdue:
            self._cut(packet, verdict.lost + (not starts), LATE if overdue else LOSS)
        elif not packet.key and not self._whole:
            for audience in self._audiences.values():
                audience.count_missed(1)
        goes_on = starts or self._whole
        if goes_on:
            self._whole = True
            self._send(packet)
        return self._account.take(packet.frame, verdict.lost, "" if goes_on else OVERDUE if overdue else BROKEN)

    def _take_repeat(self, packet: Packet) -> None:
        """Gather a group that is sent again; once it reaches the live edge, those who wait go on from there."""
        if packet.key:
            self._replay, self._replay_bytes = [packet] if self._is_awaited() else [], 0
        elif self._replay and _follows(packet, self._replay[-1]):
            self._replay.append(packet)
        else:
            return
        self._replay_bytes += packet.size
        if self._replay_bytes > REPLAY_LIMIT_BYTES:
            self._replay = []
        elif self._replay and packet.frame.out_seq == self._order.newest:
            replay, self._replay = self._replay, []
            self._whole = True
            self.asker.satisfy()
            for audience in self._audiences.values():
                audience.replay(replay)

    def _is_awaited(self) -> bool:
        return any(audience.waiting for audience in self._audiences.values())

    def _cut(self, packet: Packet, missed: int, reason: str) -> None:
        """Break the chain before `packet`: who missed anything goes on with a keyframe, at once if this is one."""
        self._whole = False
        self._recent = []
        if missed:
            for audience in self._audiences.values():
                audience.fall_all(missed, reason)
        if not packet.key or reason == LATE:
            self._want(reason, packet.received_ns)

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
        if self.format != JPEG:
            self._edge.advance(packet.frame.media_time_ns, packet.frame.source, packet.received_ns)
        if packet.key:
            self._replay = []
            self._key_wait.end(packet.received_ns)
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


def _follows(packet: Packet, before: Packet) -> bool:
    frame, last = packet.frame, before.frame
    return frame.epoch == last.epoch and frame.out_seq == last.out_seq + 1
