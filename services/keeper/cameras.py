"""The cameras that exist: those configured and those ever seen, with who of them is online now. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from common.errors import StreamError, WireError
from common.settings import CAMERA_ID
from common.units import NS_PER_S

# Publishers announce their cameras once a second; one that is silent for three of these is gone.
SILENCE_NS: Final = 3 * NS_PER_S


class ForgetError(StreamError):
    """A camera that cannot be forgotten, with the HTTP status of the reason."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        super().__init__(text)


@dataclass(slots=True)
class _Publisher:
    online: set[str]
    heard_mono_ns: int


class KnownCameras:
    """What keeper remembers of cameras; `remembered` maps an id to the wall time it was first seen."""

    def __init__(self, configured: Iterable[str], remembered: Mapping[str, int], limit: int) -> None:
        self._configured = frozenset(configured)
        self._remembered = dict(remembered)
        self._limit = limit
        self._publishers: dict[str, _Publisher] = {}
        # Set whenever what should be on disk changed; whoever saves it clears it.
        self.is_changed = False

    def heard(self, announcement: Mapping[str, Any], mono_ns: int, wall_ns: int) -> list[str]:
        """Take a `camera/` announcement; return the cameras that were never seen before. WireError if malformed."""
        name, cameras = announcement.get("publisher"), announcement.get("cameras")
        if not isinstance(name, str) or not isinstance(cameras, list):
            raise WireError("camera announcement without publisher or cameras")
        publisher = self._publishers.setdefault(name, _Publisher(set(), mono_ns))
        publisher.heard_mono_ns = mono_ns
        if announcement.get("full"):
            publisher.online.clear()
        new = []
        for camera in cameras:
            identity, is_online = _camera_of(camera)
            (publisher.online.add if is_online else publisher.online.discard)(identity)
            # Derived streams come and go with their source; an offline camera is only an echo of the last minute.
            if is_online and not camera.get("derived_from") and self._remember(identity, wall_ns):
                new.append(identity)
        return new

    def ids(self) -> list[str]:
        """Return all cameras that exist, sorted."""
        return sorted(self._configured.union(self._remembered))

    def online(self, mono_ns: int) -> set[str]:
        """Return the cameras that a living publisher calls online."""
        gone = [name for name, each in self._publishers.items() if mono_ns - each.heard_mono_ns > SILENCE_NS]
        for name in gone:
            del self._publishers[name]
        return set().union(*(each.online for each in self._publishers.values()))

    def rows(self, mono_ns: int) -> list[dict[str, Any]]:
        """Return what `GET /api/cameras` lists."""
        online = self.online(mono_ns)
        return [
            {
                "id": camera,
                "online": camera in online,
                "configured": camera in self._configured,
                "first_seen_wall_ns": self._remembered.get(camera),
            }
            for camera in self.ids()
        ]

    def forget(self, camera: str, mono_ns: int) -> None:
        """Forget a camera; ForgetError when it is online, configured or unknown."""
        if camera in self.online(mono_ns):
            raise ForgetError(409, f"camera {camera} is online; switch it off first")
        if camera in self._configured:
            raise ForgetError(
                409, f"camera {camera} has a section in the settings file; remove [camera.{camera}] there"
            )
        if camera not in self._remembered:
            raise ForgetError(404, f"no camera {camera[:40]!r} is known")
        del self._remembered[camera]
        self.is_changed = True

    def document(self) -> dict[str, Any]:
        """Return what the state file holds."""
        return {camera: {"first_seen_wall_ns": seen} for camera, seen in sorted(self._remembered.items())}

    def _remember(self, camera: str, wall_ns: int) -> bool:
        if camera in self._remembered or len(self._configured.union(self._remembered)) >= self._limit:
            return False
        self._remembered[camera] = wall_ns
        self.is_changed = True
        return camera not in self._configured


def remembered_from(document: Mapping[str, Any]) -> dict[str, int]:
    """Return what a state file says is remembered; ValueError when it is no such document."""
    remembered = {}
    for camera, row in document.items():
        if (
            not CAMERA_ID.fullmatch(camera)
            or not isinstance(row, dict)
            or type(row.get("first_seen_wall_ns")) is not int
        ):
            raise ValueError(f"camera {camera[:40]!r}: expected an id with first_seen_wall_ns")
        remembered[camera] = row["first_seen_wall_ns"]
    return remembered


def _camera_of(row: Any) -> tuple[str, bool]:
    identity = row.get("id") if isinstance(row, dict) else None
    if not isinstance(identity, str) or not CAMERA_ID.fullmatch(identity):
        raise WireError(f"camera announcement with id {str(identity)[:40]!r}")
    return identity, row.get("online") is True
