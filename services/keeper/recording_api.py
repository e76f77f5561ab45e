"""What keeper answers about one camera's recording: its mode, and events at it. Pure."""

from collections.abc import Callable
from typing import Final

from common.http1 import Answer, Request, RequestError
from common.moments import moment_text
from services.keeper.core import Core
from services.keeper.modes import OFF


class RecordingApi:
    """Answers about cameras of a `Core`; `carry_out` saves and acts on what changed, before it is answered."""

    def __init__(self, core: Core, carry_out: Callable[[], None]) -> None:
        self._core: Final = core
        self._carry_out: Final = carry_out

    def mode(self, request: Request, camera: str) -> Answer:
        """Tell a camera's mode, or set it."""
        self._expect_known(camera)
        modes = self._core.modes
        was = modes.mode(camera)
        if request.method != "POST":
            return Answer(200, {"camera": camera, "mode": was, "from": "here" if modes.is_set(camera) else "settings"})
        wish = request.json()
        if not isinstance(wish, dict) or set(wish) != {"mode"}:
            raise RequestError(422, 'expected {"mode": "off"}, "continuous", "event", or null for that of the settings')
        modes.set(camera, wish["mode"])
        self._carry_out()
        return Answer(200, {"camera": camera, "mode": modes.mode(camera), "was": was})

    def event(self, request: Request, camera: str, now_ns: int, wall_ns: int) -> Answer:
        """Tell everybody on the bus of an event."""
        self._expect_known(camera)
        event = self._core.events.tell(camera, request.json(), now_ns, wall_ns)
        self._carry_out()
        mode = self._core.modes.mode(camera)
        note = {"note": f"camera {camera} is not recorded, so nothing keeps this event"} if mode == OFF else {}
        end = moment_text(event.end_ns) if event.end_ns else None
        return Answer(202, {"id": event.id, "start": moment_text(event.start_ns), "end": end, "mode": mode, **note})

    def _expect_known(self, camera: str) -> None:
        if camera not in self._core.cameras.ids():
            raise RequestError(404, f"no camera {camera} is known; it appears when it connects, or with its settings")
