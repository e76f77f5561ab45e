"""Which camera a request means, and whether it exists. Refusals are raised as the HTTP answers that they are."""

import asyncio
from collections.abc import Callable
from typing import Final

from common.http import Refused, Request
from common.names import CameraId, camera_id
from common.topics import JPEG
from services.fanout.directory import Directory
from services.fanout.lobby import no_jpeg

# After its start this process has not heard yet which cameras keeper knows: whoever asks in that time waits.
LEARN_S: Final = 1.5


class Lookup:
    """Finds cameras for requests."""

    def __init__(self, directory: Directory, trouble: Callable[[str], str]) -> None:
        self._directory: Final = directory
        # Returns why no video can be made of a camera; empty when it can.
        self._trouble: Final = trouble
        # Set when keeper's list was heard, or after long enough.
        self._learnt: Final = asyncio.Event()

    def learn(self) -> None:
        """Take note that keeper's list is in the directory."""
        self._learnt.set()

    async def give_up_learning(self) -> None:
        """Let nobody wait for keeper longer than is bearable. Run it once, from the start."""
        await asyncio.sleep(LEARN_S)
        self._learnt.set()

    async def find(self, name: str) -> CameraId:
        """Return the id of the camera of this name; CameraNameError for what is none, 404 for what does not exist."""
        camera = camera_id(name)
        if not self._directory.exists(camera):
            await self._learnt.wait()
        if not self._directory.exists(camera):
            raise Refused(404, f"no camera is called {camera}")
        return camera

    async def find_online(self, request: Request, format_: str) -> CameraId:
        """Return the camera in a request's path; refuse with 503 one that is offline or has no such pictures."""
        camera = await self.find(request.match_info["camera"])
        told = self._directory.get(camera)
        if not told.online:
            raise Refused(503, f"camera {camera} is offline", Retry_After="2")
        if format_ == JPEG and told.kind != JPEG:
            raise Refused(503, no_jpeg(camera))
        if format_ != JPEG and (sentence := self._trouble(camera)):
            raise Refused(503, sentence, Retry_After="60")
        return camera
