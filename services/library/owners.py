"""Who records which camera, and how it is going, from what the processes say of themselves. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from common.units import NS_PER_S

# A process tells once a second; three missed, and it is not there.
SILENT_NS: Final = 3 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a recorder says of a camera."""

    state: str = ""
    reason: str = ""
    detail: str = ""
    mode: str = ""


class Owners:
    """The newest words of recorders and of keeper."""

    def __init__(self, host: str) -> None:
        self._host: Final = host
        self._recorders: dict[str, tuple[Mapping[str, Any], int]] = {}
        self._modes: dict[str, str] = {}

    def hear(self, record: Mapping[str, Any], now_ns: int) -> None:
        """Take a `status/` record in; what is not what it should be counts as not said."""
        if record.get("heartbeat"):
            return
        if record.get("stage") == "recorder" and record.get("host") == self._host:
            self._recorders[str(record.get("name", ""))] = record, now_ns
        elif record.get("stage") == "keeper":
            modes = _mapping(_mapping(record.get("recording")).get("cameras"))
            self._modes = {str(camera): mode for camera, mode in modes.items() if isinstance(mode, str)}

    def modes(self) -> Mapping[str, str]:
        """Return the mode of each camera that keeper knows."""
        return self._modes

    def recorded(self, camera: str, now_ns: int) -> Recorded:
        """Return what the recorder that holds a camera says of it; empty when none does."""
        row = self._row(camera, now_ns)[0]
        return Recorded(*(_text(row.get(key)) for key in ("state", "reason", "detail", "mode")))

    def socket(self, camera: str, now_ns: int) -> str:
        """Return the socket of the recorder that holds a camera; empty when none does."""
        return _text(_mapping(self._row(camera, now_ns)[1].get("recorder")).get("socket"))

    def _row(self, camera: str, now_ns: int) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        for record, heard_ns in sorted(self._recorders.values(), key=lambda told: -told[1]):
            row = _mapping(record.get("recordings")).get(camera)
            if now_ns - heard_ns <= SILENT_NS and isinstance(row, Mapping):
                return row, record
        return {}, {}


def _mapping(value: object) -> Mapping[Any, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
