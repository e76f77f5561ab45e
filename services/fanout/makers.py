"""Which process made the messages of a camera, from announcements: to name it when some of them are missing. Pure."""

from typing import Final

from common.topics import H264, JPEG
from services.fanout.announced import Announcement, Camera

UNKNOWN: Final = "unknown"
# What is missing is asked about when the next message comes: of the term before it, or of some before that one.
TERMS: Final = 8
# Of cameras that come and go under new names the oldest are forgotten.
CAMERAS: Final = 1024


class _Known:
    __slots__ = ("kind", "publisher", "workers")

    def __init__(self) -> None:
        self.publisher = UNKNOWN
        self.kind = JPEG
        self.workers: dict[int, str] = {}


class Makers:
    """The publisher of each camera, and who encoded it in its last terms; remembered when they are gone."""

    def __init__(self) -> None:
        self._cameras: dict[str, _Known] = {}

    def learn(self, announcement: Announcement) -> None:
        """Take an announcement in."""
        for camera in announcement.cameras:
            if camera.online:
                self._learn(camera, announcement.publisher)

    def name(self, camera: str, format_: str, term: int) -> str:
        """Return the process that makes a camera's messages of a format under that term."""
        known = self._cameras.get(camera)
        if known is None:
            return UNKNOWN
        if format_ == JPEG or (format_ == H264 and known.kind == H264):
            return known.publisher
        return known.workers.get(term, UNKNOWN)

    def _learn(self, camera: Camera, publisher: str) -> None:
        known = self._cameras.get(camera.id)
        if known is None:
            if len(self._cameras) >= CAMERAS:
                del self._cameras[next(iter(self._cameras))]
            known = self._cameras[camera.id] = _Known()
        known.publisher, known.kind = publisher, camera.kind
        if camera.worker and known.workers.get(camera.term) != camera.worker:
            known.workers[camera.term] = camera.worker
            if len(known.workers) > TERMS:
                del known.workers[next(iter(known.workers))]
