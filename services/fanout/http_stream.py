"""`stream.mjpeg`, `.mp4`, `.h264`: a viewer over plain HTTP. aiohttp sends the head; the rest goes around it."""

from dataclasses import dataclass
from typing import Final

from common.clock import Clock
from common.http import Request, StreamResponse
from common.topics import H264, JPEG, MP4
from services.fanout.connection import connection_of
from services.fanout.forms import http_form
from services.fanout.framing import MULTIPART_TYPE, PART_START
from services.fanout.guests import Guests
from services.fanout.hub import Hub
from services.fanout.lookup import Lookup


@dataclass(frozen=True, slots=True)
class HttpStream:
    """One kind of address."""

    format: str
    content_type: str
    opening: bytes = b""


STREAMS: Final = {
    "stream.mjpeg": HttpStream(JPEG, MULTIPART_TYPE, PART_START),
    "stream.mp4": HttpStream(MP4, "video/mp4"),
    "stream.h264": HttpStream(H264, "video/h264"),
}
HEADERS: Final = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class HttpStreams:
    """Serves viewers until they leave, their stream ends, or the process does."""

    def __init__(self, guests: Guests, hub: Hub, lookup: Lookup, clock: Clock) -> None:
        self._guests: Final = guests
        self._hub: Final = hub
        self._lookup: Final = lookup
        self._clock: Final = clock

    async def serve(self, request: Request) -> StreamResponse:
        """Serve one viewer."""
        stream = STREAMS[request.path.rpartition("/")[2]]
        camera = await self._lookup.find_online(request, stream.format)
        headers = {"Content-Type": stream.content_type, **HEADERS}
        if request.method == "HEAD":
            return StreamResponse(headers=headers)
        response = StreamResponse(headers=headers)
        response.force_close()
        # From here on nothing is sent through aiohttp but the end: HTTP/1.1 in chunks, which it announced.
        await response.prepare(request)
        form = http_form(stream.format, chunked=request.version >= (1, 1))
        guest = self._guests.admit(connection_of(request), stream.format, form, over="http")
        try:
            if stream.opening:
                guest.viewer.write(form.wrap(stream.opening))
            self._hub.join(guest.viewer, camera, self._clock.mono_ns())
            await guest.gone.wait()
        finally:
            self._hub.leave(guest.viewer, self._clock.mono_ns())
            self._guests.dismiss(guest)
        return response

    def close_all(self) -> None:
        """End every stream after the message that is on its way."""
        for guest in self._guests:
            if guest.viewer.transport == "http":
                guest.gone.set()
