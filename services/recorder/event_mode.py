"""Mode event: frames pass through a ring in memory, and go to disk when an event wants them. Nothing is encoded before.

Of a camera that sends JPEGs the originals are kept, and encoded later; one that pushes H.264 comes as `mp4/`, which is
muxed only, and its samples go into a video at once.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from common.errors import RecordingError
from common.frame import Frame
from common.recordings.rows import Reason
from common.topics import JPEG, MP4
from common.units import NS_PER_S
from services.recorder.cutting import SILENCE_NS, ReasonWatch
from services.recorder.event_files import EventFile, OriginalsFile, VideoFile
from services.recorder.event_log import EventLog, ns
from services.recorder.open_file import DISK, MALFORMED, is_whole
from services.recorder.placing import Placing
from services.recorder.recorder_time import STEP_NS, guess_end_ns
from services.recorder.ring import Held, Ring
from services.recorder.taking import Arrived, Desk, Moment, Why

# Whoever finds something in a picture does so a while after it was taken, and its event begins then.
LATENESS_NS: Final = 5 * NS_PER_S
# A header and the objects around it.
_FRAME_COST_BYTES: Final = 2048
# Why frames are not kept: nothing happened, or the ring had no room for as much as it should hold.
NO_EVENT: Final = "no_event"
RING: Final = "ring"


class _Item(NamedTuple):
    """A frame in the ring, and why something is missing before it; None: nothing is."""

    arrived: Arrived
    hole: Why | None
    shift_ns: int


class EventMode:
    """One camera in mode event."""

    def __init__(self, desk: Desk, now: Moment) -> None:
        self._desk = desk
        self._events = EventLog(desk, now)
        self._span_ns = ns(desk.settings.recording_pre_roll_s) + LATENESS_NS
        self._ring = Ring[_Item](self._span_ns, desk.recording.ring_mib << 20)
        self._format = JPEG
        self._placing = Placing(desk.why)
        self._watch = ReasonWatch()
        self._file: EventFile | None = None
        self._offered: Arrived | None = None
        self._shift_ns = 0
        self._kept = (0, 0)
        self._counted = (0, 0)

    @property
    def formats(self) -> tuple[str, ...]:
        return (self._format,)

    @property
    def is_writing(self) -> bool:
        return self._file is not None

    @property
    def waiting_originals(self) -> int:
        return self._desk.encoder.waiting(self._desk.camera)

    @property
    def shift_ns(self) -> int:
        """How far recorder time runs ahead of the clock."""
        return self._placing.shift_ns

    def offer(self, arrived: Arrived) -> None:
        frame = arrived.frame
        if self._format == MP4 and not is_whole(frame):
            # What follows depends on it.
            self.cut(arrived.now)
            self._ring.forget()
            self._desk.tally.drop(MALFORMED, int(arrived.is_new))
            return
        time_ns, hole, is_anew = self._placing.place(
            arrived, self._desk.gaps.edge_ns, is_writing=self._file is not None
        )
        if is_anew:
            self._ring.forget()
        item = _Item(arrived, hole, self.shift_ns)
        size_bytes = len(frame.payload) + _FRAME_COST_BYTES
        self._ring.put(Held(time_ns, size_bytes, frame.key, item, weight=int(arrived.is_new)))
        self._offered = arrived
        try:
            self._keep_wanted(time_ns)
        except (OSError, RecordingError):
            # Whoever offers a frame counts it when that fails.
            self._ring.withdraw()
            raise
        finally:
            self._offered = None
        if self._file is None and self._desk.gaps.reason is not Reason.NO_EVENT:
            # It came: whatever the reason was until now, from here on it is that nothing happens.
            self._desk.gaps.begin(max(time_ns, self._desk.gaps.edge_ns), Reason.NO_EVENT)
            self._watch.forget()

    def event(self, record: Mapping[str, Any], now: Moment) -> None:
        if self._events.hear(record, now, self.shift_ns):
            self._keep_wanted(self._placing.last_ns)

    def camera(self, told: Mapping[str, Any], now: Moment) -> None:
        format_ = MP4 if told.get("kind") == "h264" else JPEG
        if format_ != self._format:
            self._end()
            self._ring.forget()
            self._format = format_

    def tick(self, now: Moment) -> None:
        self._events.end_overdue(now, self.shift_ns)
        if self._file is None:
            self._explain(now)
        elif self._placing.is_silent(now, SILENCE_NS):
            why = self._desk.why()
            self._end()
            self._desk.gaps.begin(self._desk.gaps.edge_ns, why.reason, why.detail)
        else:
            end_ns = self._guess_end_ns()
            self._file.flush(end_ns)
            self._file.sync()
            self._desk.gaps.cover(end_ns)

    def cut(self, now: Moment) -> None:
        if self._file is not None and self._format == MP4:
            self._desk.ask()
        self._end()

    def close(self, now: Moment) -> None:
        self._ring.forget()
        self._count()
        self._end()

    def _keep_wanted(self, newest_ns: int) -> None:
        """Write what an event wants, and end the file when what came last is not wanted any more."""
        if self._file is None and not self._events.book.is_wanted(self._ring.first_ns, newest_ns + 1):
            self._count()
            return
        wanted = self._ring.take(self._events.book.is_wanted)
        self._count()
        for index, held in enumerate(wanted):
            try:
                self._keep(held)
            except (OSError, RecordingError):
                lost = [each for each in wanted[index:] if each.frame.arrived is not self._offered]
                self._desk.tally.drop(DISK, sum(each.weight for each in lost))
                raise
        if self._file is not None and len(self._ring):
            self._end(max(self._ring.first_ns, self._kept[0] + STEP_NS))
            self._desk.gaps.begin(self._desk.gaps.edge_ns, Reason.NO_EVENT)

    def _keep(self, held: Held[_Item]) -> None:
        arrived, hole, shift_ns = held.frame
        file = self._file
        # The end that was guessed of a file may be later than what then follows.
        time_ns = max(held.time_ns, self._kept[0] + STEP_NS)
        if file is not None and hole is not None:
            self._end()
        elif file is not None and (shift_ns != self._shift_ns or file.ends_before(arrived.frame, time_ns)):
            self._end(time_ns)
        if self._file is None:
            time_ns = max(time_ns, self._desk.gaps.edge_ns)
            why = hole or self._desk.why()
            self._file, self._shift_ns = self._open(arrived.frame, time_ns, shift_ns), shift_ns
            self._desk.gaps.footage(time_ns, why.reason, why.detail, arrived.missing)
        self._file.add(arrived.frame, time_ns, is_new=arrived.is_new)
        self._kept = time_ns, arrived.frame.interval_ns

    def _open(self, frame: Frame, start_ns: int, shift_ns: int) -> EventFile:
        if self._format == MP4:
            return VideoFile(self._desk, frame, start_ns, shift_ns)
        return OriginalsFile(self._desk, start_ns, shift_ns)

    def _end(self, next_ns: int = 0) -> None:
        """End the open file, if any. `next_ns`: when the picture after its last one comes."""
        file, self._file = self._file, None
        if file is None:
            return
        self._ring.seal()
        end_ns = next_ns or self._guess_end_ns()
        try:
            file.close(end_ns)
        finally:
            self._desk.gaps.cover(end_ns)

    def _guess_end_ns(self) -> int:
        return guess_end_ns(*self._kept)

    def _explain(self, now: Moment) -> None:
        """Keep the reason of the gap up to date. It is that nothing happens for as long as the ring lives."""
        gaps = self._desk.gaps
        if not self._placing.is_silent(now, self._span_ns):
            return
        why = self._desk.why()
        end_ns = self._placing.guessed_end_ns
        if end_ns is not None and gaps.reason is Reason.NO_EVENT:
            gaps.begin(end_ns, why.reason, why.detail)
            self._ring.forget()
            self._count()
            return
        time_ns = max(now.wall_ns + self.shift_ns, gaps.edge_ns)
        since_ns = self._watch.judge(gaps.reason, why.reason, time_ns, now.mono_ns)
        if since_ns is not None:
            gaps.begin(since_ns, why.reason, why.detail)

    def _count(self) -> None:
        """Tell the ledger of the frames that the ring forgot."""
        outlived, pushed_out = self._ring.outlived, self._ring.pushed_out
        self._desk.tally.drop(NO_EVENT, outlived - self._counted[0])
        self._desk.tally.drop(RING, pushed_out - self._counted[1])
        self._counted = outlived, pushed_out
