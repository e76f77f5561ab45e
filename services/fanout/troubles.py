"""Cameras whose pictures cannot be encoded: set apart, in quarantine, refused by the encoder. Pure.

Keeper's word holds until it says otherwise, while it restarts too; that of an encoder while one says it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from common.units import NS_PER_S

TEXT_LIMIT: Final = 200


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A camera that is not encoded for a while."""

    since_wall_ns: int
    until_wall_ns: int
    reason: str

    def row(self) -> dict[str, Any]:
        """Return what `/status` says of it."""
        since_s, until_s = self.since_wall_ns / NS_PER_S, self.until_wall_ns / NS_PER_S
        return {"since": round(since_s, 3), "until": round(until_s, 3), "reason": self.reason}


class Troubles:
    """What is known of such cameras."""

    def __init__(self) -> None:
        self._isolated: frozenset[str] = frozenset()
        self._quarantined: dict[str, Quarantine] = {}
        self._errors: dict[str, str] = {}

    def hear_keeper(self, record: Mapping[str, Any]) -> list[str]:
        """Take keeper's status record in; return the cameras that are newly in quarantine."""
        if "isolated" in record:
            self._isolated = frozenset(_map(record["isolated"]))
        if "quarantined" not in record:
            return []
        before = self._quarantined
        self._quarantined = {
            camera: told for camera, item in _map(record["quarantined"]).items() if (told := _parse(item)) is not None
        }
        return [camera for camera in self._quarantined if camera not in before]

    def hear_encodes(self, encodes: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Take in what is told of the cameras' encoders; return the cameras that newly cannot be encoded."""
        before = self._errors
        self._errors = {
            camera: str(encode["error"])[:TEXT_LIMIT] for camera, encode in encodes.items() if encode.get("error")
        }
        return [camera for camera in self._errors if camera not in before]

    def is_isolated(self, camera: str) -> bool:
        """Return whether a camera is encoded in a process of its own."""
        return camera in self._isolated

    def quarantine(self, camera: str, wall_ns: int) -> Quarantine | None:
        """Return a camera's quarantine, if it is in one now."""
        told = self._quarantined.get(camera)
        return told if told is not None and wall_ns < told.until_wall_ns else None

    def encode_error(self, camera: str) -> str:
        """Return why a camera's pictures cannot be encoded, in the encoder's words; empty when they can."""
        return self._errors.get(camera, "")

    def sentence(self, camera: str, wall_ns: int) -> str:
        """Return what those are told who want the video of a camera; empty when nothing is wrong with it."""
        told = self.quarantine(camera, wall_ns)
        if told is not None:
            minutes = max(1, round((told.until_wall_ns - wall_ns) / (60 * NS_PER_S)))
            wait = f"{minutes} minute{'' if minutes == 1 else 's'}"
            return f"no video of camera {camera} is made for {wait}: {told.reason}; the format jpeg shows it"
        error = self.encode_error(camera)
        return f"camera {camera}: {error}" if error else ""


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _parse(item: object) -> Quarantine | None:
    told = _map(item)
    since_ns, until_ns = told.get("since_wall_ns"), told.get("until_wall_ns")
    if type(since_ns) is not int or type(until_ns) is not int:
        return None
    return Quarantine(since_ns, until_ns, str(told.get("reason") or "its pictures crash the encoder")[:TEXT_LIMIT])
