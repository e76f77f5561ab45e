"""Which process makes the messages of a camera, by announcements: to name it when some of them are missing. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from common.topics import JPEG

UNKNOWN: Final = "unknown"
CAMERAS: Final = 1024


class Publishers:
    """The publisher of each camera, and who encoded it under its last term."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, str]] = {}

    def learn(self, record: Mapping[str, Any]) -> None:
        """Take an announcement in."""
        publisher, cameras = record.get("publisher"), record.get("cameras")
        if not isinstance(publisher, str) or not isinstance(cameras, list):
            return
        for told in cameras:
            if isinstance(told, dict) and isinstance(told.get("id"), str) and told.get("online") is True:
                worker = told.get("worker")
                if told["id"] not in self._known and len(self._known) >= CAMERAS:
                    del self._known[next(iter(self._known))]
                self._known[told["id"]] = publisher, worker if isinstance(worker, str) and worker else UNKNOWN

    def name(self, camera: str, format_: str, term: int) -> str:
        """Return who makes a camera's messages of a format."""
        publisher, worker = self._known.get(camera, (UNKNOWN, UNKNOWN))
        return publisher if format_ == JPEG else worker
