"""How cameras are recorded, by keeper's word and by what the recorders tell; for `/status`. Pure.

Keeper's word holds until it says otherwise, while it restarts too; that of a recorder while one says it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from common.units import NS_PER_S

OFF: Final = "off"
TEXT_LIMIT: Final = 200
# Who answers below these is the library, which runs only while recording is used.
PREFIXES: Final = ("/api/recordings", "/api/exports")
NOTHING_RECORDED: Final = (
    "nothing is recorded here yet; switch it on for a camera on the page /recordings, or with POST "
    '/api/cameras/<id>/recording and {"mode": "continuous"}, or for all with CAM_RECORDING_MODE=continuous'
)
STARTING: Final = "the library of recordings does not run at the moment; try again in a few seconds"


class Recordings:
    """What is known of it."""

    def __init__(self) -> None:
        self._modes: dict[str, str] = {}
        # Nobody knows before keeper was heard; asking again is the better advice then.
        self.is_used = True

    def hear_keeper(self, record: Mapping[str, Any]) -> None:
        """Take keeper's status record in."""
        told = record.get("recording")
        if not isinstance(told, dict):
            return
        modes = told.get("cameras")
        self._modes = {str(camera): str(mode)[:TEXT_LIMIT] for camera, mode in _map(modes).items()}
        self.is_used = bool(told.get("used", True))

    def rows(self, recorders: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        """Return the field `recording` of each camera that has one; `recorders` are these processes' records."""
        rows = {camera: {"mode": mode} for camera, mode in self._modes.items() if mode != OFF}
        newest: dict[str, int] = {}
        for record in recorders:
            for camera, told in _map(record.get("recordings")).items():
                # The folder's lock has one holder; at a change of hands the old one may still be heard.
                since_ns = _whole(_map(told).get("since_wall_ns"))
                if isinstance(camera, str) and isinstance(told, dict) and since_ns >= newest.get(camera, 0):
                    newest[camera] = since_ns
                    rows[camera] = _row(told, self._modes.get(camera, ""))
        return rows

    def refusal(self, path: str) -> tuple[int, str] | None:
        """Return status and sentence for a path of the library while nobody answers it; None for any other path."""
        if not any(path == prefix or path.startswith(f"{prefix}/") for prefix in PREFIXES):
            return None
        return (503, STARTING) if self.is_used else (404, NOTHING_RECORDED)


def _row(told: Mapping[str, Any], mode: str) -> dict[str, Any]:
    newest_ns = _whole(told.get("newest_wall_ns"))
    row: dict[str, Any] = {
        name: str(told.get(name) or "")[:TEXT_LIMIT] for name in ("mode", "state", "reason", "detail")
    }
    # What was asked for; the recorder is about to hear of it.
    row["mode"] = mode or row["mode"]
    row["newest"] = round(newest_ns / NS_PER_S, 3) if newest_ns else None
    shift_s = told.get("shift_s")
    row["shift_s"] = round(shift_s, 3) if isinstance(shift_s, int | float) and abs(shift_s) < 1e12 else 0
    return row


def _whole(value: object) -> int:
    return value if type(value) is int and 0 <= value < 1 << 63 else 0


def _map(value: object) -> dict[Any, Any]:
    return value if isinstance(value, dict) else {}
