"""What should run against what runs: supervisord's table and the wished scale in, starts and stops out. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from common.errors import StreamError

# Stages whose number of processes is a wish; each is a pool in supervisord.conf.
POOLS: Final = ("ingest", "transcode", "recorder", "fanout")
# Stages that are one process, and must be: the bus has one fixed point, the state one writer.
SINGLES: Final = ("broker", "keeper", "library")
# Stages that run only while recording is used; until then their number in force is 0.
RECORDING: Final = ("recorder", "library")
# Who is started first: fanout answers people, and its imports take longest; live comes before recordings.
_STARTS: Final = (*RECORDING, "ingest", "transcode", "fanout")
# Members of a pool that serve: numbers 0 to 7. Higher ones hold the pool's port open. A test compares supervisord.conf
# and the limits in common/settings.py.
POOL_LIMIT: Final = 8
# Workers that encode cameras whose pictures crash the codec, one such camera each if there are enough of them. They run
# only while there are such cameras; nobody scales them. A test compares supervisord.conf.
ALONE_STAGE: Final = "transcode-alone"
ALONE_LIMIT: Final = 4

# supervisord's states (its docs, "Process States"), as far as they matter here.
_UP: Final = frozenset({"STARTING", "RUNNING", "BACKOFF"})
_STARTABLE: Final = frozenset({"STOPPED"})
# EXITED is supervisord's to start again, at once; one that stays so was given up as well.
GIVEN_UP: Final = frozenset({"FATAL", "EXITED"})
_TRYING: Final = frozenset({"STARTING", "BACKOFF"})
_PASSING: Final = frozenset({"STOPPED", "STOPPING", "EXITED"})


class ScaleError(StreamError):
    """A wish that cannot be granted; the text says why and what can."""


@dataclass(frozen=True, slots=True)
class Member:
    """One row of supervisord's table. `pid` is 0 when it does not run."""

    group: str
    name: str
    state: str
    pid: int

    @property
    def is_up(self) -> bool:
        return self.state in _UP


@dataclass(frozen=True, slots=True)
class Action:
    """One call to supervisord: `start`, `stop` or `kill` a member."""

    verb: str
    member: Member


def in_force(scale: Mapping[str, int], *, is_recording: bool) -> dict[str, int]:
    """Return the wished scale as it is to be now: nothing runs for recordings that nobody asked for."""
    return dict(scale) if is_recording else {**scale, **dict.fromkeys(RECORDING, 0)}


def plan(
    scale: Mapping[str, int], table: Iterable[Member], insist: Collection[str] = (), alone: Collection[str] = ()
) -> list[Action]:
    """Return what to start and stop, servers first, port holders last; `scale` is the one `in_force`.

    `alone`: the workers wanted for one camera.
    A member that exited is supervisord's to restart; one it gave up on is started again only when named in `insist`.
    """
    starts: list[Action] = []
    holders: list[Action] = []
    stops: list[Action] = []
    for member in table:
        wanted = is_wanted(member, scale, alone)
        if wanted is None:
            continue
        startable = member.state in _STARTABLE or (member.state in GIVEN_UP and member.name in insist)
        if wanted and startable:
            (holders if is_holder(member) else starts).append(Action("start", member))
        elif not wanted and member.is_up:
            stops.append(Action("stop", member))
    starts.sort(key=lambda action: (-_place(action.member), number_of(action.member)))
    return [*starts, *holders, *stops]


def next_look_s(wanted: Collection[Member], is_rolling: bool) -> float:
    """Return when supervisord's table may look different by itself; deaths and wishes are told otherwise."""
    if is_rolling or any(member.state in _PASSING for member in wanted):
        return 0.05
    return 1.0 if any(member.state in _TRYING for member in wanted) else 10.0


def wanted_members(scale: Mapping[str, int], table: Iterable[Member], alone: Collection[str] = ()) -> list[Member]:
    """Return the members that should run."""
    return [member for member in table if is_wanted(member, scale, alone)]


def is_wanted(member: Member, scale: Mapping[str, int], alone: Collection[str] = ()) -> bool | None:
    """Return whether a member should run; None for one that is none of keeper's (the demo's cameras)."""
    if member.group in POOLS:
        return is_holder(member) or number_of(member) < scale[member.group]
    if member.group == ALONE_STAGE:
        return member.name in alone
    return scale.get(member.group, 1) > 0 if member.group in SINGLES else None


def is_holder(member: Member) -> bool:
    """Return whether a member only holds its pool's port open."""
    return member.group in POOLS and number_of(member) >= POOL_LIMIT


def serving(table: Iterable[Member], stage: str) -> list[Member]:
    """Return the members of a stage that are up and serve, by number."""
    members = [member for member in table if member.group == stage and member.is_up and not is_holder(member)]
    return sorted(members, key=number_of)


def number_of(member: Member) -> int:
    """Return a pool member's number, the 2 of `fanout-2`; 0 for a single."""
    number = member.name.rpartition("-")[2]
    return int(number) if number.isdigit() else 0


def checked_wish(wish: Any) -> dict[str, int]:
    """Return a wish such as {"fanout": 3} if it can be granted; raise ScaleError with the reason if not."""
    if not isinstance(wish, dict) or not wish:
        raise ScaleError(f'expected stages with their number of processes, such as {{"{POOLS[-1]}": 3}}')
    for stage, count in wish.items():
        if stage in SINGLES:
            raise ScaleError(f"{stage} is one process by design; what scales is {_listed(POOLS)}")
        if stage not in POOLS:
            raise ScaleError(f"unknown stage {str(stage)[:40]!r}; what scales is {_listed(POOLS)}")
        if type(count) is not int or not 1 <= count <= POOL_LIMIT:
            raise ScaleError(f"{stage}={str(count)[:40]}: expected a whole number from 1 to {POOL_LIMIT}")
    return dict(wish)


def _listed(names: Collection[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}"


def _place(member: Member) -> int:
    return _STARTS.index(member.group) if member.group in _STARTS else len(_STARTS)
