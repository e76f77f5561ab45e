"""The seam between a camera's folder and its mode: what a mode is given, and what it has to answer to.

A mode is an object of the disk thread: every method is called there, one at a time. It writes through its `Desk` and
lets OSError pass: the camera's keeper closes the mode, says why in a gap, and makes a new one when the disk is back.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeVar

from common.frame import Frame
from common.recordings.camera_store import CameraStore
from common.recordings.rows import Reason
from common.settings import CameraSettings, RecordingSettings

Result = TypeVar("Result")


class Moment(NamedTuple):
    """When something happened, on both clocks; durations only from the first."""

    mono_ns: int
    wall_ns: int


class Why(NamedTuple):
    """Why nothing comes, as far as the bus tells: camera offline, no encoder, broker away."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A frame that is to be kept: the next of its stream, by the rules of the bus; the first one is a keyframe."""

    frame: Frame
    format: str
    """`mp4` or `jpeg`."""
    now: Moment
    """When it came in, which may be a while ago when the disk is slow."""
    is_new: bool = True
    """Whether it counts: a picture that was encoded again, for a newcomer, does not."""
    missing: int = 0
    """Frames that did not come or had to be dropped since the one before; only where `why` is set."""
    why: Reason | None = None
    """Set where footage is missing before it, however short: lost on the bus, or no room in the queue."""


class Tally(Protocol):
    """The disk thread's half of a camera's row in the ledger: every new frame offered ends in one of these."""

    def leave(self, frames: int = 1) -> None:
        """Count new frames as kept."""

    def drop(self, cause: str, frames: int = 1) -> None:
        """Count new frames as not kept (`no_event`, `ring`, `damaged`)."""


class Gaps(Protocol):
    """The camera's time line: all of it is footage or has a gap's row, without hole or overlap."""

    @property
    def edge_ns(self) -> int:
        """Until when everything is said: the end of the last footage, or the start of the gap that goes on."""

    @property
    def reason(self) -> Reason | None:
        """The reason of the gap that goes on; None: none does."""

    def begin(self, at_ns: int, reason: Reason, detail: str = "", frames: int = 0) -> None:
        """Let a gap go on from `at_ns` (recorder time; never before the edge) in place of the one before, if any."""

    def footage(self, start_ns: int, reason: Reason, detail: str = "", frames: int = 0) -> None:
        """Say that footage begins: the gap that goes on ends; else, a row from the edge to here for this reason."""

    def cover(self, until_ns: int) -> None:
        """Say that footage goes on without a break until then."""


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a mode may use."""

    camera: str
    store: CameraStore
    settings: CameraSettings
    recording: RecordingSettings
    gaps: Gaps
    tally: Tally
    why: Callable[[], Why]
    """Why nothing comes, at this moment."""
    floor_ns: Callable[[], int]
    """The earliest recorder time that a new run of footage may begin at."""
    ask: Callable[[], None]
    """Asks for a keyframe of the camera's video until one comes."""
    encoder: "Encoder"
    """Makes the videos of originals: the process's `encoding.Encoding`, to which this camera is attached."""
    write: "Write"
    """Runs a function that writes; when the disk is full, makes room by what may go and runs it again."""


class Encoder(Protocol):
    """Videos of originals, late and by another process."""

    def submit(self, camera: str, name: str) -> None:
        """Make the video of a file of originals, whose row says ENCODING."""

    def waiting(self, camera: str) -> int:
        """Return how many files wait for their video."""


class Write(Protocol):
    """`desk.write(lambda: writer.append(...))`; raises OSError when there is no room to be made."""

    def __call__(self, action: Callable[[], Result]) -> Result: ...


class Taking(Protocol):
    """A mode at work for one camera: `continuous.Continuous(desk, now)`, `event_mode.EventMode(desk, now)`."""

    @property
    def formats(self) -> tuple[str, ...]:
        """Which streams of the camera it takes now; looked at after each call."""

    @property
    def is_writing(self) -> bool:
        """Whether footage goes into a file now."""

    @property
    def waiting_originals(self) -> int:
        """Files of originals whose video is still to be made."""

    def offer(self, arrived: Arrived) -> None:
        """Take a frame."""

    def event(self, record: Mapping[str, Any], now: Moment) -> None:
        """Take a message of `event/<camera>`, as it came: nothing in it is checked yet."""

    def camera(self, told: Mapping[str, Any], now: Moment) -> None:
        """Take what the camera's publisher announces of it, when that changed: `kind`, `online`."""

    def tick(self, now: Moment) -> None:
        """Make a pass: what waits goes into files, files onto the disk, their rows into the index."""

    def cut(self, now: Moment) -> None:
        """End the open file, if any, and go on in a new one: somebody wants to delete or protect it."""

    def close(self, now: Moment) -> None:
        """Write and sync everything that waits, and end. Idempotent; also called after an OSError of another call."""
