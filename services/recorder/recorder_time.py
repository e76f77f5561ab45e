"""Recorder time: the wall clock's time of each picture, made so that it never goes back. Pure; all in ns.

Within a run of footage time follows media time, which never steps; a run begins where the wall clock stood when its
first picture was captured. After a clock that was set back, time goes on from the newest stored instant: `shift_ns` is
how far it then runs ahead of the clock. A new run tries again with less.
"""

from typing import Final

from common.frame import Frame
from common.units import NS_PER_MS, NS_PER_S

# What a clock may differ from media time before it counts as set: NTP slews by 0.5 ms a second at most, and a run lasts
# a minute.
JUMP_NS: Final = 500 * NS_PER_MS
# The last picture's end is an estimate while nothing follows, of at most `LONGEST_GUESS_NS`; that is no shift.
CLAMP_NS: Final = 250 * NS_PER_MS
LONGEST_GUESS_NS: Final = 200 * NS_PER_MS
# A newcomer is sent the newest picture again, which is at most an interval old.
OLD_NS: Final = 2 * NS_PER_S
# Two pictures never have one time; 90 ticks of 90 kHz.
STEP_NS: Final = NS_PER_MS


class RecorderTime:
    """The times of one run of footage after the other."""

    def __init__(self) -> None:
        self.shift_ns = 0
        self.last_ns = 0
        """The time of the picture that was told last."""
        self._offset_ns = 0
        self._source = -1

    def begin(self, frame: Frame, floor_ns: int, wall_ns: int) -> int:
        """Return the time of a run's first picture, never before `floor_ns`; `wall_ns`: when it came in."""
        self._offset_ns, self._source = _offset_ns(frame), frame.source
        time_ns = frame.media_time_ns + self._offset_ns
        behind_ns = max(0, floor_ns - time_ns)
        if behind_ns > CLAMP_NS and _is_old(frame, time_ns, floor_ns, wall_ns):
            # Captured before, and what there is to see until the next one comes: no clock was set back.
            behind_ns, floor_ns = 0, wall_ns
        self.shift_ns = behind_ns if behind_ns > CLAMP_NS else 0
        self.last_ns = max(time_ns, floor_ns)
        return self.last_ns

    def is_jump(self, frame: Frame) -> bool:
        """Return whether the clock was set since this run began, so that another one has to begin."""
        return abs(_offset_ns(frame) - self._offset_ns) > JUMP_NS

    def peek(self, frame: Frame) -> int:
        """Return the time that `follow` would give."""
        offset_ns = self._offset_ns if frame.source == self._source else _offset_ns(frame)
        return max(frame.media_time_ns + offset_ns + self.shift_ns, self.last_ns + STEP_NS)

    def follow(self, frame: Frame) -> int:
        """Return the time of the run's next picture: later than every one before."""
        time_ns = self.peek(frame)
        if frame.source != self._source:
            # Another connection, perhaps at another process with a timebase of its own.
            self._offset_ns, self._source = _offset_ns(frame), frame.source
        self.last_ns = time_ns
        return time_ns


def guess_end_ns(last_ns: int, interval_ns: int) -> int:
    """Return when the newest picture ends as long as nothing follows: soon, so that what follows is never before it."""
    return last_ns + min(max(interval_ns, STEP_NS), LONGEST_GUESS_NS)


def _is_old(frame: Frame, time_ns: int, floor_ns: int, wall_ns: int) -> bool:
    return wall_ns >= floor_ns and wall_ns - time_ns <= max(OLD_NS, 2 * frame.interval_ns)


def _offset_ns(frame: Frame) -> int:
    return frame.captured_at_ns - frame.media_time_ns
