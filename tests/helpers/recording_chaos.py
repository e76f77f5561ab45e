"""Processes killed at random moments while cameras are recorded, and what that cost: shared by e2e and soak tests."""

import os
import random
import signal
import time
from collections.abc import Sequence
from typing import Final

from common.units import NS_PER_MS
from tests.helpers.recording_account import Account, Kill, Loss, account, overlaps, unexplained
from tests.helpers.recording_pipeline import RecordedPipeline

BACK_S: Final = 25.0
# From a frame's sending to the clocks that rows are written by; a busy machine's pauses included.
ROOM_NS: Final = 500 * NS_PER_MS
_SHORTEST_S: Final = 0.2
_LONGEST_S: Final = 2.5


def kill_often(
    pipeline: RecordedPipeline, cameras: Sequence[str], name: str, times: int, dice: random.Random
) -> list[Kill]:
    """Kill a process so often at random moments, each time after footage has come again."""
    kills = []
    for number in range(times):
        time.sleep(dice.uniform(_SHORTEST_S, _LONGEST_S))
        kills.append(kill_once(pipeline, cameras, name, f"kill {number + 1} of {name}"))
    return kills


def kill_once(pipeline: RecordedPipeline, cameras: Sequence[str], name: str, what: str) -> Kill:
    """Kill a process and wait until each camera has footage from afterwards; then nothing may be wrong on disk."""
    pid = pipeline.process(name)
    killed = Kill(name, time.time_ns())
    os.kill(pid, signal.SIGKILL)
    pipeline.wait_for_new(name, pid, BACK_S)
    back_ns = time.time_ns()
    for camera in cameras:
        pipeline.wait_for_footage(camera, back_ns, BACK_S)
    pipeline.assert_clean(what)
    return killed


def settled_account(pipeline: RecordedPipeline, camera: str, since_ns: int = 0) -> Account:
    """Return the account of a camera from its first recorded picture (since then) to its last."""
    pictures = [picture for picture in pipeline.pictures(camera) if picture.time_ns >= since_ns]
    assert pictures, f"{camera} has no picture"
    first, last = pictures[0].number, pictures[-1].number
    return account([frame for frame in pipeline.sent(camera) if first <= frame.number <= last], pictures)


def assert_in_order(pipeline: RecordedPipeline, camera: str, found: Account) -> None:
    """Assert what no kill may change: nothing twice or foreign, each picture at its time, no file over another."""
    assert not found.twice, f"{camera}: {found.told()}: twice {found.twice[:20]}"
    assert not found.unknown, f"{camera}: {found.told()}: {found.unknown[:20]}"
    assert not found.misplaced(ROOM_NS), f"{camera}: {found.told()}"
    assert not overlaps(pipeline.files(camera))


def assert_explained(pipeline: RecordedPipeline, camera: str, found: Account) -> None:
    """Assert that each missing frame lies in a gap row, or is counted in a file."""
    files, gaps = pipeline.files(camera), pipeline.gaps(camera)
    left = unexplained(found.missing, files, gaps, ROOM_NS)
    assert not left, f"{camera}: {found.told()}: no row speaks of {left[:10]}\n{gaps}\n{files}"


def worst_of(found: Sequence[Loss]) -> str:
    """Return the worst in words."""
    before, after = max(found, key=lambda loss: loss.before_s), max(found, key=lambda loss: loss.after_s)
    return (
        f"{len(found)} losses: the oldest lost frame was {before.before_s:.2f} s old ({before.camera}, "
        f"{before.kill.name} killed), the longest outage {after.after_s:.2f} s ({after.camera}, {after.kill.name} "
        f"killed)"
    )
