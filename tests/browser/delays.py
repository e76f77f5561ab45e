"""How far a page is behind, from a camera's log of sends and what was seen on the screen. Pure but for the log."""

import time
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.browser.screen import Seen

STEP_MS: Final = 5.0
# A picture needs some refreshes of the screen, and each of the processes before it the same processor.
REFRESHES: Final = 10


class Sent(NamedTuple):
    """A frame that the camera sent, on CLOCK_MONOTONIC."""

    mono_ms: float
    number: int


class Spread(NamedTuple):
    """How something is spread, in ms."""

    p50: float
    p95: float
    most: float

    def __str__(self) -> str:
        return f"p50 {self.p50:.0f} ms, p95 {self.p95:.0f} ms, most {self.most:.0f} ms"


def now_mono_ms() -> float:
    """Return CLOCK_MONOTONIC, on which sends and pictures are noted."""
    return time.monotonic() * 1000


def read_sends(path: Path) -> list[Sent]:
    """Return the good frames of a log of `--log-sends`; the line that is being written is left out."""
    rows = [line.split() for line in path.read_text(encoding="ascii").splitlines(keepends=True) if line.endswith("\n")]
    return [Sent(int(row[1]) / 1e6, int(row[0])) for row in rows if row[3] == "-"]


def spread(values: Sequence[float]) -> Spread:
    """Return median, 95th percentile and maximum."""
    ordered = sorted(values)
    return Spread(ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)], ordered[-1])


def bound_ms(least_ms: float, refresh_ms: float) -> float:
    """Return how far behind is close, on a machine whose screen takes so long for a refresh."""
    return max(least_ms, REFRESHES * refresh_ms)


def latencies_ms(sent: Sequence[Sent], seen: Sequence[Seen]) -> list[float]:
    """Return for each picture seen how long after its send it came onto the screen."""
    times = {frame.number: frame.mono_ms for frame in sent}
    return [picture.mono_ms - times[picture.number] for picture in seen if picture.number in times]


def behind_ms(sent: Sequence[Sent], seen: Sequence[Seen]) -> list[float]:
    """Return how far the shown picture was behind the newest frame sent, every few ms of the time watched."""
    times = {frame.number: frame.mono_ms for frame in sent}
    known = [picture for picture in seen if picture.number in times]
    assert len(known) > 1, f"hardly a picture came onto the screen: {seen}"
    send_times = [frame.mono_ms for frame in sent]
    seen_times = [picture.mono_ms for picture in known]
    watched_ms = known[-1].mono_ms - known[0].mono_ms
    behind = []
    for step in range(int(watched_ms / STEP_MS)):
        moment = known[0].mono_ms + step * STEP_MS
        newest = sent[bisect_right(send_times, moment) - 1]
        shown = known[bisect_right(seen_times, moment) - 1]
        behind.append(newest.mono_ms - times[shown.number])
    return behind
