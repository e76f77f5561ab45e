"""`/ws/viewer`: one viewer over a WebSocket. aiohttp shakes hands and reads; what is sent goes around it."""

import asyncio
import json
import logging
from collections.abc import Callable, Collection
from typing import Any, Final

from common.clock import Clock
from common.http import Refused, Request, StreamResponse, WebSocketResponse, WSMsgType
from common.origins import is_origin_allowed
from common.topics import H264
from common.units import NS_PER_S
from services.fanout.connection import connection_of
from services.fanout.forms import FORMATS, websocket_form
from services.fanout.framing import CLOSE, PONG, ws_frame
from services.fanout.guests import Guest, Guests
from services.fanout.lobby import Lobby
from services.fanout.lookup import Lookup
from services.fanout.masks import MaskWatch
from services.fanout.viewer import LARGE, VIEWS, Viewer

log = logging.getLogger(__name__)

INBOUND_LIMIT_BYTES: Final = 4096
# For a viewer to answer a Close frame.
CLOSE_S: Final = 1.0
# The year 33658; what is beyond is no time.
MEDIA_TIME_LIMIT_S: Final = 1e12
# For all of them together, those that take nothing included.
GOODBYE_S: Final = 1.5
PROTOCOL_ERROR: Final = 1002
POLICY_VIOLATION: Final = 1008
SERVICE_RESTART: Final = 1012


class ViewerSockets:
    """Serves viewers, and tells them all when the process stops."""

    def __init__(
        self,
        guests: Guests,
        lobby: Lobby,
        lookup: Lookup,
        clock: Clock,
        allowed_origins: Collection[str],
        age_s: Callable[[str, float], float | None],
    ) -> None:
        self._guests: Final = guests
        self._lobby: Final = lobby
        self._lookup: Final = lookup
        self._clock: Final = clock
        self._allowed_origins: Final = allowed_origins
        self._age_s: Final = age_s
        self._open: Final[set[WebSocketResponse]] = set()

    async def serve(self, request: Request) -> StreamResponse:
        """Serve one viewer until it leaves."""
        origin = request.headers.get("Origin")
        if not is_origin_allowed(origin, request.headers.get("Host", ""), self._allowed_origins):
            raise Refused(403, f"pages of {origin} may not show these cameras; CAM_ALLOWED_ORIGINS would allow them")
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise Refused(426, "this address is a WebSocket's", Upgrade="websocket")
        format_, meta, view = _wishes(request)
        named = request.query.get("camera")
        camera = "" if named is None else await self._lookup.find(named)
        socket = WebSocketResponse(
            autoping=False,
            compress=False,
            max_msg_size=INBOUND_LIMIT_BYTES + 1,  # aiohttp refuses a message of just this size, too
            timeout=CLOSE_S,
            receive_timeout=None,
        )
        await socket.prepare(request)
        guest = self._guests.admit(connection_of(request), format_, websocket_form(format_, meta=meta), over="ws")
        guest.viewer.view = view
        guest.connection.inspect(MaskWatch().is_masked, lambda: _end_unmasked(guest))
        self._open.add(socket)
        try:
            self._lobby.enter(guest.viewer, camera, self._clock.mono_ns())
            await self._listen(socket, guest)
        finally:
            self._open.discard(socket)
            self._lobby.leave(guest.viewer, self._clock.mono_ns())
            self._guests.dismiss(guest)
        return socket

    async def close_all(self) -> None:
        """Tell every viewer that it may come back at once (1012), and wait a moment for their answers."""
        if not self._open:
            return
        for guest in self._guests:
            # Nothing may follow a Close frame.
            self._lobby.leave(guest.viewer, self._clock.mono_ns())
        async with asyncio.TaskGroup() as group:
            closing = [
                group.create_task(socket.close(code=SERVICE_RESTART, message=b"the server restarts"))
                for socket in self._open
            ]
            _, blocked = await asyncio.wait(closing, timeout=GOODBYE_S)
            # What these hold back will not move any more; cancelled, they are cut.
            for task in blocked:
                task.cancel()

    async def _listen(self, socket: WebSocketResponse, guest: Guest) -> None:
        async for message in socket:
            if not guest.hears():
                await socket.close(code=POLICY_VIOLATION, message=b"too many messages")
            elif message.type is WSMsgType.TEXT:
                self._hear(guest, message.data)
            elif message.type is WSMsgType.PING:
                guest.viewer.tell(ws_frame(PONG, message.data))

    def _hear(self, guest: Guest, text: str) -> None:
        """Take a viewer's word; what is not understood is ignored."""
        try:
            word: Any = json.loads(text)
        except (ValueError, RecursionError):
            return
        if not isinstance(word, dict):
            return
        if word.get("type") == "age":
            self._hear_age(guest.viewer, word.get("media_time_s"))
        elif word.get("type") == "view" and word.get("view") in VIEWS:
            guest.viewer.view = word["view"]

    def _hear_age(self, viewer: Viewer, media_time_s: object) -> None:
        # Neither NaN nor infinity is below the limit.
        if isinstance(media_time_s, int | float) and abs(media_time_s) < MEDIA_TIME_LIMIT_S:
            now_ns = self._clock.mono_ns()
            viewer.age_s = self._age_s(viewer.camera, media_time_s)
            viewer.age_reported_ns = now_ns
            viewer.shows(round(media_time_s * NS_PER_S), now_ns)


def _end_unmasked(guest: Guest) -> None:
    """Close as RFC 6455 section 5.1 wants it; whoever breaks the protocol may not understand the closing handshake."""
    guest.viewer.blocked()
    transport = guest.connection.transport
    transport.write(ws_frame(CLOSE, PROTOCOL_ERROR.to_bytes(2, "big") + b"frames must be masked"))
    transport.close()


def _wishes(request: Request) -> tuple[str, bool, str]:
    query = request.query
    format_, meta, view = query.get("format", H264), query.get("meta", "0"), query.get("view", LARGE)
    if format_ not in FORMATS:
        raise Refused(400, f"format={format_[:40]}: expected {', '.join(FORMATS)}")
    if meta not in ("0", "1"):
        raise Refused(400, f"meta={meta[:40]}: expected 0 or 1")
    if view not in VIEWS:
        raise Refused(400, f"view={view[:40]}: expected {', '.join(VIEWS)}")
    return format_, meta == "1", view
