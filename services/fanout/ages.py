"""How old the picture is that a viewer shows: its media time against the media clock, on this machine's clock. Pure.

A frame's media time and the monotonic stamp of its arrival at ingest are two readings of one moment, so their distance
places the media clock on CLOCK_MONOTONIC, exactly, where both processes run on one machine. For a camera that comes in
on another machine its fastest message places it, so that ages there leave out the least time of the journey.
"""

from common.frame import Frame
from common.units import NS_PER_S

# Beyond this a viewer's word is not an age but a mistake (another clock, another camera).
AGE_LIMIT_S = 3600.0


class MediaClock:
    """The media clock of one camera on CLOCK_MONOTONIC."""

    __slots__ = ("_offset_ns", "_source")

    def __init__(self) -> None:
        self._offset_ns: int | None = None
        self._source: int | None = None

    def observe(self, frame: Frame, received_ns: int, host: str) -> None:
        """Take a frame's stamps; `host` is this machine's id."""
        if frame.source != self._source:
            self._source, self._offset_ns = frame.source, None
        arrived_ns = frame.hops.get("ingest_in") if frame.host == host else None
        if arrived_ns is not None:
            self._offset_ns = frame.media_time_ns - arrived_ns
        elif not frame.repeat:
            fastest = frame.media_time_ns - received_ns
            self._offset_ns = fastest if self._offset_ns is None else max(self._offset_ns, fastest)

    def age_s(self, media_time_s: float, now_ns: int) -> float | None:
        """Return how long ago the moment `media_time_s` was; None when that cannot be said."""
        if self._offset_ns is None:
            return None
        age_s = (now_ns + self._offset_ns) / NS_PER_S - media_time_s
        # A display may be some ms ahead of the stamps (rounding to 90 kHz and to the screen's refresh).
        return max(0.0, age_s) if -1.0 < age_s < AGE_LIMIT_S else None


def is_overdue(frame: Frame, now_ns: int, host: str, max_age_ns: int) -> bool:
    """Return whether a message was under way from the last process that had it for longer than the bound.

    So it is when this process was stopped or starved, or the bus was: what waited meanwhile is not shown any more.
    """
    return frame.host == host and bool(frame.hops) and now_ns - max(frame.hops.values()) > max_age_ns
