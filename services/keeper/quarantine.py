"""Cameras whose pictures crash the codec: encoded apart after the first crash, not at all after the third. Pure.

A worker says in the first minute of its life whom it suspects of its predecessor's end (`suspects`, `crash_id`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from common.errors import StreamError, WireError
from common.settings import CAMERA_ID
from common.units import NS_PER_S
from services.keeper.desired import ALONE_LIMIT, ALONE_STAGE

# The third crash within a minute ends it for an hour.
CRASHES: Final = 3
WITHIN_NS: Final = 60 * NS_PER_S
QUARANTINE_NS: Final = 3600 * NS_PER_S
# An isolated camera that behaves for so long was the victim of something else.
PROBATION_NS: Final = 600 * NS_PER_S
# A worker repeats its suspects for the first minute of its life; longer than anything may delay that.
_MEMORY_NS: Final = 600 * NS_PER_S
# So many cameras at a time; more would be the codec's fault, or a liar on the bus.
LIMIT: Final = 256


class QuarantineError(StreamError):
    """A camera that cannot be released: it is not in quarantine."""


@dataclass(slots=True)
class _Isolated:
    process: str
    calm_since_ns: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A camera in quarantine; `until_ns` is monotonic, the rest is for people and for the state file."""

    since_wall_ns: int
    until_wall_ns: int
    reason: str
    until_ns: int = 0

    def row(self) -> dict[str, Any]:
        """Return it as the status and the state file have it."""
        return {"since_wall_ns": self.since_wall_ns, "until_wall_ns": self.until_wall_ns, "reason": self.reason}


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the state file holds."""

    isolated: tuple[str, ...] = ()
    quarantined: Mapping[str, Kept] = field(default_factory=dict)


class Quarantine:
    """Who is encoded apart, and who not at all. Calls return sentences for the log."""

    def __init__(self, remembered: Remembered, now_ns: int, wall_ns: int) -> None:
        self.is_changed = False
        self._seen: dict[tuple[str, int], int] = {}
        self._isolated: dict[str, _Isolated] = {}
        self._kept: dict[str, Kept] = {}
        for camera, kept in remembered.quarantined.items():
            # A clock that stepped while keeper was away makes an hour neither longer nor endless.
            left_ns = max(0, min(kept.until_wall_ns - wall_ns, QUARANTINE_NS))
            self._kept[camera] = Kept(kept.since_wall_ns, wall_ns + left_ns, kept.reason, now_ns + left_ns)
        for camera in remembered.isolated:
            self._isolate(camera, now_ns)

    def isolated(self) -> dict[str, str]:
        """Return the cameras that are encoded apart, each with its process."""
        return {camera: each.process for camera, each in self._isolated.items()}

    def quarantined(self) -> dict[str, dict[str, Any]]:
        """Return the cameras that are not encoded, as the status tells of them."""
        return {camera: kept.row() for camera, kept in self._kept.items()}

    def processes(self) -> frozenset[str]:
        """Return the processes that must run for them."""
        return frozenset(each.process for each in self._isolated.values())

    def document(self) -> dict[str, Any]:
        """Return what the state file holds."""
        return {"isolated": sorted(self._isolated), "quarantined": self.quarantined()}

    def heard(self, status: Mapping[str, Any], now_ns: int, wall_ns: int) -> list[str]:
        """Take a worker's status or heartbeat; WireError when its suspects are none."""
        if "suspects" not in status:
            return []
        name, crash_id, suspects = status.get("name"), status.get("crash_id"), status["suspects"]
        if not isinstance(name, str) or not isinstance(crash_id, int) or not isinstance(suspects, list):
            raise WireError("suspects without the worker's name or the crash's id")
        said = []
        for camera in suspects:
            if not isinstance(camera, str) or not CAMERA_ID.fullmatch(camera):
                raise WireError(f"suspect {str(camera)[:40]!r} is no camera")
            if (camera, crash_id) not in self._seen and self._has_room_for(camera):
                self._seen[camera, crash_id] = now_ns
                said.append(self._crashed(camera, name, now_ns, wall_ns))
        return said

    def tick(self, now_ns: int) -> list[str]:
        """Let those go whose time is over."""
        said = []
        for camera, kept in list(self._kept.items()):
            if now_ns >= kept.until_ns:
                self._let_go(camera, now_ns)
                said.append(f"camera {camera}: its quarantine is over; it is encoded apart for now")
        for camera, isolated in list(self._isolated.items()):
            if now_ns - isolated.calm_since_ns >= PROBATION_NS:
                del self._isolated[camera]
                self.is_changed = True
                said.append(f"camera {camera}: no crash for {PROBATION_NS // NS_PER_S // 60} min; it is back among all")
        self._seen = {key: at_ns for key, at_ns in self._seen.items() if now_ns - at_ns < _MEMORY_NS}
        return said

    def release(self, camera: str, now_ns: int) -> None:
        """Lift a camera's quarantine; it stays apart until it has behaved. QuarantineError when it has none."""
        if camera not in self._kept:
            raise QuarantineError(f"camera {camera} is not in quarantine")
        self._let_go(camera, now_ns)

    def forget(self, camera: str) -> None:
        """Forget a camera that was forgotten altogether."""
        if self._kept.pop(camera, None) or self._isolated.pop(camera, None):
            self.is_changed = True

    def _crashed(self, camera: str, process: str, now_ns: int, wall_ns: int) -> str:
        count = sum(1 for (each, _), at_ns in self._seen.items() if each == camera and now_ns - at_ns <= WITHIN_NS)
        self.is_changed = True
        if camera in self._kept:
            return f"camera {camera} crashed the codec of {process} before its quarantine was heard of"
        if count < CRASHES:
            self._isolate(camera, now_ns)
            return f"camera {camera} crashed the codec of {process}: encoded by {self._isolated[camera].process} alone"
        self._isolated.pop(camera, None)
        reason = f"its pictures crashed the encoder {count} times within {WITHIN_NS // NS_PER_S} s"
        self._kept[camera] = Kept(wall_ns, wall_ns + QUARANTINE_NS, reason, now_ns + QUARANTINE_NS)
        return f"camera {camera} is in quarantine for an hour: {reason}; `make release CAMERA={camera}` lifts it"

    def _isolate(self, camera: str, now_ns: int) -> None:
        if camera in self._isolated:
            self._isolated[camera].calm_since_ns = now_ns
        else:
            self._isolated[camera] = _Isolated(self._emptiest(), now_ns)

    def _emptiest(self) -> str:
        taken = [each.process for each in self._isolated.values()]
        return min((f"{ALONE_STAGE}-{number}" for number in range(ALONE_LIMIT)), key=taken.count)

    def _let_go(self, camera: str, now_ns: int) -> None:
        del self._kept[camera]
        # What it did before is served; whether it behaves now is seen where it can harm nobody.
        self._seen = {
            key: at_ns if key[0] != camera else min(at_ns, now_ns - WITHIN_NS - 1) for key, at_ns in self._seen.items()
        }
        self._isolate(camera, now_ns)
        self.is_changed = True

    def _has_room_for(self, camera: str) -> bool:
        return camera in self._isolated or camera in self._kept or len(self._isolated) + len(self._kept) < LIMIT


