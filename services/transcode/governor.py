"""When a worker's encoders fall short, and how far its cameras are limited then: one step at a time, both ways. Pure.

What a worker gets of the machine is not known, only felt: frames that give way to newer ones while every thread is
taken. So a step back that fails tells that the machine has no more to give, and the next one waits twice as long.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from common.units import NS_PER_S
from services.transcode.limits import NO_EFFORT, NO_LIMIT, STEPS, Effort, Limit, Seen, cost_ns, demand, limit_for

# Ticks that are looked at together: at one in 250 ms, one second. Bursts and hiccups are shorter.
WINDOW_TICKS: Final = 4
# Short of time in so many of them, the encoders are short for good.
SHORT_TICKS: Final = 3
# Fewer frames than that give way on any busy machine now and then, and cost less than any step would.
SHORT_SHARE: Final = 0.1
# More than that while the threads are taken, and there is no room for a step back.
CALM_SHARE: Final = 0.02
# Threads that are taken, of those that cameras could take: below, frames are lost for another reason (a burst).
BUSY_SHARE: Final = 0.8
# What a step back may fill of the threads at most, by prediction.
FITS_SHARE: Final = 0.75
# How long there must be room before a step back; at most, after steps that failed.
PATIENCE_NS: Final = 5 * NS_PER_S
MOST_PATIENCE_NS: Final = 320 * NS_PER_S
# A shortage so soon after a step back comes from that step.
FAILED_NS: Final = 10 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Change:
    """A step that was taken: the level since, the one before, and why, in words."""

    level: int
    before: int
    why: str


class Governor:
    """The level of one worker: how many of the STEPS are in force."""

    def __init__(self, threads: int) -> None:
        self.level = 0
        self._threads = threads
        self._ticks: deque[tuple[int, Mapping[str, Effort]]] = deque(maxlen=WINDOW_TICKS + 1)
        self._costs_ns: dict[str, float] = {}
        self._patience_ns = PATIENCE_NS
        self._room_since_ns: int | None = None
        self._returned_ns: int | None = None

    def limit(self, camera: Seen) -> Limit:
        """Return what a camera is held to now."""
        return limit_for(camera, self.level) if self.level else NO_LIMIT

    def record(self) -> dict[str, Any]:
        """Return what `/status` shows."""
        return {"level": self.level, "rule": STEPS[self.level - 1].rule if self.level else ""}

    def forget(self) -> None:
        """What was measured says nothing: the process did not run for a while."""
        self._ticks.clear()
        self._room_since_ns = None

    def tick(self, now_ns: int, cameras: Mapping[str, Seen]) -> Change | None:
        """Look at the cameras, four times a second; return the step that is taken now, if any."""
        self._ticks.append((now_ns, {name: seen.effort for name, seen in cameras.items()}))
        if len(self._ticks) <= WINDOW_TICKS:
            return None
        efforts = _between(self._ticks[0][1], self._ticks[-1][1])
        self._learn(cameras, efforts)
        total = _total(efforts)
        window_ns = now_ns - self._ticks[0][0]
        if self._is_short(total, efforts, window_ns):
            return self._climb(now_ns, cameras, total, window_ns)
        is_starved = total.short > CALM_SHARE * total.asked and self._is_taken(total, efforts, window_ns)
        return self._ease(now_ns, cameras, total, window_ns, is_starved=is_starved)

    def _is_short(self, total: Effort, efforts: Mapping[str, Effort], window_ns: int) -> bool:
        short = sum(_total(_between(before, after)).short > 0 for (_, before), (_, after) in pairwise(self._ticks))
        return (
            short >= SHORT_TICKS
            and total.short >= SHORT_SHARE * total.asked
            and self._is_taken(total, efforts, window_ns)
        )

    def _is_taken(self, total: Effort, efforts: Mapping[str, Effort], window_ns: int) -> bool:
        """Return whether frames that gave way did so for want of an encoder."""
        lanes = min(self._threads, sum(effort.asked > 0 for effort in efforts.values()))
        return total.held_ns >= BUSY_SHARE * lanes * window_ns

    def _climb(self, now_ns: int, cameras: Mapping[str, Seen], total: Effort, window_ns: int) -> Change | None:
        self._room_since_ns = None
        level = self._next_that_saves(cameras)
        if level is None:
            return None
        if self._returned_ns is not None:
            failed = now_ns - self._returned_ns < FAILED_NS
            self._patience_ns = min(self._patience_ns * 2, MOST_PATIENCE_NS) if failed else PATIENCE_NS
            self._returned_ns = None
        short = total.short / max(1, total.asked)
        busy = total.took_ns / (window_ns * self._threads)
        return self._change(level, f"{short:.0%} of the frames found no encoder in time, encoders {busy:.0%} busy")

    def _ease(
        self, now_ns: int, cameras: Mapping[str, Seen], total: Effort, window_ns: int, *, is_starved: bool
    ) -> Change | None:
        if not self.level:
            return None
        busy = total.took_ns / (window_ns * self._threads)
        # With room for twice as much there is no need to feel one's way.
        level = 0 if self._predict(0, busy, cameras) <= FITS_SHARE / 2 else self._next_that_gives(cameras)
        predicted = self._predict(level, busy, cameras)
        if is_starved or predicted > FITS_SHARE:
            self._room_since_ns = None
            return None
        if self._room_since_ns is None:
            self._room_since_ns = now_ns
        # Where nobody asks for anything, there is nothing that could fail.
        if now_ns - self._room_since_ns < (self._patience_ns if total.asked else PATIENCE_NS):
            return None
        self._room_since_ns, self._returned_ns = None, now_ns
        return self._change(level, f"encoders {busy:.0%} busy, {predicted:.0%} expected")

    def _change(self, level: int, why: str) -> Change:
        before, self.level = self.level, level
        self._ticks.clear()
        return Change(level, before, why)

    def _next_that_saves(self, cameras: Mapping[str, Seen]) -> int | None:
        levels = range(self.level + 1, len(STEPS) + 1)
        return next((level for level in levels if not _is_same(cameras, level, self.level)), None)

    def _predict(self, level: int, busy: float, cameras: Mapping[str, Seen]) -> float:
        """Return which share of the threads a level will take, from what they take now.

        So it counts what prices leave out: threads that wait for a core.
        """
        now = demand(self._priced(cameras), self.level)
        return busy * demand(self._priced(cameras), level) / now if now else busy

    def _next_that_gives(self, cameras: Mapping[str, Seen]) -> int:
        levels = range(self.level - 1, 0, -1)
        gives = next((level for level in levels if not _is_same(cameras, level, self.level)), 0)
        # Nor is a level said to be in force whose steps mean nobody.
        return min(level for level in range(gives + 1) if _is_same(cameras, level, gives))

    def _learn(self, cameras: Mapping[str, Seen], efforts: Mapping[str, Effort]) -> None:
        costs = {name: cost_ns(seen, self.limit(seen), efforts[name]) for name, seen in cameras.items()}
        # A camera without a picture in this second costs what it cost before.
        self._costs_ns = {name: cost or self._costs_ns.get(name, 0.0) for name, cost in costs.items()}

    def _priced(self, cameras: Mapping[str, Seen]) -> list[tuple[Seen, float]]:
        return [(seen, self._costs_ns.get(name, 0.0)) for name, seen in cameras.items()]


def _is_same(cameras: Mapping[str, Seen], level: int, other: int) -> bool:
    return all(limit_for(seen, level) == limit_for(seen, other) for seen in cameras.values())


def _between(before: Mapping[str, Effort], after: Mapping[str, Effort]) -> dict[str, Effort]:
    """Return each camera's effort from one time to another; one that ended and began anew counts from its beginning."""
    efforts = {}
    for name, effort in after.items():
        earlier = before.get(name, NO_EFFORT)
        efforts[name] = effort.since(earlier) if earlier.asked <= effort.asked else effort
    return efforts


def _total(efforts: Mapping[str, Effort]) -> Effort:
    values = list(efforts.values())
    return Effort(
        sum(effort.asked for effort in values),
        sum(effort.short for effort in values),
        sum(effort.encoded for effort in values),
        sum(effort.took_ns for effort in values),
        sum(effort.held_ns for effort in values),
    )
