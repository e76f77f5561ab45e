"""A camera that sends H.264 itself: its access units in, MP4 fragments out. Nothing is decoded. Pure."""

from dataclasses import replace
from typing import Final

from common.counters import Counters
from common.errors import CodecError
from common.frame import Frame
from common.h264 import parse_access_unit
from common.topics import MP4
from services.transcode.ledger import CameraLedger
from services.transcode.mailbox import BUS, CORRUPT
from services.transcode.outlet import Outlet
from services.transcode.timeline import Timeline, media_time_ns

# As much as ingest keeps of a camera's group, and so sends again.
GROUP_LIMIT_BYTES: Final = 4 << 20
# Why a frame that came makes no message: what it builds on is missing. It may come again, from a keyframe on.
BROKEN: Final = "broken"
# Frames that are missing and may be sent again; as many as a group at 60 fps over 20 s.
MISSING_LIMIT: Final = 1200


class Remux:
    """The `mp4/` of one camera, from the first who wants it to the last."""

    def __init__(self, camera: str, term: int, ledger: CameraLedger | None = None) -> None:
        self.term = term
        self._ledger = ledger or CameraLedger()
        self.dropped = Counters()
        self._outlet = Outlet(MP4, camera)
        self._outlet.want(True)
        self._timeline = Timeline()
        self._source_epoch: tuple[int, int, int] | None = None
        self._next_seq = 0
        self._heard_seq = 0
        self._missing: set[int] = set()
        self._broken: set[int] = set()
        self._is_cut = False
        self._group: list[Frame] = []
        self._group_seq = 0
        self._group_bytes = 0
        self._epoch_term = 0
        self._start_ns = 0
        self._begins = True

    @property
    def needs_keyframe(self) -> bool:
        """Whether nothing can be made of what comes next, unless it is a keyframe or was sent again."""
        return self._begins or self._is_cut

    def follow_term(self, term: int) -> None:
        """Go on under a newer term from the next keyframe on: the camera alone decides when it makes one."""
        self.term = term

    def take(self, frame: Frame, now_ns: int, wall_ns: int) -> list[tuple[str, Frame]]:
        """Return the message that an access unit makes, with its topic, if it makes one."""
        again = self._again(frame, now_ns)
        if again is not None:
            return [(self._outlet.topic, again)]
        is_next = self._is_next(frame)
        is_new = self._enter(frame)
        message, cause = None, BROKEN
        if is_next:
            try:
                message = self._mux(frame, now_ns, wall_ns)
            except CodecError:
                self.dropped.add(CORRUPT)
                self._begins, cause = True, CORRUPT
        if message is None:
            if is_new:
                self._drop(frame, cause)
            return []
        self._leave(frame, is_new=is_new)
        self._keep(message, frame.out_seq)
        return [(self._outlet.topic, message)]

    def _enter(self, frame: Frame) -> bool:
        """Count a frame that came in; return whether it had not been counted before."""
        if frame.out_seq in self._missing:
            self._missing.discard(frame.out_seq)
            self._ledger.enter_late()
            return True
        return self._ledger.enter(self._source_epoch, frame.out_seq)

    def _drop(self, frame: Frame, cause: str) -> None:
        self._ledger.drop(cause)
        if cause == BROKEN and len(self._broken) < MISSING_LIMIT:
            self._broken.add(frame.out_seq)

    def _leave(self, frame: Frame, *, is_new: bool) -> None:
        if is_new:
            self._ledger.leave()
        elif frame.out_seq in self._broken:
            self._broken.discard(frame.out_seq)
            self._ledger.leave_late(BROKEN)
        if frame.key:
            # What came before it is not used any more.
            self._broken = {seq for seq in self._broken if seq > frame.out_seq}

    def _again(self, frame: Frame, now_ns: int) -> Frame | None:
        """Return the message that was made of a frame which the camera's publisher sends again for a newcomer."""
        at = frame.out_seq - self._group_seq
        if not frame.repeat or (*frame.epoch, frame.source) != self._source_epoch or not 0 <= at < len(self._group):
            return None
        hops = {**frame.hops, "transcode_in": now_ns, "transcode_out": now_ns}
        return replace(self._group[at], repeat=True, hops=hops)

    def _keep(self, message: Frame, source_seq: int) -> None:
        """Keep the messages since the last keyframe; bounded, none when there would be too many."""
        if message.key:
            self._group, self._group_seq, self._group_bytes = [], source_seq, 0
        elif not self._group:
            return
        self._group.append(message)
        self._group_bytes += len(message.payload)
        if self._group_bytes > GROUP_LIMIT_BYTES:
            self._group = []

    def _is_next(self, frame: Frame) -> bool:
        """Return whether the frame can be used: the next one of its chain, or the first one of a new chain.

        What was used is not used again, so that times never go back; after a hole the chain goes on if what is missing
        is sent again, and begins anew at a later keyframe otherwise.
        """
        epoch = (*frame.epoch, frame.source)
        if epoch != self._source_epoch:
            self._source_epoch, self._next_seq, self._heard_seq = epoch, 0, frame.out_seq
            self._begins, self._group = True, []
            self._missing.clear()
            self._broken.clear()
        lost = frame.out_seq - self._heard_seq
        if lost > 0:
            self.dropped.add(BUS, lost)
            self._ledger.miss(lost)
            oldest = frame.out_seq - MISSING_LIMIT
            self._missing = {seq for seq in self._missing if seq >= oldest}
            self._missing.update(range(max(self._heard_seq, oldest), frame.out_seq))
        self._heard_seq = max(self._heard_seq, frame.out_seq + 1)
        if frame.out_seq < self._next_seq:
            return False
        follows = frame.out_seq == self._next_seq and not self._begins
        if not follows and not frame.key:
            self._is_cut = True
            return False
        self._begins = not follows
        self._is_cut, self._next_seq = False, frame.out_seq + 1
        return True

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
