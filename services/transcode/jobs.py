"""What goes to an encoder and what comes back. Pure values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from common.h264 import AccessUnit
from services.transcode.mailbox import Arrived


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to encode."""

    arrived: Arrived
    time_90k: int
    interval_ns: int
    """Estimated distance to the next picture; 0: unknown."""
    idr: bool
    term: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Frames of the source missing before this one, by cause."""
    begins: bool = False
    """A new epoch must begin here, even if nothing about the stream changes."""
    again: bool = False
    """The picture went out before; somebody waits for a keyframe and no fresh picture comes."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """The access unit of a job."""

    unit: AccessUnit
    width: int
    height: int
    encoder: str
    took_ns: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A job that gave nothing; `cause` is what its frame is counted as."""

    cause: str
    reason: str


Outcome = Encoded | Failed
