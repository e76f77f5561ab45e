"""Which camera is recorded how: what was set by hand, else the settings; and whether recording is used at all. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from common.config import Settings
from common.errors import StreamError
from common.settings import CAMERA_ID, RECORDING_MODES

OFF: Final = "off"


class ModeError(StreamError):
    """A mode that is none; the text says which there are."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What the state file holds."""

    cameras: Mapping[str, str] = field(default_factory=dict)
    is_used: bool = False


class Modes:
    """The modes in force.

    Recording is used from the first mode other than off on, for good: whoever has recorded wants to look at it.
    """

    def __init__(self, settings: Settings, remembered: Remembered) -> None:
        self._settings: Final = settings
        self._set = dict(remembered.cameras)
        # Set whenever what should be on disk changed; whoever saves it clears it.
        self.is_changed = False
        self.is_used = remembered.is_used
        # Sentences for the log; whoever logs them clears it.
        self.news: Final[list[str]] = []
        if {settings.recording.mode, *map(self.mode, {*settings.cameras, *self._set})} != {OFF}:
            self.note_use()

    def note_use(self) -> None:
        """Remember that something is, or was, recorded."""
        self.is_changed |= not self.is_used
        self.is_used = True

    def mode(self, camera: str) -> str:
        """Return the mode of a camera."""
        return self._set.get(camera) or self._settings.camera(camera).recording_mode

    def is_set(self, camera: str) -> bool:
        """Return whether a camera's mode was set by hand."""
        return camera in self._set

    def set(self, camera: str, mode: Any) -> None:
        """Set a camera's mode, None: back to the settings'; ModeError when it is none."""
        if mode is not None and mode not in RECORDING_MODES:
            allowed = ", ".join(f'"{each}"' for each in RECORDING_MODES)
            raise ModeError(f"mode {str(mode)[:40]!r}: expected one of {allowed}, or null for that of the settings")
        before, was = self._set.get(camera), self.mode(camera)
        if mode is None:
            self._set.pop(camera, None)
        else:
            self._set[camera] = mode
        self.is_changed |= self._set.get(camera) != before
        now = self.mode(camera)
        if now != was:
            self.news.append(f"camera {camera}: recording {now}, it was {was}")
        if now != OFF:
            self.note_use()

    def forget(self, camera: str) -> None:
        """Forget what was set for a camera."""
        self.is_changed |= self._set.pop(camera, None) is not None

    def record(self, known: Iterable[str]) -> dict[str, Any]:
        """Return what keeper's status tells: the modes of all `known` cameras and of those that have one set."""
        cameras = {camera: self.mode(camera) for camera in sorted({*known, *self._set})}
        return {"cameras": cameras, "default": self._settings.recording.mode, "used": self.is_used}

    def document(self) -> dict[str, Any]:
        """Return what the state file holds."""
        return {"cameras": dict(sorted(self._set.items())), "used": self.is_used}


def remembered_from(document: Mapping[str, Any]) -> Remembered:
    """Return what a state file says; ValueError when it is no such document."""
    cameras, is_used = document.get("cameras", {}), document.get("used", False)
    if not isinstance(cameras, dict) or not isinstance(is_used, bool):
        raise ValueError("expected an object 'cameras', and 'used' true or false")
    for camera, mode in cameras.items():
        if not CAMERA_ID.fullmatch(camera) or mode not in RECORDING_MODES:
            raise ValueError(f"camera {camera[:40]!r}: expected an id with one of {', '.join(RECORDING_MODES)}")
    return Remembered(cameras, is_used)
