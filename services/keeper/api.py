"""keeper's HTTP interface: which request does what, and who may ask. Pure."""

from collections.abc import Callable, Collection
from typing import Final
from urllib.parse import unquote

from common.errors import CameraNameError
from common.http1 import Answer, Request, RequestError, refusal
from common.names import CameraId, camera_id
from common.origins import is_origin_allowed
from services.keeper.cameras import ForgetError
from services.keeper.core import BusyError, Core
from services.keeper.desired import ScaleError
from services.keeper.events import EventError
from services.keeper.modes import ModeError
from services.keeper.quarantine import QuarantineError
from services.keeper.recording_api import RecordingApi

CAMERAS: Final = "/api/cameras"
# Below a camera: DELETE lifts the first, POST changes the second and tells the third.
QUARANTINE: Final = "quarantine"
RECORDING: Final = "recording"
EVENTS: Final = "events"
SCALE: Final = "/api/scale"
RESTART: Final = "/api/restart"
# What the public port forwards. Scaling and restarting are the operator's, who is on this machine (`tools/ctl`).
PUBLIC_PREFIXES: Final = (CAMERAS,)

_SAFE: Final = frozenset({"GET", "HEAD"})


class Api:
    """Answers requests about a `Core`. `carry_out` saves and acts on what a request changed, before it is answered.

    `carry_out` raises RequestError when what changed could not be saved.
    """

    def __init__(self, core: Core, allowed_origins: Collection[str], carry_out: Callable[[], None]) -> None:
        self._core = core
        self._allowed_origins = allowed_origins
        self._carry_out = carry_out
        self._recording = RecordingApi(core, carry_out)

    def answer(self, request: Request, now_ns: int, wall_ns: int) -> Answer:
        """Return the answer to a request; what it changes is done by then."""
        try:
            return self._route(request, now_ns, wall_ns)
        except RequestError as error:
            return Answer(error.status, {"error": str(error)}, error.headers)
        except BusyError as error:
            return refusal(409, str(error))
        except (ScaleError, ModeError) as error:
            return refusal(422, str(error))
        except (ForgetError, EventError) as error:
            return refusal(error.status, str(error))
        except QuarantineError as error:
            return refusal(404, str(error))

    def _route(self, request: Request, now_ns: int, wall_ns: int) -> Answer:
        if request.method not in _SAFE:
            self._check_origin(request)
        if request.path.startswith(f"{CAMERAS}/"):
            camera, slash, below = request.path.removeprefix(f"{CAMERAS}/").partition("/")
            if not slash:
                return self._forget(request, _camera_of(camera), now_ns)
            return self._below(request, _camera_of(camera), below, now_ns, wall_ns)
        if request.path == CAMERAS:
            _expect_method(request, *_SAFE)
            modes = self._core.modes
            return Answer(
                200,
                {"cameras": [{**row, "recording": modes.mode(row["id"])} for row in self._core.cameras.rows(now_ns)]},
            )
        if request.path == SCALE:
            return self._scale(request)
        if request.path == RESTART:
            return self._restart(request)
        raise RequestError(404, f"no such address {request.path[:80]}")

    def _below(self, request: Request, camera: CameraId, below: str, now_ns: int, wall_ns: int) -> Answer:
        if below == QUARANTINE:
            return self._release(request, camera, now_ns)
        if below == RECORDING:
            _expect_method(request, *_SAFE, "POST")
            return self._recording.mode(request, camera)
        if below == EVENTS:
            _expect_method(request, "POST")
            return self._recording.event(request, camera, now_ns, wall_ns)
        raise RequestError(404, f"no such address {request.path[:80]}")

    def _forget(self, request: Request, camera: CameraId, now_ns: int) -> Answer:
        _expect_method(request, "DELETE")
        self._core.forget(camera, now_ns)
        self._carry_out()
        return Answer(200, {"forgotten": camera})

    def _release(self, request: Request, camera: CameraId, now_ns: int) -> Answer:
        _expect_method(request, "DELETE")
        self._core.quarantine.release(camera, now_ns)
        self._carry_out()
        return Answer(204)

    def _scale(self, request: Request) -> Answer:
        _expect_method(request, *_SAFE, "POST")
        if request.method == "POST":
            self._core.wish(request.json())
            self._carry_out()
        return Answer(200, self._core.scale_report())

    def _restart(self, request: Request) -> Answer:
        _expect_method(request, *_SAFE, "POST")
        if request.method in _SAFE:
            return Answer(200, self._core.restart_report())
        wish = request.json()
        if not isinstance(wish, dict) or not set(wish) <= {"stage"} or not isinstance(wish.get("stage", ""), str):
            raise RequestError(422, 'expected {"stage": "fanout"}, or {} for all stages')
        self._core.restart(wish.get("stage", ""))
        self._carry_out()
        return Answer(202, self._core.restart_report())

    def _check_origin(self, request: Request) -> None:
        """Refuse what a page of another site makes its visitor's browser send; programs send no Origin."""
        origin = request.headers.get("origin")
        if not is_origin_allowed(origin, request.headers.get("host", ""), self._allowed_origins):
            raise RequestError(403, f"origin {str(origin)[:80]!r} may not change anything here (CAM_ALLOWED_ORIGINS)")


def _camera_of(part: str) -> CameraId:
    try:
        return camera_id(unquote(part))
    except CameraNameError as error:
        raise RequestError(400, str(error)) from error


def _expect_method(request: Request, *methods: str) -> None:
    if request.method not in methods:
        allowed = ", ".join(sorted(methods))
        text = f"method {request.method[:20]} is not for {request.path[:80]}; it takes {allowed}"
        raise RequestError(405, text, {"Allow": allowed})
