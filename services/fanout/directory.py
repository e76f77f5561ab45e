"""Which cameras exist, which are online, who publishes each: from announcements, settings, keeper's memory. Pure.

A camera exists that is configured or was ever seen; keeper remembers those, and says by leaving one out of its list
that it was forgotten.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from common.units import NS_PER_S
from services.fanout.announced import Announcement, Camera

# WIRE.md section 5. Counted while others are heard: with the broker away everybody is silent, and nobody is gone.
SILENT_NS: Final = 3 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Change:
    """A camera came online or went offline, or since when it is offline has become known."""

    camera: str
    online: bool
    since_s: float = 0.0


@dataclass(slots=True)
class _Publisher:
    incarnation: int
    heard_ns: int
    cameras: dict[str, Camera]


class Directory:
    """All cameras, by id."""

    def __init__(self, configured: Iterable[str]) -> None:
        self._configured: Final = frozenset(configured)
        self._known: frozenset[str] | None = None
        self._seen: set[str] = set()
        self._publishers: dict[tuple[str, str], _Publisher] = {}
        self._current: dict[str, tuple[Camera, tuple[str, str]]] = {}

    def ids(self) -> list[str]:
        """Return all cameras that exist, sorted."""
        return sorted(self._configured | (self._known or frozenset()) | self._seen)

    def exists(self, camera: str) -> bool:
        return camera in self._configured or camera in self._seen or (self._known is not None and camera in self._known)

    def get(self, camera: str) -> Camera:
        """Return what is announced of a camera; one that nobody announces is offline."""
        current = self._current.get(camera)
        return current[0] if current else Camera(camera)

    def heard_ns(self, camera: str) -> int:
        """Return when its publisher was heard last; 0 for never."""
        current = self._current.get(camera)
        publisher = self._publishers.get(current[1]) if current else None
        return publisher.heard_ns if publisher else 0

    def host(self, camera: str) -> str:
        """Return the host of its publisher, for comparing monotonic stamps; empty for none."""
        current = self._current.get(camera)
        return current[1][0] if current else ""

    def longest_online(self) -> str:
        """Return the camera that is connected longest; empty when none is online."""
        online = [(camera.connected_wall_ns, camera.id) for camera, _ in self._current.values() if camera.online]
        return min(online)[1] if online else ""

    def announce(self, announcement: Announcement, now_ns: int) -> list[Change]:
        """Take an announcement in; return what changed by it."""
        key = (announcement.host, announcement.publisher)
        publisher = self._publishers.get(key)
        if publisher is None or publisher.incarnation != announcement.incarnation:
            affected = set(publisher.cameras) if publisher else set()
            publisher = self._publishers[key] = _Publisher(announcement.incarnation, now_ns, {})
        else:
            affected = set(publisher.cameras) if announcement.full else set()
        told = {camera.id: camera for camera in announcement.cameras}
        publisher.heard_ns = now_ns
        publisher.cameras = told if announcement.full else {**publisher.cameras, **told}
        for camera in announcement.cameras:
            self._see(camera)
        return self._choose(affected | set(told))

    def remember(self, known: Iterable[str]) -> None:
        """Take keeper's list of known cameras; one that was on it and no longer is was forgotten."""
        listed = frozenset(known)
        for camera in (self._known or frozenset()) - listed:
            if not self.get(camera).online:
                self._seen.discard(camera)
                self._current.pop(camera, None)
        self._known = listed

    def expire(self, bus_heard_ns: int) -> list[Change]:
        """Forget publishers that were silent while others spoke; `bus_heard_ns`: when anybody was heard last."""
        affected: set[str] = set()
        for key, publisher in list(self._publishers.items()):
            if bus_heard_ns - publisher.heard_ns > SILENT_NS:
                affected |= publisher.cameras.keys()
                del self._publishers[key]
        return self._choose(affected)

    def _see(self, camera: Camera) -> None:
        # A publisher lists a camera for a minute after it left: that does not bring a forgotten one back. Whether one
        # exists that was online before our time, keeper's list says.
        if camera.online:
            self._seen.add(camera.id)

    def _choose(self, cameras: Iterable[str]) -> list[Change]:
        changes = []
        for camera in sorted(cameras):
            before = self.get(camera)
            best = self._best(camera)
            if best is None:
                # Nobody announces it any more: what was last said of it stays, but for being there.
                after = _gone(before)
                self._current[camera] = (after, self._current[camera][1] if camera in self._current else ("", ""))
            else:
                after = best[0]
                self._current[camera] = best
            if after.online != before.online or _dates_absence(before, after):
                changes.append(Change(camera, after.online, after.offline_since_wall_ns / NS_PER_S))
        return changes

    def _best(self, camera: str) -> tuple[Camera, tuple[str, str]] | None:
        best: tuple[Camera, tuple[str, str]] | None = None
        for key, publisher in self._publishers.items():
            told = publisher.cameras.get(camera)
            if told is not None and (best is None or _is_newer(told, key[0], best[0], best[1][0])):
                best = (told, key)
        return best


def _is_newer(camera: Camera, host: str, other: Camera, other_host: str) -> bool:
    if camera.online != other.online:
        return camera.online
    if host == other_host:
        return camera.claim_mono_ns > other.claim_mono_ns
    return camera.connected_wall_ns > other.connected_wall_ns


def _dates_absence(before: Camera, after: Camera) -> bool:
    """Return whether it is now known since when a camera is offline: after a start it is announced later than shown."""
    return not after.online and after.offline_since_wall_ns > 0 and not before.offline_since_wall_ns


def _gone(camera: Camera) -> Camera:
    # While it is online, an announcement may still tell of its absence before.
    since_ns = max(camera.offline_since_wall_ns, camera.last_frame_wall_ns)
    return replace(camera, online=False, stalled=False, fps=0.0, bytes_per_s=0.0, offline_since_wall_ns=since_ns)
