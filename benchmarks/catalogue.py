"""Every figure: what it shows, how it is measured, how long that may take, and whether the quick run has it.

In this order: nothing waits for encoders to close, memory is measured before anything has made processes grow, figures
that share a pipeline follow each other, and what kills processes comes last.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from benchmarks.figures import (
    balance,
    cameras,
    codec,
    cost,
    crowd,
    delay,
    drips,
    handover,
    hops,
    idle,
    join,
    memory,
    overload,
    page,
    pictures,
    playback,
    recorders,
    recording,
    repair,
    rush,
    slow,
    start,
    unwatched,
    viewers,
    watchdog,
)
from benchmarks.rows import Row
from benchmarks.run import Run


class Figure(NamedTuple):
    """One figure; `limit_s` is a bound far beyond what it takes, after which the run goes on without it."""

    about: str
    measure: Callable[[Run], list[Row]]
    limit_s: float
    in_quick: bool = True


FIGURES: Final[dict[str, Figure]] = {
    # One process a stage.
    idle.NAME: Figure("a camera that nobody watches", idle.measure, 60),
    memory.NAME: Figure("memory of the whole pipeline", memory.measure, 60),
    delay.NAME: Figure("camera's send to viewer's receipt", delay.measure, 120),
    hops.NAME: Figure("where a frame's time goes", hops.measure, 60, in_quick=False),
    join.NAME: Figure("first decodable picture of a viewer", join.measure, 120),
    viewers.NAME: Figure("CPU of a delivered message, 500 viewers", viewers.measure, 120, in_quick=False),
    cost.NAME: Figure("CPU of a message, 1 to 1,000 viewers", cost.measure, 90, in_quick=False),
    page.NAME: Figure("delay on the page", page.measure, 90, in_quick=False),
    # One that records, and what it has recorded.
    recording.NAME: Figure("what recording a camera costs", recording.measure, 90, in_quick=False),
    recorders.NAME: Figure("cameras that one recorder takes to disk", recorders.measure, 150, in_quick=False),
    playback.NAME: Figure("an hour of footage played", playback.measure, 90, in_quick=False),
    repair.NAME: Figure("a recorder's start over 10,000 files", repair.measure, 60, in_quick=False),
    # Two processes of fanout and of transcode.
    crowd.NAME: Figure("2,500 viewers of one camera", crowd.measure, 150),
    rush.NAME: Figure("1,000 viewers joining within a second", rush.measure, 120, in_quick=False),
    cameras.NAME: Figure("20 cameras, all watched; the most carried", cameras.measure, 180),
    unwatched.NAME: Figure("100 cameras that nobody watches", unwatched.measure, 90, in_quick=False),
    slow.NAME: Figure("stalled and thin viewers among 500", slow.measure, 90, in_quick=False),
    pictures.NAME: Figure("latency, loss and order of what is seen", pictures.measure, 90, in_quick=False),
    drips.NAME: Figure("1,000 half-open and dripping connections", drips.measure, 60, in_quick=False),
    overload.NAME: Figure("three times the cameras that are carried", overload.measure, 90, in_quick=False),
    handover.NAME: Figure("a transcode process dies or hangs", handover.measure, 90, in_quick=False),
    watchdog.NAME: Figure("a process of each stage hangs", watchdog.measure, 150, in_quick=False),
    # Four of fanout.
    balance.NAME: Figure("400 viewers over four processes", balance.measure, 90, in_quick=False),
    # No pipeline of its own.
    start.NAME: Figure("from the start to the first answer", start.measure, 90),
    codec.NAME: Figure("CPU of decode, convert and encode", codec.measure, 120),
}
