"""Which cameras there are, and the mode of each, as keeper tells; as long as it has not, by the settings. Pure."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from common.settings import CAMERA_ID, RECORDING_MODES

OFF = "off"


class ModesTold:
    """Keeper's word, which holds until the next one."""

    def __init__(self, of_settings: Callable[[str], str]) -> None:
        self._of_settings = of_settings
        self._told: dict[str, str] | None = None
        self._default = ""

    def hear_keeper(self, record: Mapping[str, Any]) -> None:
        """Take keeper's status in; one of a keeper without recording says nothing."""
        recording = record.get("recording")
        if not isinstance(recording, dict):
            return
        cameras, default = recording.get("cameras"), recording.get("default")
        if isinstance(cameras, dict):
            self._told = {camera: mode for camera, mode in cameras.items() if _is_camera(camera) and _is_mode(mode)}
        self._default = str(default) if _is_mode(default) else ""

    def modes(self, online: Iterable[str], known: Iterable[str]) -> dict[str, str]:
        """Return the cameras to be looked after; `known` have a folder already. Empty mode: as it was there."""
        told = self._told
        on_disk = set(known)
        if told is None:
            new = {camera: self._of_settings(camera) for camera in online if camera not in on_disk}
            return {**{camera: mode for camera, mode in new.items() if mode != OFF}, **dict.fromkeys(on_disk, "")}
        modes = {camera: self._default for camera in (*online, *on_disk) if camera not in told and self._default}
        modes.update(told)
        return {camera: mode for camera, mode in modes.items() if mode != OFF or camera in on_disk}


def _is_camera(value: object) -> bool:
    return isinstance(value, str) and CAMERA_ID.fullmatch(value) is not None


def _is_mode(value: object) -> bool:
    return value in RECORDING_MODES
