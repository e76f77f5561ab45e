"""keeper's hand on supervisord: looks at its table when that may have changed, does what is due, kills who hangs."""

import logging
from typing import Final

from common.errors import StreamError
from common.units import NS_PER_S
from services.keeper.core import Core
from services.keeper.desired import Action
from services.keeper.lives import Lives
from services.keeper.supervisor import Supervisor
from services.keeper.watchdog import Verdict
from services.keeper.xmlrpc import FaultError

log = logging.getLogger(__name__)

# After a failure: a stopped supervisord holds each call for 2 s, and keeper has a status to tell meanwhile.
RETRY_S: Final = 5.0


class Hand:
    """Keeps `core.table` fresh and supervisord in line with it."""

    def __init__(self, core: Core, supervisor: Supervisor, lives: Lives) -> None:
        self._core = core
        self._supervisor = supervisor
        self._lives = lives
        self._next_look_ns = 0
        self._next_judge_ns = 0
        self._is_reached = True

    def look_soon(self, now_ns: int) -> None:
        """Look again in the next turn of the loop."""
        self._next_look_ns = min(self._next_look_ns, now_ns)

    def wait_s(self, now_ns: int) -> float:
        """Return how long it is until the table or the lives are due for a look."""
        return max(0.0, (min(self._next_look_ns, self._next_judge_ns) - now_ns) / NS_PER_S)

    def act(self, now_ns: int) -> None:
        """Look at what is due for it."""
        if now_ns >= self._next_look_ns:
            self.look(now_ns)
        if now_ns >= self._next_judge_ns:
            self._judge(now_ns)

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
            self._not_reached(error, now_ns)
            return
        if not self._is_reached:
            log.info("supervisord answers again")
        self._is_reached = True
        self._next_look_ns = now_ns + int(core.next_look_s(now_ns) * NS_PER_S)

    def _judge(self, now_ns: int) -> None:
        """Let the watchdog look, and kill whom it names, by a table that is fresh: supervisord starts another."""
        core, lives = self._core, self._lives
        core.watchdog.ran(now_ns)
        known = lives.of(core.wanted(), now_ns)
        try:
            # Without supervisord there is nothing to be done, and each question would hold keeper for 2 s.
            if core.watchdog.hung(now_ns, known) and self._is_reached:
                core.table = self._supervisor.table()
                # Who does not stamp may also have ended for good.
                self._next_look_ns = now_ns
                known = lives.of(core.wanted(), now_ns)
                for verdict in core.watchdog.hung(now_ns, known):
                    self._kill(verdict, now_ns)
        except StreamError as error:
            self._not_reached(error, now_ns)
        self._next_judge_ns = core.watchdog.next_look_ns(known)

    def _kill(self, verdict: Verdict, now_ns: int) -> None:
        log.warning("%s (pid %d) hangs: %s; it is killed and started anew", verdict.name, verdict.pid, verdict.reason)
        self._core.watchdog.killed(verdict, now_ns)
        member = next(member for member in self._core.table if member.name == verdict.name)
        self._supervisor.do(Action("kill", member))

    def _do(self, action: Action) -> None:
        name = action.member.name
        given_up = self._core.given_up.get(name)
        if action.verb == "start" and given_up is not None:
            log.warning("start %s again, on which supervisord gave up; the next time after %.0f s", name, given_up)
        else:
            log.info("%s %s", action.verb, name)
        try:
            self._supervisor.do(action)
        except FaultError as fault:
            log.warning("%s %s: %s", action.verb, name, fault)

    def _not_reached(self, error: StreamError, now_ns: int) -> None:
        self._next_look_ns = now_ns + int(RETRY_S * NS_PER_S)
        if self._is_reached:
            log.warning("%s; nothing is started or stopped meanwhile", error)
        self._is_reached = False
