"""What is known of a camera and of a connection: the values that every module of the room shares. Pure."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from common.names import CameraId
from common.topics import JPEG

WS: Final = "ws"
POST: Final = "post"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection comes from (`via`: WS or POST; `peer`: an address), and the name it gave, if it gave one."""

    via: str
    peer: str
    name: CameraId | None


@dataclass(frozen=True, slots=True)
class Instant:
    """One moment on both clocks."""

    mono_ns: int
    wall_ns: int


class MediaClock:
    """Wall time that never steps: what it was at the process's start, plus monotonic time since."""

    def __init__(self, start: Instant) -> None:
        self._offset_ns = start.wall_ns - start.mono_ns

    def at(self, mono_ns: int) -> int:
        """Return the media time of a monotonic time."""
        return mono_ns + self._offset_ns


NEVER: Final = Instant(0, 0)


@dataclass(slots=True)
class Ledger:
    """The running account of one camera in this process, over all its connections."""

    camera: CameraId
    frames: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    kind: str = JPEG
    width: int = 0
    height: int = 0
    last_media_ns: int = 0
    last_frame: Instant = NEVER
    offline_since: Instant = NEVER
    worker: str = ""
    term: int = 0
