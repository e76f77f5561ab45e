"""The arithmetic of a recording: what a camera sent, the pictures that are there, the gaps that say why. Pure.

A camera's frames are numbered; each that is missing lies in a gap row, or is counted in the `skipped` of a file.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from common.recordings.rows import FileRow, GapRow
from common.units import NS_PER_MS, NS_PER_S


class Taken(NamedTuple):
    """A frame that a camera sent."""

    number: int
    time_ns: int


class Picture(NamedTuple):
    """A picture of a recording: the number drawn in it (-1: not readable), its time, and its file."""

    number: int
    time_ns: int
    name: str = ""


class Kill(NamedTuple):
    """A process that was killed, and when (wall clock)."""

    name: str
    time_ns: int


class Loss(NamedTuple):
    """What a kill cost a camera: how old the oldest lost frame was at the kill, and how long after it pictures lack."""

    kill: Kill
    camera: str
    before_s: float
    after_s: float


@dataclass(frozen=True)
class Account:
    """How pictures and frames sent compare."""

    missing: list[Taken]
    """Sent, and not there."""
    twice: list[int]
    again: list[int]
    """Twice in a row: the newest picture, encoded again as the keyframe that somebody joins at. No fault."""
    unknown: list[Picture]
    """Nobody sent these."""
    late_ns: list[int]
    """By how much each picture's time is after its sending."""
    intervals_ns: list[int]
    """For each of them: the time from its frame to the next one."""

    def misplaced(self, room_ns: int) -> list[int]:
        """Return the lateness of pictures that are off by more than one frame, and than `room_ns` if that is more."""
        both = zip(self.late_ns, self.intervals_ns, strict=True)
        return [late_ns for late_ns, interval_ns in both if not -NS_PER_MS < late_ns <= max(interval_ns, room_ns)]

    def told(self) -> str:
        """Return the account in words."""
        late_ms = [late_ns / NS_PER_MS for late_ns in self.late_ns] or [0.0]
        return (
            f"{len(self.late_ns)} pictures, {len(self.missing)} missing, {len(self.twice)} twice, "
            f"{len(self.unknown)} unknown, {len(self.again)} encoded again; "
            f"times {median(late_ms):.1f} ms after the sending, at most {max(late_ms):.1f}"
        )


def account(sent: Sequence[Taken], pictures: Sequence[Picture]) -> Account:
    """Compare the frames of one camera, in the order of sending, with the pictures of its recording."""
    again = [other.number for one, other in pairwise(pictures) if one.number == other.number]
    pictures = [*pictures[:1], *(other for one, other in pairwise(pictures) if one.number != other.number)]
    times = {frame.number: frame.time_ns for frame in sent}
    seen = Counter(picture.number for picture in pictures)
    known = [picture for picture in pictures if picture.number in times]
    next_ns = {one.number: other.time_ns - one.time_ns for one, other in pairwise(sent)}
    return Account(
        missing=[frame for frame in sent if frame.number not in seen],
        twice=sorted(number for number, count in seen.items() if count > 1),
        again=again,
        unknown=[picture for picture in pictures if picture.number not in times],
        late_ns=[picture.time_ns - times[picture.number] for picture in known],
        intervals_ns=[next_ns.get(picture.number, NS_PER_S) for picture in known],
    )


def between(sent: Iterable[Taken], from_ns: int, to_ns: int) -> list[Taken]:
    """Return the frames of a time."""
    return [frame for frame in sent if from_ns <= frame.time_ns < to_ns]


def unexplained(
    missing: Iterable[Taken], files: Sequence[FileRow], gaps: Sequence[GapRow], room_ns: int
) -> list[Taken]:
    """Return the missing frames that neither a gap row nor a file's `skipped` explains.

    `room_ns` is what a frame may take from its sending to the clock that the rows were written by.
    """
    left = [frame for frame in missing if not any(_holds(gap, frame.time_ns, room_ns) for gap in gaps)]
    since_ns = 0
    for row in files:
        # What is missing before a file's first picture counts with it.
        inside = [frame for frame in left if since_ns - room_ns <= frame.time_ns < row.end_ns + room_ns]
        since_ns = row.start_ns
        skipped = inside[: sum(row.skipped.values())]
        left = [frame for frame in left if frame not in skipped]
    return left


def _holds(gap: GapRow, time_ns: int, room_ns: int) -> bool:
    return gap.start_ns - room_ns <= time_ns and (not gap.end_ns or time_ns <= gap.end_ns + room_ns)


def overlaps(files: Iterable[FileRow]) -> list[str]:
    """Return in words where two files of one kind of a camera hold the same time."""
    rows = sorted(files, key=lambda row: row.start_ns)
    return [
        f"{one.name} ends {(one.end_ns - other.start_ns) / NS_PER_MS:.0f} ms after {other.name} starts"
        for one, other in pairwise(rows)
        # A tick of the files' 90 kHz is what rounding may be off by.
        if one.end_ns > other.start_ns + NS_PER_S // 90_000 + 1
    ]


def silent_times(files: Iterable[FileRow], gaps: Iterable[GapRow], least_ns: int) -> list[tuple[int, int]]:
    """Return the times between the first and the last footage, longer than `least_ns`, that no row speaks of."""
    told = sorted([(row.start_ns, row.end_ns) for row in files] + [(gap.start_ns, gap.end_ns) for gap in gaps])
    silent, until_ns = [], told[0][0] if told else 0
    for start_ns, end_ns in told:
        if start_ns - until_ns > least_ns:
            silent.append((until_ns, start_ns))
        until_ns = max(until_ns, end_ns)
    return silent


def losses(camera: str, kills: Iterable[Kill], sent: Sequence[Taken], missing: Sequence[Taken]) -> list[Loss]:
    """Return what each kill cost a camera."""
    return [_loss(camera, kill, sent, {frame.number for frame in missing}) for kill in kills]


def _loss(camera: str, kill: Kill, sent: Sequence[Taken], missing: set[int]) -> Loss:
    oldest_ns = newest_ns = kill.time_ns
    for frame in reversed([frame for frame in sent if frame.time_ns <= kill.time_ns]):
        if frame.number not in missing:
            break
        oldest_ns = frame.time_ns
    for frame in [frame for frame in sent if frame.time_ns > kill.time_ns]:
        if frame.number not in missing:
            break
        newest_ns = frame.time_ns
    return Loss(kill, camera, (kill.time_ns - oldest_ns) / NS_PER_S, (newest_ns - kill.time_ns) / NS_PER_S)
