"""When each frame of a stream was, in recorder time, and why something is missing before it: while nothing is stored.

Time goes on from frame to frame, so that what lies in the ring is in order whatever the clock does.
"""

from collections.abc import Callable
from typing import NamedTuple

from common.frame import Frame
from common.recordings.rows import Reason
from services.recorder.cutting import GAP_NS, INTERVALS
from services.recorder.recorder_time import STEP_NS, RecorderTime, guess_end_ns
from services.recorder.taking import Arrived, Moment, Why


class Placed(NamedTuple):
    """A frame's time; `hole` says why something is missing before it, None: nothing is."""

    time_ns: int
    hole: Why | None = None
    is_anew: bool = False
    """Time goes on before what was placed last: the clock's time is taken again."""


class Placing:
    """The times of a camera's frames, from the first one on."""

    def __init__(self, why: Callable[[], Why]) -> None:
        self._why = why
        self._time = RecorderTime()
        self._newest: Arrived | None = None

    @property
    def shift_ns(self) -> int:
        """How far recorder time runs ahead of the clock."""
        return self._time.shift_ns

    @property
    def last_ns(self) -> int:
        """The time of the newest frame; 0: none has come."""
        return self._time.last_ns

    @property
    def guessed_end_ns(self) -> int | None:
        """When the newest frame ends as long as none follows; None: none has come."""
        return guess_end_ns(self._time.last_ns, self._newest.frame.interval_ns) if self._newest else None

    def is_silent(self, now: Moment, least_ns: int) -> bool:
        """Return whether nothing came for so long, and for some of the camera's own intervals."""
        newest = self._newest
        return newest is None or now.mono_ns - newest.now.mono_ns > max(least_ns, INTERVALS * newest.frame.interval_ns)

    def place(self, arrived: Arrived, edge_ns: int, *, is_writing: bool) -> Placed:
        """Return a frame's time, never before `edge_ns` where a new run of times begins with it."""
        newest, self._newest = self._newest, arrived
        if newest is None:
            return Placed(self._time.begin(arrived.frame, edge_ns, arrived.now.wall_ns))
        if not is_writing and self._has_caught_up(arrived.frame, edge_ns):
            time_ns = self._time.begin(arrived.frame, edge_ns, arrived.now.wall_ns)
            return Placed(time_ns, Why(Reason.CLOCK), is_anew=True)
        return self._after(newest.frame, arrived, edge_ns)

    def _has_caught_up(self, frame: Frame, edge_ns: int) -> bool:
        """Return whether the clock, once set back, is beyond what was stored, so that its time can be taken again."""
        time = self._time
        return bool(time.shift_ns and frame.key and time.peek(frame) - time.shift_ns >= edge_ns)

    def _after(self, newest: Frame, arrived: Arrived, edge_ns: int) -> Placed:
        frame, before_ns = arrived.frame, self._time.last_ns
        is_jump = self._time.is_jump(frame)
        if is_jump or frame.source != newest.source:
            media_ns = frame.media_time_ns - newest.media_time_ns if frame.source == newest.source else 0
            floor_ns = max(before_ns + max(STEP_NS, media_ns), edge_ns)
            time_ns = self._time.begin(frame, floor_ns, arrived.now.wall_ns)
            # A clock that was set back makes no hole: time goes on.
            is_jump = is_jump and time_ns > floor_ns
        else:
            time_ns = self._time.follow(frame)
        if is_jump or arrived.why is not None:
            return Placed(time_ns, Why(Reason.CLOCK if is_jump else arrived.why or Reason.BUS))
        interval_ns = max(newest.interval_ns, frame.interval_ns)
        is_hole = frame.key and time_ns - before_ns > max(GAP_NS, INTERVALS * interval_ns)
        return Placed(time_ns, self._why() if is_hole else None)
