"""What the cameras of one process share, as a camera's keeper sees it: settings, room on the disk, the encoder."""

from pathlib import Path
from typing import Final, Protocol

from common.recordings.camera_store import CameraStore
from common.settings import CameraSettings, RecordingSettings


class House(Protocol):
    """What cameras share: the settings, and room on the disk."""

    @property
    def recording(self) -> RecordingSettings:
        """The settings of all recordings."""

    def settings_of(self, camera: str) -> CameraSettings:
        """Return a camera's settings."""

    def folder_of(self, camera: str) -> Path:
        """Return a camera's folder; OSError when the folder of all recordings is missing."""

    def make_room(self) -> bool:
        """Delete the oldest file that may go; False when there is none."""

    def check_room(self) -> None:
        """Raise OSError while less of the disk is free than has to be."""

    def has_protected(self) -> bool:
        """Return whether there is protected footage, and nothing else that may go."""

    def ask(self, camera: str) -> None:
        """Ask for a keyframe of a camera."""

    def encoder(self) -> "Encoder":
        """Return who makes videos of originals; its modules are loaded by the first call."""


class Encoder(Protocol):
    """Videos of originals, as a camera's keeper sees them."""

    def attach(self, camera: str, store: CameraStore, folder: Path, settings: CameraSettings) -> None:
        """Take over a camera's folder, and what a life before left to do there."""

    def detach(self, camera: str) -> None:
        """Give a camera's folder back. Idempotent."""

    def submit(self, camera: str, name: str) -> None:
        """Make the video of a file of originals."""

    def waiting(self, camera: str) -> int:
        """Return how many files wait for their video."""

    def problem(self, camera: str) -> str:
        """Return a sentence on why videos are missing; empty when none is."""


class NoEncoder:
    """For modes that make no originals."""

    def submit(self, camera: str, name: str) -> None:
        raise AssertionError(f"camera {camera}: {name} is to be encoded, in a mode that makes no originals")

    def waiting(self, camera: str) -> int:
        return 0


NO_ENCODER: Final = NoEncoder()
