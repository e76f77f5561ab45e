"""Why nothing comes of a camera, by what the bus tells: announcements, statuses, silence. Pure; monotonic ns.

Nothing of a message is trusted: what is not of its type is as if it were not there.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from common.recordings.rows import Reason
from common.settings import CAMERA_ID
from common.units import NS_PER_S

# Publishers announce once a second; after three that did not come, one is gone, and its cameras with it.
SILENCE_NS: Final = 3 * NS_PER_S
TEXT_LIMIT: Final = 200
# Names that come and go for months must not pile up.
CAMERAS: Final = 1024


class Cause(NamedTuple):
    """A reason, and a sentence for people where there is more to say."""

    reason: Reason
    detail: str = ""


class _Camera(NamedTuple):
    publisher: tuple[str, str]
    claim_ns: int
    told: Mapping[str, Any]
    heard_ns: int


class Witness:
    """What was heard of cameras, of who encodes them, and whether anything is heard at all."""

    def __init__(self, now_ns: int) -> None:
        self._began_ns = now_ns
        self._heard_ns = 0
        self._publisher_ns: dict[tuple[str, str], int] = {}
        self._cameras: dict[str, _Camera] = {}
        self._encodes: dict[str, tuple[int, Mapping[str, Mapping[str, Any]]]] = {}
        self._quarantined: Mapping[str, Any] = {}

    def hear_anything(self, now_ns: int) -> None:
        """Take note that the bus carries messages."""
        self._heard_ns = now_ns

    def hear_cameras(self, record: Mapping[str, Any], now_ns: int) -> list[str]:
        """Take an announcement in; return the cameras whose `online` or `kind` changed."""
        publisher = str(record.get("host", "")), str(record.get("publisher", ""))
        self._publisher_ns[publisher] = now_ns
        changed = []
        for told in _maps(record.get("cameras")):
            camera = told.get("id")
            if isinstance(camera, str) and CAMERA_ID.fullmatch(camera) and self._hear(camera, publisher, told, now_ns):
                changed.append(camera)
        return changed

    def hear_encodes(self, process: str, encodes: object, now_ns: int) -> None:
        """Take in what a transcode process says of its cameras."""
        if isinstance(encodes, dict):
            self._encodes[process] = now_ns, {c: e for c, e in encodes.items() if isinstance(e, dict)}

    def hear_keeper(self, record: Mapping[str, Any]) -> None:
        """Take keeper's status in."""
        told = record.get("quarantined")
        self._quarantined = told if isinstance(told, dict) else self._quarantined

    def told(self, camera: str) -> Mapping[str, Any]:
        """Return what was announced of a camera last; empty: nothing."""
        known = self._cameras.get(camera)
        return known.told if known else {}

    def online(self, now_ns: int) -> list[str]:
        """Return the cameras that are connected."""
        return [camera for camera in self._cameras if self._is_online(camera, now_ns)]

    def interval_ns(self, camera: str) -> int:
        """Return the announced distance of a camera's frames; 0: unknown."""
        interval_ns = self.told(camera).get("interval_ns")
        return interval_ns if type(interval_ns) is int and interval_ns > 0 else 0

    def why(self, camera: str, now_ns: int, wall_ns: int, *, encoded: bool = True) -> Cause:
        """Return why nothing of a camera comes. `encoded`: its video is waited for, not its JPEGs."""
        if now_ns - max(self._heard_ns, self._began_ns) > SILENCE_NS:
            return Cause(Reason.BUS, "the broker is away")
        if camera not in self._cameras:
            return Cause(Reason.OFFLINE)
        if not self._is_online(camera, now_ns):
            return Cause(Reason.OFFLINE)
        told = self._cameras[camera].told
        if told.get("stalled") is True:
            return Cause(Reason.STALLED)
        if encoded and told.get("kind") != "h264":
            return self._why_no_video(camera, told, now_ns, wall_ns)
        return Cause(Reason.BUS)

    def _why_no_video(self, camera: str, told: Mapping[str, Any], now_ns: int, wall_ns: int) -> Cause:
        quarantine = self._quarantined.get(camera)
        until_ns = quarantine.get("until_wall_ns") if isinstance(quarantine, dict) else None
        if type(until_ns) is int and wall_ns < until_ns:
            return Cause(Reason.ENCODER, "its pictures crash the encoder: in quarantine")
        if not told.get("worker"):
            return Cause(Reason.OVERLOAD, "no transcode process takes it")
        for heard_ns, encodes in self._encodes.values():
            encode = encodes.get(camera)
            if encode is None or now_ns - heard_ns > SILENCE_NS:
                continue
            if encode.get("error"):
                return Cause(Reason.ENCODER, str(encode["error"])[:TEXT_LIMIT])
            if encode.get("limit"):
                return Cause(Reason.OVERLOAD)
        return Cause(Reason.BUS)

    def _is_online(self, camera: str, now_ns: int) -> bool:
        known = self._cameras[camera]
        is_there = now_ns - self._publisher_ns.get(known.publisher, known.heard_ns) <= SILENCE_NS
        return is_there and known.told.get("online") is True

    def _hear(self, camera: str, publisher: tuple[str, str], told: Mapping[str, Any], now_ns: int) -> bool:
        before = self._cameras.get(camera)
        claim = told.get("claim_mono_ns")
        claim_ns = claim if type(claim) is int else 0
        if before and before.publisher != publisher and self._is_online(camera, now_ns):
            # Two publishers for a moment: who took the name last has it (comparable on one host only).
            is_former = told.get("online") is not True or claim_ns < before.claim_ns
            if is_former:
                return False
        if before is None and len(self._cameras) >= CAMERAS:
            del self._cameras[next(iter(self._cameras))]
        self._cameras[camera] = _Camera(publisher, claim_ns, told, now_ns)
        return before is None or any(before.told.get(key) != told.get(key) for key in ("online", "kind"))


def _maps(value: object) -> Iterable[Mapping[str, Any]]:
    return (each for each in value if isinstance(each, dict)) if isinstance(value, (list, tuple)) else ()
