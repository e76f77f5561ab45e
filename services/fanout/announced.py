"""What publishers announce of their cameras, read from `camera/` messages without trusting them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final

from common.errors import WireError
from common.settings import CAMERA_ID
from services.fanout.records import read, read_counts, read_list


@dataclass(frozen=True, slots=True)
class Camera:
    """One camera as its publisher describes it; WIRE.md section 5."""

    id: str
    online: bool = False
    stalled: bool = False
    kind: str = "jpeg"
    source: str = ""
    claim_mono_ns: int = 0
    worker: str = ""
    term: int = 0
    width: int = 0
    height: int = 0
    fps: float = 0.0
    bytes_per_s: float = 0.0
    frames: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    last_frame_mono_ns: int = 0
    last_frame_wall_ns: int = 0
    connected_wall_ns: int = 0
    offline_since_wall_ns: int = 0
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Announcement:
    """One `camera/` message: all cameras of a publisher, or those that changed."""

    publisher: str
    host: str
    incarnation: int
    full: bool
    cameras: tuple[Camera, ...]


_DEFAULTS: Final[dict[str, Any]] = {
    each.name: each.default for each in fields(Camera) if each.name not in ("id", "dropped")
}


def parse_announcement(record: Mapping[str, Any]) -> Announcement:
    """Return the announcement of a record; raise WireError naming what is wrong. Absent fields have their default."""
    return Announcement(
        publisher=read(record, "publisher", ""),
        host=read(record, "host", ""),
        incarnation=read(record, "incarnation", 0),
        full=read(record, "full", False),
        cameras=tuple(_parse_camera(item) for item in read_list(record, "cameras", dict)),
    )


def _parse_camera(item: Mapping[str, Any]) -> Camera:
    name = read(item, "id", "")
    if not CAMERA_ID.fullmatch(name):
        raise WireError(f"camera {name[:40]!r} is no camera id")
    values: dict[str, Any] = {name: read(item, name, default) for name, default in _DEFAULTS.items()}
    return Camera(id=name, dropped=read_counts(item, "dropped"), **values)
