"""A camera that sends H.264 itself: its access units in, MP4 fragments out. Nothing is decoded. Pure."""

from dataclasses import replace

from common.counters import Counters
from common.errors import CodecError
from common.frame import Frame
from common.h264 import parse_access_unit
from common.topics import MP4
from services.transcode.mailbox import BUS, CORRUPT
from services.transcode.outlet import Outlet
from services.transcode.timeline import Timeline, media_time_ns


class Remux:
    """The `mp4/` of one camera, from the first who wants it to the last."""

    def __init__(self, camera: str, term: int) -> None:
        self.term = term
        self.dropped = Counters()
        self._outlet = Outlet(MP4, camera)
        self._outlet.want(True)
        self._timeline = Timeline()
        self._source_epoch: tuple[int, int, int] | None = None
        self._next_seq = 0
        self._epoch_term = 0
        self._start_ns = 0
        self._begins = True

    @property
    def needs_keyframe(self) -> bool:
        """Whether only a keyframe can be used next."""
        return self._begins

    def follow_term(self, term: int) -> None:
        """Go on under a newer term from the next keyframe on: the camera alone decides when it makes one."""
        self.term = term

    def take(self, frame: Frame, now_ns: int, wall_ns: int) -> list[tuple[str, Frame]]:
        """Return the message that an access unit makes, with its topic, if it makes one."""
        if not self._is_next(frame):
            return []
        try:
            message = self._mux(frame, now_ns, wall_ns)
        except CodecError:
            self.dropped.add(CORRUPT)
            self._begins = True
            return []
        return [(self._outlet.topic, message)] if message is not None else []

    def _is_next(self, frame: Frame) -> bool:
        """Return whether the frame can be used: the next one of its chain, or the first one of a new chain."""
        epoch = (*frame.epoch, frame.source)
        if epoch != self._source_epoch:
            self._begins = True
        elif frame.out_seq < self._next_seq:
            return False  # sent again for another newcomer
        elif frame.out_seq > self._next_seq:
            self._begins = True
            self.dropped.add(BUS, frame.out_seq - self._next_seq)
        self._source_epoch, self._next_seq = epoch, frame.out_seq + 1
        return frame.key or not self._begins

    def _mux(self, frame: Frame, now_ns: int, wall_ns: int) -> Frame | None:
        unit = parse_access_unit(frame.payload)
        if self._begins or (frame.key and self.term != self._epoch_term):
            self._begin_epoch(wall_ns)
        time_90k = self._timeline.next_90k(frame.media_time_ns)
        base = replace(
            frame,
            repeat=False,
            media_time_ns=media_time_ns(frame.media_time_ns, time_90k),
            hops={**frame.hops, "transcode_in": now_ns, "transcode_out": now_ns},
            term=self._epoch_term,
            encoder_start_ns=self._start_ns,
        )
        return self._outlet.message(base, unit, time_90k)

    def _begin_epoch(self, wall_ns: int) -> None:
        self._begins = False
        self._epoch_term = self.term
        # Two within a nanosecond, or a wall clock that stepped back, must still be in order.
        self._start_ns = max(self._start_ns + 1, wall_ns)
        self._timeline.begin()
        self._outlet.begin()
