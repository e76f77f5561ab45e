"""Where a file of footage ends and another begins: at keyframes, and wherever footage is missing before one. Pure."""

from enum import Enum, auto
from typing import Final

from common.frame import Frame
from common.recordings.rows import Reason
from common.units import NS_PER_S
from services.recorder.recorder_time import RecorderTime

# Pictures this far apart, and three times their usual distance, have a gap between them. One that is no keyframe still
# follows from the one before: a camera's short hiccup costs no picture then, the last one just stands longer.
GAP_NS: Final = NS_PER_S
SILENCE_NS: Final = 3 * NS_PER_S
INTERVALS: Final = 3
# So much more passed on the clock than in truth: it was set, in a moment when nothing came.
CLOCK_NS: Final = 2 * NS_PER_S


class Cut(Enum):
    """What a frame means for the files."""

    GO_ON = auto()
    SEAM = auto()
    """A new file, without a gap."""
    CLOCK = auto()
    """A new file, because the clock was set."""
    GAP = auto()
    """A new file, and something is missing before it."""
    BEGIN = auto()
    """The first file: none is open."""


class Run:
    """The open file, as far as the next frame's fate depends on it."""

    __slots__ = ("_init", "_last_mono_ns", "_last_ns", "_start_ns", "interval_ns")

    def __init__(self, start_ns: int, init: bytes) -> None:
        self.interval_ns = 0
        self._start_ns: Final = start_ns
        self._init: Final = init
        self._last_ns = start_ns
        self._last_mono_ns = 0

    def took(self, frame: Frame, time_ns: int, mono_ns: int) -> None:
        """Take note of a frame that went into the file."""
        self.interval_ns, self._last_ns, self._last_mono_ns = frame.interval_ns, time_ns, mono_ns

    def is_silent(self, mono_ns: int) -> bool:
        """Return whether nothing came for so long that there is a gap, whatever comes."""
        return mono_ns - self._last_mono_ns > max(SILENCE_NS, INTERVALS * self.interval_ns)

    def judge(self, frame: Frame, time: RecorderTime, segment_ns: int, mono_ns: int) -> Cut:
        """Return what the next frame of the stream means."""
        if not frame.key:
            return Cut.GAP if self._distance_ns(frame, time) > self._longest_ns(frame, SILENCE_NS) else Cut.GO_ON
        distance_ns = self._distance_ns(frame, time)
        # Forward steps show between two frames as well, when another process has stamped the second one.
        if time.is_jump(frame) or distance_ns - (mono_ns - self._last_mono_ns) > CLOCK_NS:
            return Cut.CLOCK
        if distance_ns > self._longest_ns(frame, GAP_NS):
            return Cut.GAP
        if frame.init != self._init or time.peek(frame) - self._start_ns >= segment_ns:
            return Cut.SEAM
        return Cut.GO_ON

    def _distance_ns(self, frame: Frame, time: RecorderTime) -> int:
        return time.peek(frame) - self._last_ns

    def _longest_ns(self, frame: Frame, least_ns: int) -> int:
        return max(least_ns, INTERVALS * max(self.interval_ns, frame.interval_ns))


def judge(run: Run | None, frame: Frame, time: RecorderTime, why: Reason | None, segment_ns: int, mono_ns: int) -> Cut:
    """Return what a frame means; `why` is set where frames are missing before it, `run` where a file is open."""
    if run is None:
        return Cut.BEGIN
    return Cut.GAP if why is not None else run.judge(frame, time, segment_ns, mono_ns)


class ReasonWatch:
    """Decides when the reason of a gap that goes on has changed: when it held for a while, from its beginning on.

    What comes within that time ends the gap as it was, so that joining the stream is no gap of its own.
    """

    HOLD_NS: Final = 2 * NS_PER_S

    __slots__ = ("_since", "_told")

    def __init__(self) -> None:
        self._told: object = None
        self._since = (0, 0)

    def judge(self, current: object, told: object, time_ns: int, mono_ns: int) -> int | None:
        """Return from when on `told` is the reason instead of `current`; None while it is not. Recorder time."""
        if told == current:
            self._told = None
            return None
        if told != self._told:
            self._told, self._since = told, (time_ns, mono_ns)
        return self._since[0] if mono_ns - self._since[1] >= self.HOLD_NS else None

    def forget(self) -> None:
        """Begin anew: footage came."""
        self._told = None
