"""What is known of a camera and of a connection: the values that every module of the room shares. Pure."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, Final

from common.accounts import Account
from common.names import CameraId
from common.topics import JPEG

WS: Final = "ws"
POST: Final = "post"

# The hop that this room is, in everybody's accounts.
HOP: Final = "ingest"
# A good frame that nobody subscribed to: it is not published, and explained in the next one that is.
UNWANTED: Final = "unwanted"
# Accounts are kept for the process's life, of cameras that are gone too; made-up names do not fill the memory.
ACCOUNTS: Final = 1024


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
    account: Account = field(default_factory=Account)
    """What became of its messages since the process began; outlives this ledger."""


class Accounts:
    """The accounts of all cameras that this process ever had."""

    def __init__(self, limit: int = ACCOUNTS) -> None:
        self._limit = limit
        self._accounts: dict[CameraId, Account] = {}

    def open(self, camera: CameraId, present: Collection[CameraId]) -> Account:
        """Return the camera's account; when there are too many, the oldest of a camera not `present` is given up."""
        if camera not in self._accounts and len(self._accounts) >= self._limit:
            gone = next((other for other in self._accounts if other not in present), None)
            if gone is not None:
                del self._accounts[gone]
        return self._accounts.setdefault(camera, Account())

    def rows(self) -> dict[str, dict[str, Any]]:
        """Return the ledger of the `status/` record."""
        return {camera: {"hop": HOP, **account.record(held=0)} for camera, account in self._accounts.items()}
