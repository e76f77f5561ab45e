"""A camera that sends H.264 itself: only `mp4/` is made of it, in the main thread (some microseconds a frame)."""

from typing import Any, Final

from common.frame import Frame
from common.topics import H264, MP4, topic
from services.transcode.assignments import Assignment
from services.transcode.figures import Figures
from services.transcode.limits import Limit, Seen
from services.transcode.line import LossLog, Source, Tools
from services.transcode.remux import Remux


class RemuxLine:
    """From `h264/` to `mp4/`."""

    def __init__(self, assignment: Assignment, tools: Tools) -> None:
        self.kind: Final = H264
        self._tools = tools
        camera = assignment.camera
        self._ledger = tools.ledger.of(camera)
        self._ledger.publisher = assignment.publisher
        self._remux = Remux(camera, assignment.term, self._ledger)
        self._losses = LossLog(camera, self._remux.dropped)
        self._figures = Figures()
        self._source = Source(H264, camera, tools)
        self._mp4_topic = topic(MP4, camera)
        self._is_wanted = False

    def follow(self, assignment: Assignment) -> None:
        self._ledger.publisher = assignment.publisher
        self._remux.follow_term(assignment.term)

    def want(self, topics: frozenset[str], now_ns: int) -> None:
        self._is_wanted = self._mp4_topic in topics
        if self._is_wanted:
            self._source.open(now_ns)
        else:
            self._source.close()

    def is_over(self, now_ns: int) -> bool:
        return not self._is_wanted

    def request_keyframe(self, reason: str, now_ns: int) -> None:
        """Leave it to the camera's publisher, which hears the request itself."""

    def take(self, frame: Frame, now_ns: int) -> None:
        if self._tools.bus.was_stopped():
            return
        for where, message in self._remux.take(frame, now_ns, self._tools.clock.wall_ns()):
            self._tools.bus.publish_frame(where, message)
            self._figures.published(len(message.payload), now_ns)
        if self._remux.needs_keyframe:
            self._source.missed(now_ns)
        else:
            self._source.came()

    def step(self, now_ns: int) -> None:
        self._source.step("loss", now_ns)

    def wakes_at_ns(self, now_ns: int) -> int | None:
        return self._source.wakes_at_ns()

    def held(self) -> int:
        return 0

    def seen(self, watch: str) -> Seen | None:
        return None

    def limit(self, limit: Limit) -> None:
        """Nothing is encoded here."""

    def record(self, now_ns: int) -> dict[str, Any]:
        return {
            **self._figures.record(now_ns),
            "dropped": self._remux.dropped.snapshot(),
            "preset": "",
            "term": self._remux.term,
        }

    def report_losses(self) -> None:
        self._losses.report()

    def close(self) -> None:
        self._source.close()
