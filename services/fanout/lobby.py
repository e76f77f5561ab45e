"""Which camera a viewer watches, and what it is told of it: hello, online, offline. Pure.

A viewer that named no camera gets the one that is online longest, or, when none is, the first that comes; it stays so.
"""

from collections.abc import Callable
from typing import Final

from common.topics import JPEG
from services.fanout.directory import Change, Directory
from services.fanout.framing import ws_text
from services.fanout.hub import Hub
from services.fanout.viewer import Viewer


class Lobby:
    """Viewers over WebSockets, from their first word to their last."""

    def __init__(self, hub: Hub, directory: Directory, trouble: Callable[[str], str]) -> None:
        self._hub: Final = hub
        self._directory: Final = directory
        # Returns why no video can be made of a camera; empty when it can.
        self._trouble: Final = trouble
        self._undecided: Final[dict[Viewer, None]] = {}

    def enter(self, viewer: Viewer, camera: str, now_ns: int) -> None:
        """Let a viewer watch `camera`, or (empty) any."""
        camera = camera or self._directory.longest_online()
        if not camera:
            self._undecided[viewer] = None
            viewer.tell(_hello(viewer, None, online=False))
            return
        self._show(viewer, camera, now_ns)

    def leave(self, viewer: Viewer, now_ns: int) -> None:
        """Forget a viewer. Idempotent."""
        self._undecided.pop(viewer, None)
        self._hub.leave(viewer, now_ns)

    def change(self, change: Change, now_ns: int) -> None:
        """Tell those who watch a camera that it came or went; those who wait for any get the one that came."""
        words = ws_text("online") if change.online else _offline(change.since_s)
        for viewer in self._hub.viewers(change.camera):
            if viewer.transport == "ws":
                viewer.tell(words)
        if not change.online:
            return
        self._hub.revive(change.camera, now_ns)
        for viewer in list(self._undecided):
            del self._undecided[viewer]
            self._show(viewer, change.camera, now_ns)

    def warn(self, camera: str, sentence: str) -> None:
        """Tell those who watch the video of a camera why none can be made."""
        words = ws_text("error", message=sentence)
        for viewer in self._hub.viewers(camera):
            if viewer.transport == "ws" and viewer.format != JPEG:
                viewer.tell(words)

    def _show(self, viewer: Viewer, camera: str, now_ns: int) -> None:
        told = self._directory.get(camera)
        viewer.tell(_hello(viewer, camera, online=told.online))
        if not told.online:
            viewer.tell(_offline(told.offline_since_wall_ns / 1e9))
        elif viewer.format == JPEG and told.kind != JPEG:
            viewer.tell(ws_text("error", message=no_jpeg(camera)))
        elif viewer.format != JPEG and (sentence := self._trouble(camera)):
            viewer.tell(ws_text("error", message=sentence))
        self._hub.join(viewer, camera, now_ns)


def no_jpeg(camera: str) -> str:
    """Return the sentence for whoever wants JPEGs of a camera that sends none."""
    return f"camera {camera} sends H.264, no JPEG; the formats h264 and mp4 show it"


def _hello(viewer: Viewer, camera: str | None, *, online: bool) -> bytes:
    return ws_text("hello", id=viewer.id, camera=camera, format=viewer.format, online=online)


def _offline(since_s: float) -> bytes:
    return ws_text("offline", since=round(since_s, 3) or None)
