"""A rolling restart: one member after the other, the next only when the new one was heard. Pure.

It only says whom to stop: `desired.plan` starts what stopped, as it would anyway.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from common.units import NS_PER_S
from services.keeper.desired import ALONE_STAGE, POOLS, SINGLES, Member, ScaleError, serving

# The stop (supervisord kills after stopwaitsecs, 5 s) and a start on a machine that is busy.
PATIENCE_S: Final = 30
# The sink first; keeper last, because its own restart forgets the rest.
ORDER: Final = ("broker", "library", *reversed(POOLS), "keeper")


@dataclass(slots=True)
class Roll:
    """The restart in progress, or the last one."""

    left: list[str]
    done: list[str] = field(default_factory=list)
    current: str = ""
    error: str = ""
    _old_pid: int = 0
    _deadline_ns: int = 0

    @property
    def is_running(self) -> bool:
        return bool(self.current or self.left) and not self.error

    def advance(self, now_ns: int, pids: Mapping[str, int], heard: Mapping[str, int]) -> str:
        """Return the member to stop now, or "".

        `pids` are supervisord's (0 or absent: not running), `heard` the pids of the newest status record of each name.
        """
        if self.current and self._is_back(pids, heard):
            self.done.append(self.current)
            self.current = ""
        if self.current and now_ns > self._deadline_ns:
            self.error = f"{self.current} was not ready again within {PATIENCE_S} s; see its log"
        if not self.is_running or self.current:
            return ""
        self.current = self.left.pop(0)
        self._old_pid = pids.get(self.current, 0)
        self._deadline_ns = now_ns + PATIENCE_S * NS_PER_S
        return self.current if self._old_pid else ""

    def keep(self, wanted: Collection[str]) -> None:
        """Leave out who is not wanted any more, after a change of the scale: nobody comes back there."""
        self.left = [name for name in self.left if name in wanted]
        if self.current not in wanted:
            self.current = ""

    def _is_back(self, pids: Mapping[str, int], heard: Mapping[str, int]) -> bool:
        pid = pids.get(self.current, 0)
        return pid not in (0, self._old_pid) and heard.get(self.current) == pid


def members_of(stage: str, table: Sequence[Member], scale: Mapping[str, int]) -> list[str]:
    """Return whom a restart of `stage` ("" for all stages) concerns, in order; ScaleError for an unknown one.

    `scale` is the one in force.
    """
    if stage and stage not in ORDER:
        raise ScaleError(f"unknown stage {stage[:40]!r}; expected one of {', '.join((*POOLS, *SINGLES))}")
    names: list[str] = []
    for each in [stage] if stage else ORDER:
        up = [member.name for member in serving(table, each)]
        # A stage that supervisord gave up on is what a restart is asked for most.
        wished = (
            [f"{each}-{number}" for number in range(scale[each])] if each in POOLS else [each][: scale.get(each, 1)]
        )
        names += sorted({*up, *wished})
        if each == "transcode":
            names += [member.name for member in serving(table, ALONE_STAGE)]
    return names
