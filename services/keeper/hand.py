"""keeper's hand on supervisord: looks at its table when something may have changed, and does what is due."""

import logging
from typing import Final

from common.errors import StreamError
from common.units import NS_PER_S
from services.keeper.core import Core
from services.keeper.desired import Action, next_look_s
from services.keeper.supervisor import Supervisor

log = logging.getLogger(__name__)

# After a failure: a stopped supervisord holds each call for 2 s, and keeper has a status to tell meanwhile.
RETRY_S: Final = 5.0


class Hand:
    """Keeps `core.table` fresh and supervisord in line with it."""

    def __init__(self, core: Core, supervisor: Supervisor) -> None:
        self._core = core
        self._supervisor = supervisor
        self._next_look_ns = 0
        self._is_reached = True

    def look_soon(self, now_ns: int) -> None:
        """Look again in the next turn of the loop."""
        self._next_look_ns = min(self._next_look_ns, now_ns)

    def wait_s(self, now_ns: int) -> float:
        """Return how long it is until the next look is due."""
        return max(0.0, (self._next_look_ns - now_ns) / NS_PER_S)

    def look(self, now_ns: int) -> None:
        """Read the table and do what is due; a supervisord that does not answer is said once and asked again later."""
        core = self._core
        try:
            core.table = self._supervisor.table()
            actions = core.due(now_ns)
            for action in actions:
                self._do(action)
            if actions:
                core.table = self._supervisor.table()
        except StreamError as error:
            self._next_look_ns = now_ns + int(RETRY_S * NS_PER_S)
            if self._is_reached:
                log.warning("%s; nothing is started or stopped meanwhile", error)
            self._is_reached = False
            return
        if not self._is_reached:
            log.info("supervisord answers again")
        self._is_reached = True
        self._next_look_ns = now_ns + int(next_look_s(core.scale, core.table, core.roll.is_running) * NS_PER_S)

    def _do(self, action: Action) -> None:
        log.info("%s %s", action.verb, action.member.name)
        self._supervisor.do(action)
