"""What every answer of the library has in common: JSON, also for refusals, and who may change anything.

A part of the library (playing, stills, exports) is an object with a table of routes; `make_application` puts them
together. Handlers raise `Refusal`.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final, Protocol

from common.errors import CameraNameError
from common.http import Application, Handler, Request, Response, StreamResponse, middleware
from common.names import CameraId, camera_id
from common.origins import is_origin_allowed
from services.library.refusals import Refusal

log = logging.getLogger(__name__)

RECORDINGS: Final = "/api/recordings"
EXPORTS: Final = "/api/exports"
BODY_LIMIT_BYTES: Final = 64 << 10
_SAFE: Final = frozenset({"GET", "HEAD"})

Routes = Mapping[tuple[str, str], Handler]


class Part(Protocol):
    """A part of the library. `run` lasts as long as the process: what is to be done beside requests."""

    def routes(self) -> Routes: ...

    async def run(self) -> None: ...


def make_application(parts: Iterable[Part], allowed_origins: tuple[str, ...]) -> Application:
    """Return the application of all parts' routes {(method, path): handler}; GET answers HEAD, too."""

    @middleware
    async def answer(request: Request, handler: Handler) -> StreamResponse:
        try:
            unknown = request.match_info.http_exception
            if unknown is not None:
                raise _not_here(request, unknown.status, unknown.headers.get("Allow", ""))
            if request.method not in _SAFE:
                _check_origin(request, allowed_origins)
            return await handler(request)
        except Refusal as refusal:
            return json_answer(refusal.value, refusal.status, refusal.headers)
        except CameraNameError as error:
            return json_answer({"error": str(error)}, 400)
        except ConnectionError:
            # Whoever asked left while being served: nobody is there to be answered.
            return Response(status=499)

    application = Application(middlewares=[answer], client_max_size=BODY_LIMIT_BYTES)
    for part in parts:
        for (method, path), handler in part.routes().items():
            if method == "GET":
                application.router.add_get(path, handler)
            else:
                application.router.add_route(method, path, handler)
    return application


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer in JSON that nobody keeps."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    fixed = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return Response(status=status, body=body, headers={**fixed, **(headers or {})})


def camera_of(request: Request) -> CameraId:
    """Return the camera in a request's path: an id, whatever was sent; CameraNameError when it can be none."""
    return camera_id(request.match_info["camera"])


async def read_json(request: Request) -> dict[str, Any]:
    """Return the object in a request's body; raise Refusal when it is none or is not said to be JSON."""
    # A form on a foreign page can send any body but cannot say this type without asking first (Fetch, CORS).
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(415, f"expected Content-Type: application/json, got {kind[:60]!r}")
    body = await request.content.read(BODY_LIMIT_BYTES + 1)
    while body and len(body) <= BODY_LIMIT_BYTES and (more := await request.content.read(BODY_LIMIT_BYTES)):
        body += more
    if len(body) > BODY_LIMIT_BYTES:
        raise Refusal(413, f"a body of more than {BODY_LIMIT_BYTES} bytes is not taken")
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refusal(400, f"the body is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise Refusal(400, "the body is no JSON object")
    return value


def _check_origin(request: Request, allowed_origins: tuple[str, ...]) -> None:
    origin = request.headers.get("Origin")
    if not is_origin_allowed(origin, request.headers.get("Host", ""), allowed_origins):
        raise Refusal(403, f"origin {str(origin)[:80]!r} may not change anything here (CAM_ALLOWED_ORIGINS)")


def _not_here(request: Request, status: int, allow: str) -> Refusal:
    if status == 405:
        sentence = f"method {request.method[:20]} is not for {request.path[:80]}; it takes {allow}"
        return Refusal(405, sentence, headers={"Allow": allow})
    return Refusal(status, f"no such address {request.path[:80]}")