def remembered_from(document: Mapping[str, Any]) -> Remembered:
    """Return what a state file says; ValueError when it is no such document."""
    isolated, quarantined = document.get("isolated", []), document.get("quarantined", {})
    if not isinstance(isolated, list) or not isinstance(quarantined, dict):
        raise ValueError("expected a list 'isolated' and an object 'quarantined'")
    _check_cameras([*isolated, *quarantined])
    return Remembered(tuple(isolated), {camera: _kept_from(camera, row) for camera, row in quarantined.items()})


def _kept_from(camera: str, row: Any) -> Kept:
    fields = Kept.__annotations__.keys() - {"until_ns"}
    if not isinstance(row, dict) or row.keys() != fields or not isinstance(row["reason"], str):
        raise ValueError(f"camera {camera}: expected {', '.join(sorted(fields))}")
    if type(row["since_wall_ns"]) is not int or type(row["until_wall_ns"]) is not int:
        raise ValueError(f"camera {camera}: expected whole numbers of nanoseconds")
    return Kept(**row)


def _check_cameras(cameras: Iterable[Any]) -> None:
    for camera in cameras:
        if not isinstance(camera, str) or not CAMERA_ID.fullmatch(camera):
            raise ValueError(f"{str(camera)[:40]!r} is no camera")
