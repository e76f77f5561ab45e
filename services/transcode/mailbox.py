"""The one frame of a camera that waits for the encoder: a newer one takes its place. What is skipped is owed. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from common.counters import Counters
from common.frame import Frame
from services.transcode.ledger import CameraLedger

# Causes of skips, as they go out with the next frame and into the counters.
OVERLOAD: Final = "overload"
STALE: Final = "stale"
MAX_FPS: Final = "max_fps"
CORRUPT: Final = "corrupt"
ENCODER: Final = "encoder"
CRASH: Final = "crash"
BUS: Final = "bus"
# Nobody wants the picture any more; another process encodes the camera now. Neither is a loss to anybody.
UNWANTED: Final = "unwanted"
HANDOVER: Final = "handover"


@dataclass(frozen=True, slots=True)
class Arrived:
    """A frame and when it came in (monotonic)."""

    frame: Frame
    at_ns: int
    is_new: bool = True
    """Whether it is counted; a frame that had come in once before is not."""


class Mailbox:
    """Bound: one frame, because late is worse than lost. A full box drops the older frame and counts why."""

    def __init__(self, dropped: Counters, ledger: CameraLedger) -> None:
        self._dropped = dropped
        self._ledger = ledger
        self._owed: Counter[str] = Counter()
        self._waiting: Arrived | None = None
        self._cause = OVERLOAD

    @property
    def waiting(self) -> Arrived | None:
        return self._waiting

    @property
    def is_behind(self) -> bool:
        """Whether a frame waits because no encoder is free."""
        return self._waiting is not None and self._cause == OVERLOAD

    def put(self, arrived: Arrived, cause: str = OVERLOAD) -> None:
        """Let a frame wait, for `cause`: what is counted when a newer one takes its place."""
        if self._waiting is not None:
            self.skip(self._cause, self._waiting)
        self._waiting, self._cause = arrived, cause

    def take(self) -> Arrived | None:
        """Return the frame that waits and empty the box."""
        arrived, self._waiting = self._waiting, None
        return arrived

    def skip(self, cause: str, arrived: Arrived, said: Mapping[str, int] | None = None) -> None:
        """A frame will not be encoded: the next one that is says so, and repeats what this one had to say."""
        self.owe(arrived.frame.skipped if said is None else said)
        if arrived.is_new:
            self.lose(cause, 1)
            self._ledger.drop(cause)

    def owe(self, said: Mapping[str, int]) -> None:
        """What was to be said was not: the next frame says it."""
        self._owed.update(said)

    def lose(self, cause: str, frames: int) -> None:
        """Frames are missing."""
        if frames:
            self._owed[cause] += frames
            self._dropped.add(cause, frames)

    def settle(self, own: Mapping[str, int]) -> Mapping[str, int]:
        """Return what the frame that is encoded now says of those before it, its own included; nothing is owed then."""
        self._owed.update(own)
        said, self._owed = dict(self._owed), Counter()
        return said
