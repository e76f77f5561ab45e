"""Who hangs: from the stamps of life, what the bus lets keeper hear, and keeper's own gaps. Pure.

Every process stamps once a second from the loop that does its work. A stamp too old is a verdict, unless its process
has only just started, or keeper itself did not run: then nobody is judged by what it missed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from common.units import NS_PER_S

# Cameras are replaced within 5 s, everything else within 10 s: the limit, the look, and the start of the successor.
_LIMITS_NS: Final[Mapping[str, int]] = {"ingest": 3 * NS_PER_S}
LIMIT_NS: Final = 6 * NS_PER_S
# A start takes 0.3 s, on a machine where everything starts at once some seconds. It ends with the first stamp.
START_GRACE_NS: Final = 10 * NS_PER_S
# On a machine so busy that this is not enough the next start has twice the time: killing only adds to its load.
START_GRACE_MOST_NS: Final = 80 * NS_PER_S
LOOK_NS: Final = NS_PER_S
# keeper looks once a second. One that comes a second late did not run, and may have missed stamps.
GAP_NS: Final = 2 * NS_PER_S
# keeper's own status comes back to it once a second.
BUS_LIMIT_NS: Final = 6 * NS_PER_S
# A new broker that changes nothing was not the fault: the next one is tried less soon.
BUS_LIMIT_MOST_NS: Final = 96 * NS_PER_S
# A process that is killed is gone within milliseconds; supervisord may take longer to notice.
AGAIN_NS: Final = 5 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Life:
    """A process as the table and its stamp tell of it, CLOCK_MONOTONIC; `stamp_ns` 0: there is none."""

    stage: str
    name: str
    pid: int
    started_ns: int
    stamp_ns: int


@dataclass(frozen=True, slots=True)
class Verdict:
    """A process to be killed, and why."""

    name: str
    pid: int
    reason: str
    has_stamped: bool = True


class Watchdog:
    """Judges lives. `ran` once a look at least, whatever comes of it."""

    def __init__(self, now_ns: int) -> None:
        self._ran_ns = now_ns
        # Nothing before this counts: keeper was not there to see it.
        self._trusted_ns = now_ns
        self._bus_heard_ns = now_ns
        self._bus_blamed_ns = now_ns
        self._bus_limit_ns = BUS_LIMIT_NS
        self._killed: dict[str, tuple[int, int]] = {}
        # Of those that were killed before their first stamp, the time that they have for it now.
        self._start_grace_ns: dict[str, int] = {}

    def ran(self, now_ns: int) -> None:
        """Note that keeper runs; after a gap everybody has time to show that they do, too."""
        if now_ns - self._ran_ns > GAP_NS:
            self._trusted_ns = now_ns
        self._ran_ns = now_ns

    def heard_bus(self, now_ns: int) -> None:
        """Note that something came over the bus."""
        self._bus_heard_ns = now_ns
        self._bus_limit_ns = BUS_LIMIT_NS

    def next_look_ns(self, lives: Iterable[Life]) -> int:
        """Return when to look again: in a second, or earlier when a stamp would be too old by then."""
        limits = (self._fresh_until_ns(life) for life in lives)
        soonest_ns = min((at_ns for at_ns in limits if at_ns > self._ran_ns), default=self._ran_ns + LOOK_NS)
        return min(self._ran_ns + LOOK_NS, soonest_ns + 1)

    def hung(self, now_ns: int, lives: Iterable[Life]) -> list[Verdict]:
        """Return who is to be killed."""
        known = list(lives)
        for life in known:
            if life.stamp_ns > life.started_ns:
                self._start_grace_ns.pop(life.name, None)
        verdicts = [self._verdict(life, now_ns) for life in known if now_ns > self._fresh_until_ns(life)]
        if not verdicts:
            verdicts = [self._silent(life, now_ns) for life in known if self._is_bus_dead(life, now_ns)]
        return [each for each in verdicts if not self._was_killed(each, now_ns)]

    def killed(self, verdict: Verdict, now_ns: int) -> None:
        """Note that a verdict was carried out."""
        self._killed[verdict.name] = (verdict.pid, now_ns)
        if not verdict.has_stamped:
            grace_ns = self._start_grace_ns.get(verdict.name, START_GRACE_NS)
            self._start_grace_ns[verdict.name] = min(2 * grace_ns, START_GRACE_MOST_NS)
        if verdict.name == "broker":
            self._bus_blamed_ns = now_ns
            self._bus_limit_ns = min(2 * self._bus_limit_ns, BUS_LIMIT_MOST_NS)

    def _fresh_until_ns(self, life: Life) -> int:
        limit_ns = _LIMITS_NS.get(life.stage, LIMIT_NS)
        has_stamped = life.stamp_ns > life.started_ns
        grace_ns = self._start_grace_ns.get(life.name, START_GRACE_NS)
        since_ns = life.stamp_ns if has_stamped else life.started_ns + grace_ns
        return max(since_ns, self._trusted_ns) + limit_ns

    def _verdict(self, life: Life, now_ns: int) -> Verdict:
        if life.stamp_ns > life.started_ns:
            return Verdict(life.name, life.pid, f"no sign of life for {(now_ns - life.stamp_ns) / NS_PER_S:.1f} s")
        age_s = (now_ns - life.started_ns) / NS_PER_S
        reason = f"no sign of life since its start {age_s:.0f} s ago"
        return Verdict(life.name, life.pid, reason, has_stamped=False)

    def _is_bus_dead(self, life: Life, now_ns: int) -> bool:
        """Return whether this is the broker, and nothing comes through although everybody lives, itself included."""
        since_ns = max(self._bus_heard_ns, self._bus_blamed_ns, self._trusted_ns, life.started_ns + START_GRACE_NS)
        return life.stage == "broker" and now_ns - since_ns > self._bus_limit_ns

    def _silent(self, broker: Life, now_ns: int) -> Verdict:
        silent_s = (now_ns - self._bus_heard_ns) / NS_PER_S
        return Verdict(broker.name, broker.pid, f"nothing came over the bus for {silent_s:.0f} s")

    def _was_killed(self, verdict: Verdict, now_ns: int) -> bool:
        pid, at_ns = self._killed.get(verdict.name, (0, 0))
        return pid == verdict.pid and now_ns - at_ns < AGAIN_NS
