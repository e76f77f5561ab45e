"""Mode continuous: each frame of `mp4/` becomes a sample of a file, cut at keyframes; a pass brings all to disk."""

from collections.abc import Mapping
from typing import Any, Final

from common.errors import RecordingError
from common.frame import Frame
from common.recordings.container import sample_of
from common.recordings.rows import Reason
from common.topics import MP4
from common.units import NS_PER_S
from services.recorder.cutting import Cut, ReasonWatch, Run, judge
from services.recorder.event_log import EventLog
from services.recorder.open_file import MALFORMED, OpenFile
from services.recorder.recorder_time import STEP_NS, RecorderTime, guess_end_ns
from services.recorder.taking import Arrived, Desk, Moment

# Why a frame is not kept: its chain was cut here.
BROKEN: Final = "broken"


class Continuous:
    """One camera in mode continuous."""

    formats = (MP4,)
    waiting_originals = 0

    def __init__(self, desk: Desk, now: Moment) -> None:
        self._desk = desk
        self._segment_ns = int(desk.recording.segment_s * NS_PER_S)
        self._time = RecorderTime()
        self._watch = ReasonWatch()
        self._events = EventLog(desk, now)
        self._file: OpenFile | None = None
        self._run: Run | None = None
        # A picture of before that was encoded again: what follows builds on it, but it is no footage by itself.
        self._prefix: Frame | None = None
        self._missing = 0

    @property
    def is_writing(self) -> bool:
        return self._file is not None

    @property
    def shift_ns(self) -> int:
        """How far recorder time runs ahead of the clock."""
        return self._time.shift_ns

    def offer(self, arrived: Arrived) -> None:
        frame = arrived.frame
        cut = judge(self._run, frame, self._time, arrived.why, self._segment_ns, arrived.now.mono_ns)
        if cut is Cut.GO_ON:
            self._go_on(arrived)
        elif not frame.key and not (cut is Cut.BEGIN and self._prefix):
            self._refuse(arrived, cut)
        elif cut is Cut.BEGIN and frame.key and not arrived.is_new and self._desk.gaps.edge_ns:
            self._prefix = frame
        else:
            self._begin(arrived, cut)

    def event(self, record: Mapping[str, Any], now: Moment) -> None:
        self._events.hear(record, now, self._time.shift_ns)

    def camera(self, told: Mapping[str, Any], now: Moment) -> None:
        """Who sends what is all the same: it comes as `mp4/`."""

    def tick(self, now: Moment) -> None:
        self._events.end_overdue(now, self._time.shift_ns)
        if self._run is None or self._file is None:
            self._explain(now)
        elif self._run.is_silent(now.mono_ns):
            self._end()
            why = self._desk.why()
            self._desk.gaps.begin(self._desk.gaps.edge_ns, why.reason, why.detail)
            self._desk.ask()
        else:
            self._file.flush(guess_end_ns(self._time.last_ns, self._run.interval_ns))
            self._file.sync()
            self._desk.gaps.cover(self._file.end_ns)

    def cut(self, now: Moment) -> None:
        if self._file is not None:
            self._end()
            # What follows builds on what is about to go.
            self._desk.gaps.begin(self._desk.gaps.edge_ns, Reason.DELETED)
            self._desk.ask()

    def close(self, now: Moment) -> None:
        self._end()

    def _explain(self, now: Moment) -> None:
        """Keep the reason of the gap up to date."""
        gaps, why = self._desk.gaps, self._desk.why()
        time_ns = max(now.wall_ns + self._time.shift_ns, gaps.edge_ns)
        since_ns = self._watch.judge(gaps.reason, why.reason, time_ns, now.mono_ns)
        if since_ns is not None:
            gaps.begin(since_ns, why.reason, why.detail)

    def _refuse(self, arrived: Arrived, cut: Cut) -> None:
        """Wait for a keyframe."""
        self._missing += arrived.missing
        if arrived.is_new:
            self._desk.tally.drop(BROKEN)
            self._missing += 1
        if cut is not Cut.BEGIN:
            self._end()
            why = self._desk.why()
            self._desk.gaps.begin(self._desk.gaps.edge_ns, arrived.why or why.reason, why.detail)
        self._desk.ask()

    def _go_on(self, arrived: Arrived) -> None:
        frame = arrived.frame
        if self._file is None:
            raise AssertionError("a run goes on without a file: both begin and end together")
        if frame.key or self._file.is_full:
            # What waits ends exactly here: the next fragment begins with this frame.
            self._file.flush(self._time.peek(frame))
        self._take(arrived, self._time.follow(frame))

    def _begin(self, arrived: Arrived, cut: Cut) -> None:
        """End the file, and begin another with this frame."""
        start_ns = self._start_ns(arrived, cut)
        why = self._desk.why()
        reason = Reason.CLOCK if cut is Cut.CLOCK else arrived.why or why.reason
        key = arrived.frame if arrived.frame.key or self._prefix is None else self._prefix
        try:
            self._file = OpenFile(self._desk, key, start_ns, self._time.shift_ns)
        except RecordingError as error:
            self._refuse_stream(arrived, error)
            return
        self._desk.gaps.footage(start_ns, reason, why.detail, self._missing + arrived.missing)
        self._missing, self._prefix = 0, None
        self._watch.forget()
        self._run = Run(start_ns, key.init)
        if key is not arrived.frame:
            self._file.add(sample_of(key, start_ns), key, is_new=False)
            start_ns = self._time.follow(arrived.frame)
        self._take(arrived, start_ns)

    def _refuse_stream(self, arrived: Arrived, error: RecordingError) -> None:
        """Wait for another one: no file can be made of a decoder configuration like this."""
        self._desk.tally.drop(MALFORMED, int(arrived.is_new))
        self._desk.gaps.begin(self._desk.gaps.edge_ns, Reason.ENCODER, str(error))
        self._prefix = None

    def _start_ns(self, arrived: Arrived, cut: Cut) -> int:
        """Return when the next file starts, and end the one before: without a gap where time allows it."""
        file, last_ns = self._file, self._time.last_ns
        if file is None:
            return self._time.begin(arrived.frame, self._desk.gaps.edge_ns, arrived.now.wall_ns)
        floor_ns = max(last_ns + STEP_NS, file.end_ns)
        start_ns = self._time.begin(arrived.frame, floor_ns, arrived.now.wall_ns)
        is_seam = cut is Cut.SEAM or (cut is Cut.CLOCK and start_ns == floor_ns)
        # Of two pictures between which some are missing, the first one does not last until the second.
        self._end(start_ns if is_seam else min(guess_end_ns(last_ns, self._interval_ns), (last_ns + start_ns) // 2))
        if is_seam:
            self._desk.gaps.cover(start_ns)
        return start_ns

    @property
    def _interval_ns(self) -> int:
        return self._run.interval_ns if self._run else 0

    def _take(self, arrived: Arrived, time_ns: int) -> None:
        if self._file is None or self._run is None:
            raise AssertionError("a frame is taken without a file: one was opened just before")
        frame = arrived.frame
        self._file.add(sample_of(frame, time_ns), frame, is_new=arrived.is_new)
        self._run.took(frame, time_ns, arrived.now.mono_ns)

    def _end(self, end_ns: int = 0) -> None:
        """End the open file, if any; everything that waits for it is written, or counted as lost."""
        file, self._file = self._file, None
        guess_ns = guess_end_ns(self._time.last_ns, self._interval_ns)
        self._run = None
        if file is not None:
            try:
                file.close(end_ns or guess_ns)
            finally:
                self._desk.gaps.cover(file.end_ns)
