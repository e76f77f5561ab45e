"""The address space of port 8080: the table, and what every answer has in common."""

import logging
from typing import Final
from urllib.parse import urlsplit

from common.errors import CameraNameError
from common.http import (
    Application,
    Handler,
    HTTPException,
    Refused,
    Request,
    Response,
    StreamResponse,
    middleware,
    refuse,
)
from common.origins import is_origin_allowed
from services.fanout.assets import Assets
from services.fanout.forward import Forwarder
from services.fanout.security import COMMON_HEADERS, page_headers
from services.fanout.statuses import Statuses

log = logging.getLogger(__name__)

# No cookie, no credential: what another site's page may read, it may read.
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
RETRY: Final = {"Retry_After": "2"}


def make_application(
    handlers: dict[tuple[str, str], Handler], statuses: Statuses, forwarder: Forwarder, allowed_origins: tuple[str, ...]
) -> Application:
    """Return the application of a table {(method, path): handler}; GET answers HEAD, too."""
    edge = Edge(statuses, forwarder, allowed_origins)

    @middleware
    async def answer(request: Request, handler: Handler) -> StreamResponse:
        return await edge.answer(request, handler)

    application = Application(middlewares=[answer])
    application.on_response_prepare.append(edge.add_headers)
    for (method, path), handler in handlers.items():
        if method == "GET":
            application.router.add_get(path, handler)
        else:
            application.router.add_route(method, path, handler)
    return application


class Edge:
    """What stands around every handler."""

    def __init__(self, statuses: Statuses, forwarder: Forwarder, allowed_origins: tuple[str, ...]) -> None:
        self._statuses: Final = statuses
        self._forwarder: Final = forwarder
        self._allowed_origins: Final = allowed_origins

    async def add_headers(self, request: Request, response: StreamResponse) -> None:
        """Add what every answer carries."""
        if response.status == 101:
            return
        response.headers.update(COMMON_HEADERS)
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() in self._allowed_origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers.add("Vary", "Origin")

    async def answer(self, request: Request, handler: Handler) -> StreamResponse:
        """Return the handler's answer, or the sentence of its refusal; what no handler covers may be another's."""
        try:
            unknown = request.match_info.http_exception
            if unknown is not None:
                return await self._answer_elsewhere(request, unknown)
            return await handler(request)
        except Refused as refused:
            return refused.answer
        except CameraNameError as error:
            return refuse(400, str(error))
        except ConnectionResetError:
            # The client left while it was served; aiohttp finds nobody to answer.
            return Response(status=499)

    async def _answer_elsewhere(self, request: Request, unknown: HTTPException) -> StreamResponse:
        if unknown.status == 405:
            allowed = unknown.headers.get("Allow", "")
            return refuse(405, f"{request.method} is not for this address, but {allowed}", Allow=allowed)
        path = urlsplit(request.raw_path).path
        api = self._statuses.api_for(path) if unknown.status == 404 else None
        if api is None:
            away = self._statuses.recordings.refusal(path)
            if away is not None:
                status, sentence = away
                return refuse(status, sentence, **RETRY if status == 503 else {})
            return refuse(unknown.status, f"nothing is at {request.path[:200]}")
        origin, host = request.headers.get("Origin"), request.headers.get("Host", "")
        if request.method not in _SAFE_METHODS and not is_origin_allowed(origin, host, self._allowed_origins):
            return refuse(403, f"pages of {origin} may change nothing here")
        return await self._forwarder.forward(request, api)


class Pages:
    """The files of web/."""

    def __init__(self, assets: Assets, allowed_origins: tuple[str, ...]) -> None:
        self._assets: Final = assets
        self._allowed_origins: Final = allowed_origins

    async def index(self, request: Request) -> StreamResponse:
        return self._file(request, "index.html")

    async def mjpeg(self, request: Request) -> StreamResponse:
        return self._file(request, "mjpeg.html")

    async def recordings(self, request: Request) -> StreamResponse:
        return self._file(request, "recordings.html")

    async def asset(self, request: Request) -> StreamResponse:
        return self._file(request, request.match_info["path"])

    def _file(self, request: Request, name: str) -> StreamResponse:
        asset = self._assets.get(name)
        if asset is None:
            return refuse(404, f"nothing is at {request.path[:200]}")
        # Asked anew each time and answered 304: an update of the server is an update of the page.
        headers = {
            "Content-Type": asset.content_type,
            "Cache-Control": "no-cache",
            "ETag": f'"{asset.etag}"',
            **page_headers(request.headers.get("Host", ""), self._allowed_origins),
        }
        if any(tag.value in (asset.etag, "*") for tag in request.if_none_match or ()):
            return Response(status=304, headers=headers)
        return Response(body=asset.body, headers=headers)
