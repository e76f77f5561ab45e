"""A worker's overload: what others watch comes in, limits for the cameras' lines go out, each step said once."""

import logging
from collections.abc import Mapping
from typing import Any

from services.transcode.governor import Change, Governor
from services.transcode.line import Line
from services.transcode.watches import Watches

log = logging.getLogger(__name__)


class Overload:
    """The governor of one worker at work."""

    def __init__(self, threads: int) -> None:
        self._governor = Governor(threads)
        self._watches = Watches()

    def hear(self, process: str, record: Mapping[str, Any], now_ns: int) -> None:
        """Take a `status/` record in. Raises WireError."""
        self._watches.hear(process, record, now_ns)

    def tick(self, lines: Mapping[str, Line], now_ns: int) -> None:
        """Look at the lines and limit them; to be called four times a second."""
        seen = {camera: line.seen(self._watches.of(camera, now_ns)) for camera, line in lines.items()}
        cameras = {camera: each for camera, each in seen.items() if each is not None}
        change = self._governor.tick(now_ns, cameras)
        if change is not None:
            self._say(change)
        for camera, each in cameras.items():
            lines[camera].limit(self._governor.limit(each))

    def forget(self) -> None:
        """The process did not run for a while."""
        self._governor.forget()

    def record(self) -> dict[str, Any]:
        """Return what `/status` shows."""
        return self._governor.record()

    def _say(self, change: Change) -> None:
        rule = self._governor.record()["rule"]
        if change.level > change.before:
            log.warning("overload, level %d: %s (%s)", change.level, rule, change.why)
        elif change.level:
            log.info("overload eases, level %d: %s (%s)", change.level, rule, change.why)
        else:
            log.info("overload is over (%s)", change.why)
