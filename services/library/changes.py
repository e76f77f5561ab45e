"""Protecting and deleting: asked here, done by the recorder that owns the camera, and answered when it is done."""

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from common.clock import Clock
from common.http import ClientError, Request, StreamResponse, unix_session, unix_url
from common.moments import moment_text
from services.library.application import RECORDINGS, Routes, camera_of, json_answer, read_json
from services.library.owners import Owners
from services.library.queries import given_range, refuse_others
from services.library.refusals import Refusal, try_again

log = logging.getLogger(__name__)

NAME_LIMIT: Final = 100
# An answer of a recorder's: a few numbers or a sentence.
ANSWER_LIMIT_BYTES: Final = 64 << 10


class Changes:
    """Passes changes on to recorders."""

    def __init__(self, owners: Owners, clock: Clock, run_dir: Path) -> None:
        self._owners: Final = owners
        self._clock: Final = clock
        self._run_dir: Final = run_dir

    def routes(self) -> Routes:
        """Return its part of the table of routes."""
        at = f"{RECORDINGS}/{{camera}}"
        return {("POST", f"{at}/protect"): self.protect, ("DELETE", at): self.delete}

    async def run(self) -> None:
        """Nothing is to be done beside requests."""

    async def protect(self, request: Request) -> StreamResponse:
        """Protect a range from deletion, or let go of it."""
        camera, body = camera_of(request), await read_json(request)
        refuse_others(body, "from", "to", "protected", "name")
        range_ = given_range(body, None)
        is_protected, name = body.get("protected", True), body.get("name", "")
        if not isinstance(is_protected, bool):
            raise Refusal(400, "protected: expected true or false")
        if not isinstance(name, str) or len(name) > NAME_LIMIT or not name.isprintable():
            raise Refusal(400, f"name: expected a text of at most {NAME_LIMIT} characters, in one line")
        wish = {
            "camera": camera,
            "from_ns": range_.from_ns,
            "to_ns": range_.to_ns,
            "protected": is_protected,
            "name": name,
        }
        return json_answer(await self._ask(camera, "/protect", wish))

    async def delete(self, request: Request) -> StreamResponse:
        """Delete the files of a range."""
        camera = camera_of(request)
        refuse_others(request.query, "from", "to")
        range_ = given_range(request.query, None)
        wish = {"camera": camera, "from_ns": range_.from_ns, "to_ns": range_.to_ns}
        done = await self._ask(camera, "/delete", wish)
        log.info("camera %s: deleted %s files, %s bytes", camera, done.get("files"), done.get("size_bytes"))
        return json_answer(done)

    async def _ask(self, camera: str, path: str, wish: Mapping[str, object]) -> dict[str, Any]:
        socket = self._owners.socket(camera, self._clock.mono_ns())
        if not socket:
            raise try_again(f"no recorder has camera {camera} at the moment")
        if Path(socket).parent != self._run_dir:
            raise Refusal(502, "a recorder announced a socket outside the run folder")
        try:
            async with (
                unix_session(socket) as session,
                session.post(unix_url(path), json=wish, allow_redirects=False) as answer,
            ):
                value = _object(await answer.content.read(ANSWER_LIMIT_BYTES))
                status = answer.status
        except (ClientError, TimeoutError, OSError) as error:
            raise try_again(f"the recorder of camera {camera} does not answer: {type(error).__name__}") from error
        if status == 404:
            raise try_again(f"camera {camera} is changing from one recorder to another")
        if status != 200:
            raise Refusal(status, str(value.pop("error", "the recorder refused")), **_with_times(value))
        return _with_times(value)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {}


def _with_times(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recorder's answer with times as this interface writes them."""
    return {
        key.removesuffix("_ns"): moment_text(each) if key.endswith("_ns") and isinstance(each, int) else each
        for key, each in value.items()
    }
