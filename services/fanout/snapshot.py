"""`snapshot.jpg`: the camera's newest picture, as it came."""

import asyncio
from typing import Final

from common.clock import Clock
from common.http import Refused, Request, Response, StreamResponse
from common.topics import JPEG
from services.fanout.forms import PictureForm
from services.fanout.hub import Hub
from services.fanout.lookup import Lookup
from services.fanout.mailbox import Bounds
from services.fanout.viewer import Line, Viewer

# ingest has the newest picture at hand; this is for one that has just come online.
WAIT_S: Final = 5.0
HEADERS: Final = {"Content-Type": "image/jpeg", "Cache-Control": "no-store"}
_FORM: Final = PictureForm()


class Snapshots:
    """Answers with single pictures: each request is a viewer of `jpeg/` until its first one."""

    def __init__(self, hub: Hub, lookup: Lookup, clock: Clock) -> None:
        self._hub: Final = hub
        self._lookup: Final = lookup
        self._clock: Final = clock

    async def serve(self, request: Request) -> StreamResponse:
        """Answer with a picture that is at most a second old, or the newest there is."""
        camera = await self._lookup.find_online(request, JPEG)
        if request.method == "HEAD":
            return StreamResponse(headers=HEADERS)
        picture: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def take(jpeg: bytes) -> int:
            if not picture.done():
                picture.set_result(jpeg)
            return len(jpeg)

        viewer = Viewer("snapshot", JPEG, _FORM, Bounds(), Line(take, take, _nothing, "snapshot"))
        self._hub.join(viewer, camera, self._clock.mono_ns())
        try:
            async with asyncio.timeout(WAIT_S):
                return Response(body=await picture, headers=HEADERS)
        except TimeoutError:
            raise Refused(503, f"camera {camera} gave no picture within {WAIT_S:.0f} s", Retry_After="2") from None
        finally:
            self._hub.leave(viewer, self._clock.mono_ns())


def _nothing() -> None:
    """A picture has no end to tell."""
