"""What cameras give up when the encoders fall short, step by step, and what each step saves. Pure.

Cheapest for people first: nobody sees a faster preset at once; a tile stays useful at a few pictures a second; what
somebody looks at, large, comes later; what is kept and may never be seen again comes last.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from common.units import NS_PER_S
from services.transcode.watches import LARGE, RECORDED, TILE

FASTEST: Final = "ultrafast"
# CPU of a picture (decode, convert, encode) against the fastest preset: VGA and HD stills, PyAV 18.1, Zen 4. Those
# beyond veryfast are estimates; it matters only that they are dearer.
PRESET_COST: Final = {"ultrafast": 1.0, "superfast": 1.5, "veryfast": 2.2, "faster": 2.8, "fast": 3.4, "medium": 4.0}
# No step takes a camera below one picture a second, as fast as it is read by somebody who waits for a change.
SLOWEST_NS: Final = NS_PER_S


@dataclass(frozen=True, slots=True)
class Effort:
    """What one camera asked of the encoders, and what that took. Cumulative."""

    asked: int = 0
    """Frames that were to be encoded."""
    short: int = 0
    """Those of them that gave way to a newer one because no encoder was free in time."""
    encoded: int = 0
    took_ns: int = 0
    """Time of the threads that encoded them."""
    held_ns: int = 0
    """The same with the time that they waited for a thread, and for being published."""

    def since(self, earlier: "Effort") -> "Effort":
        """Return what was added."""
        return Effort(
            self.asked - earlier.asked,
            self.short - earlier.short,
            self.encoded - earlier.encoded,
            self.took_ns - earlier.took_ns,
            self.held_ns - earlier.held_ns,
        )


NO_EFFORT: Final = Effort()


@dataclass(frozen=True, slots=True)
class Seen:
    """One camera as it stands: how it is watched, what its settings say, and its effort so far."""

    watch: str
    preset: str
    """By its settings; empty for an encoder that has no presets of libx264."""
    interval_ns: int
    """Distance of its frames without any limit; 0: unknown."""
    effort: Effort


@dataclass(frozen=True, slots=True)
class Limit:
    """What a camera is held to: each `every`-th frame, and a preset instead of its own."""

    every: int = 1
    preset: str = ""


NO_LIMIT: Final = Limit()


@dataclass(frozen=True, slots=True)
class Step:
    """One step: which cameras it limits, to which share of their frames (0: one a second). No watch: the presets."""

    rule: str
    watch: str = ""
    every: int = 1


STEPS: Final = (
    Step("the fastest preset for all cameras"),
    Step("tiles at half their frame rate", TILE, 2),
    Step("tiles at a quarter of their frame rate", TILE, 4),
    Step("tiles at one picture a second", TILE, 0),
    Step("large views at half their frame rate", LARGE, 2),
    Step("large views at a quarter of their frame rate", LARGE, 4),
    Step("recordings at half their frame rate", RECORDED, 2),
    Step("recordings at a quarter of their frame rate", RECORDED, 4),
)


def limit_for(camera: Seen, level: int) -> Limit:
    """Return what the first `level` steps make of a camera."""
    every, preset = 1, ""
    for step in STEPS[:level]:
        if step.watch == camera.watch:
            every = _every(step, camera.interval_ns)
        elif not step.watch and camera.preset not in ("", FASTEST):
            preset = FASTEST
    return Limit(every, preset)


def _every(step: Step, interval_ns: int) -> int:
    if interval_ns <= 0:
        return 1
    one_a_second = max(1, SLOWEST_NS // interval_ns)
    return min(step.every or one_a_second, one_a_second)


def demand(cameras: Iterable[tuple[Seen, float]], level: int) -> float:
    """Return the threads that cameras keep busy under the first `level` steps.

    Beside each camera stands what a picture of it costs with the fastest preset, in ns.
    """
    threads = 0.0
    for camera, cost_ns in cameras:
        if camera.interval_ns > 0:
            limit = limit_for(camera, level)
            preset = PRESET_COST.get(limit.preset or camera.preset, 1.0)
            threads += cost_ns * preset / (camera.interval_ns * limit.every)
    return threads


def cost_ns(camera: Seen, limit: Limit, effort: Effort) -> float:
    """Return what a picture costs with the fastest preset, measured under a limit; 0: not known."""
    if not effort.encoded:
        return 0.0
    return effort.took_ns / effort.encoded / PRESET_COST.get(limit.preset or camera.preset, 1.0)
