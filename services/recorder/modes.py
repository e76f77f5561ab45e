"""The modes of a camera, and who does their work."""

from typing import Final

from services.recorder.continuous import Continuous
from services.recorder.taking import Desk, Moment, Taking

OFF: Final = "off"
CONTINUOUS: Final = "continuous"
EVENT: Final = "event"
MODES: Final = (OFF, CONTINUOUS, EVENT)


def begin_mode(mode: str, desk: Desk, now: Moment) -> Taking:
    """Return the mode at work; it begins `now`."""
    if mode == CONTINUOUS:
        return Continuous(desk, now)
    # Its encoder and ring are only paid for where there is such a camera.
    from services.recorder.event_mode import EventMode

    return EventMode(desk, now)
