"""What keeper knows and decides: scale, cameras, modes, the restart under way, who hangs or is apart. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from common.config import Settings
from services.keeper.backoff import Backoff
from services.keeper.cameras import KnownCameras
from services.keeper.desired import (
    POOLS,
    RECORDING,
    SINGLES,
    Action,
    Member,
    ScaleError,
    checked_wish,
    in_force,
    next_look_s,
    plan,
    serving,
    wanted_members,
)
from services.keeper.events import Events
from services.keeper.modes import Modes
from services.keeper.quarantine import Quarantine
from services.keeper.rolling import Roll, members_of
from services.keeper.watchdog import Watchdog

# Of stages that run on demand, to whoever scales or restarts them.
NOT_RECORDED: Final = "runs as soon as a camera is recorded; none ever was (docs/operate.md says how to begin)"


class BusyError(ScaleError):
    """A restart is under way already."""


class Core:
    """keeper's state. `table` is supervisord's as last read, `heard` the pid of each process's newest status."""

    def __init__(
        self,
        settings: Settings,
        scale: Mapping[str, int],
        remembered: Mapping[str, int],
        kept_apart: Quarantine,
        modes: Modes,
        events: Events,
        now_ns: int,
    ) -> None:
        first = {stage: getattr(settings.keeper, stage) for stage in POOLS}
        self.scale = {**first, **scale}
        self.cameras = KnownCameras(settings.cameras, remembered, settings.server.max_cameras)
        self.table: Sequence[Member] = ()
        self.heard: dict[str, int] = {}
        self.roll = Roll([])
        self.backoff = Backoff()
        self.watchdog = Watchdog(now_ns)
        self.quarantine = kept_apart
        self.modes = modes
        self.events = events
        # Members that supervisord gave up on and that are started again now, with the delay until the next try.
        self.given_up: dict[str, float] = {}
        self.is_scale_changed = False
        # keeper's own turn in a restart: nobody could start what it stopped, so it leaves, and supervisord restarts it.
        self.is_leaving = False

    def wish(self, value: Any) -> None:
        """Change the scale; ScaleError when it cannot be."""
        self.scale.update(checked_wish(value))
        self.is_scale_changed = True

    def restart(self, stage: str) -> None:
        """Begin a rolling restart of a stage, or of all of them (""); ScaleError when it cannot be."""
        if self.roll.is_running:
            raise BusyError(f"a restart is under way, at {self.roll.current or self.roll.left[0]}; wait for its end")
        if stage in RECORDING and not self.modes.is_used:
            raise ScaleError(f"{stage} {NOT_RECORDED}")
        self.heard.clear()
        self.roll = Roll(members_of(stage, self.table, self._in_force()))

    def forget(self, camera: str, now_ns: int) -> None:
        """Forget a camera and all that is kept of it here; ForgetError when it cannot be. Its footage stays."""
        self.cameras.forget(camera, now_ns)
        self.quarantine.forget(camera)
        self.modes.forget(camera)
        self.events.forget(camera)

    def due(self, now_ns: int) -> list[Action]:
        """Return the starts and stops that are due by what is known now."""
        stop = ""
        wanted = self.wanted()
        self.given_up = self.backoff.due(wanted, now_ns)
        self.roll.keep({member.name for member in wanted})
        if self.roll.is_running:
            stop = self.roll.advance(now_ns, {member.name: member.pid for member in self.table}, self.heard)
        if stop == "keeper":
            self.is_leaving = True
            return []
        insist = {*self.given_up, self.roll.current if self.roll.is_running else ""}
        stops = [Action("stop", member) for member in self.table if member.name == stop]
        return [*stops, *plan(self._in_force(), self.table, insist, self.quarantine.processes())]

    def wanted(self) -> list[Member]:
        """Return the rows of the table that should run."""
        return wanted_members(self._in_force(), self.table, self.quarantine.processes())

    def _in_force(self) -> dict[str, int]:
        return in_force(self.scale, is_recording=self.modes.is_used)

    def next_look_s(self, now_ns: int) -> float:
        """Return how long the table can be trusted: until it may change by itself, or until somebody is due."""
        look_s = next_look_s(self.wanted(), self.roll.is_running)
        given_up_s = self.backoff.wait_s(now_ns)
        return look_s if given_up_s is None else min(look_s, given_up_s)

    def scale_report(self) -> dict[str, Any]:
        """Return what `GET /api/scale` answers: a stage's wished number and who of it runs."""
        report: dict[str, Any] = {
            stage: {
                "wanted": self.scale.get(stage, 1),
                "running": [member.name for member in serving(self.table, stage)],
            }
            for stage in (*POOLS, *SINGLES)
        }
        if not self.modes.is_used:
            for stage in RECORDING:
                report[stage]["note"] = NOT_RECORDED
        return report

    def restart_report(self) -> dict[str, Any]:
        """Return what `GET /api/restart` answers."""
        roll = self.roll
        return {
            "running": roll.is_running,
            "done": list(roll.done),
            "current": roll.current,
            "left": list(roll.left),
            "error": roll.error,
        }


def scale_from(document: Mapping[str, Any]) -> dict[str, int]:
    """Return the scale that a state file holds; ValueError when it is no such document."""
    try:
        return checked_wish(document)
    except ScaleError as error:
        raise ValueError(str(error)) from error
