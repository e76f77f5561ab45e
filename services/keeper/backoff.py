"""When a member that supervisord gave up on is started again: after 1, 2, 4 ... 60 s. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from common.units import NS_PER_S
from services.keeper.desired import GIVEN_UP, Member

FIRST_NS: Final = NS_PER_S
MOST_NS: Final = 60 * NS_PER_S
# Whoever lived so long has recovered: its next failure is a new one.
RECOVERED_NS: Final = 60 * NS_PER_S


@dataclass(slots=True)
class _Case:
    delay_ns: int
    # 0: it is not waiting.
    due_ns: int = 0
    # 0: it does not run.
    running_since_ns: int = 0


class Backoff:
    """The members that were given up, each with its own delay."""

    def __init__(self) -> None:
        self._cases: dict[str, _Case] = {}

    def due(self, wanted: Iterable[Member], now_ns: int) -> dict[str, float]:
        """Take in the wanted members; return whom to start now, each with the delay of its next time."""
        due = {}
        members = list(wanted)
        # Who is not wanted any more, after a change of the scale, is not waited for either.
        self._cases = {member.name: self._cases[member.name] for member in members if member.name in self._cases}
        for member in members:
            if member.state in GIVEN_UP and self._is_due(member.name, now_ns):
                due[member.name] = self._cases[member.name].delay_ns / NS_PER_S
            elif member.name in self._cases:
                self._follow(member, now_ns)
        return due

    def wait_s(self, now_ns: int) -> float | None:
        """Return how long until somebody is due; None when nobody waits."""
        waits = [case.due_ns - now_ns for case in self._cases.values() if case.due_ns]
        return max(0, min(waits)) / NS_PER_S if waits else None

    def _is_due(self, name: str, now_ns: int) -> bool:
        case = self._cases.setdefault(name, _Case(FIRST_NS))
        if not case.due_ns:
            case.due_ns, case.running_since_ns = now_ns + case.delay_ns, 0
        if now_ns < case.due_ns:
            return False
        case.due_ns, case.delay_ns = 0, min(2 * case.delay_ns, MOST_NS)
        return True

    def _follow(self, member: Member, now_ns: int) -> None:
        case = self._cases[member.name]
        if member.state in GIVEN_UP:
            return
        # Somebody else started it meanwhile.
        case.due_ns = 0
        if member.state != "RUNNING":
            case.running_since_ns = 0
        elif not case.running_since_ns:
            case.running_since_ns = now_ns
        elif now_ns - case.running_since_ns >= RECOVERED_NS:
            del self._cases[member.name]
