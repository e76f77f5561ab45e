"""Footage as a timeline shows it: files that follow each other without a gap are one span. Pure."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

from common.recordings.rows import FileRow, GapRow, Kind
from common.units import NS_PER_S

# Without a row that says otherwise: the last picture's end is an estimate, and a slow camera's next one comes when it
# comes, 5 s later perhaps (0.2 pictures a second). Where footage is missing the recorder leaves a row.
JOIN_NS: Final = 6 * NS_PER_S
# What a timeline of 24 h can show of a camera, and more than it can.
ROWS: Final = 2000
_FOR_EVER_NS: Final = 1 << 63


@dataclass(frozen=True, slots=True)
class Span:
    """Footage without a gap."""

    start_ns: int
    end_ns: int
    frames: int
    size_bytes: int
    kind: Kind
    is_protected: bool
    shift_ns: int


def is_joined(end_ns: int, start_ns: int, gaps: Sequence[GapRow]) -> bool:
    """Return whether footage that ends and footage that starts then belong together; `gaps` by their start."""
    if start_ns - end_ns > JOIN_NS:
        return False
    low_ns = min(end_ns, start_ns - 1)
    before = bisect_left(gaps, start_ns, key=lambda gap: gap.start_ns)
    # Gaps do not overlap each other: only the last one can reach so far.
    return before == 0 or (gaps[before - 1].end_ns or _FOR_EVER_NS) <= low_ns


def footage(files: Iterable[FileRow]) -> list[FileRow]:
    """Return the files that are footage: originals only where no video was made of them."""
    rows = [row for row in files if row.frames > 0]
    videos = {_stamp(row) for row in rows if row.kind is Kind.VIDEO}
    return [row for row in rows if row.kind is Kind.VIDEO or _stamp(row) not in videos]


def spans(files: Iterable[FileRow], gaps: Sequence[GapRow]) -> list[Span]:
    """Return the spans of files in the order of time; what is protected, shifted or no video yet is apart."""
    result: list[Span] = []
    for row in files:
        span = Span(row.start_ns, row.end_ns, row.frames, row.size_bytes, row.kind, row.is_protected, row.shift_ns)
        if result and _is_alike(result[-1], span) and is_joined(result[-1].end_ns, span.start_ns, gaps):
            result[-1] = _merged(result[-1], span)
        else:
            result.append(span)
    return result


def thinned_spans(all_spans: Sequence[Span], limit: int = ROWS) -> list[Span]:
    """Return at most `limit` spans: those with the least time between them become one, whatever they are."""
    if len(all_spans) <= limit:
        return list(all_spans)
    holes = [after.start_ns - before.end_ns for before, after in pairwise(all_spans)]
    # Shortest first; `sorted` keeps the order of those that are alike.
    closed = set(sorted(range(len(holes)), key=holes.__getitem__)[: len(all_spans) - limit])
    result = [all_spans[0]]
    for index, span in enumerate(all_spans[1:]):
        if index in closed:
            result[-1] = _merged(result[-1], span)
        else:
            result.append(span)
    return result


def thinned_gaps(gaps: Sequence[GapRow], limit: int = ROWS) -> list[GapRow]:
    """Return at most `limit` gaps, the longest."""
    if len(gaps) <= limit:
        return list(gaps)
    longest = sorted(gaps, key=lambda gap: (gap.end_ns or _FOR_EVER_NS) - gap.start_ns, reverse=True)[:limit]
    return sorted(longest, key=lambda gap: gap.start_ns)


def _is_alike(one: Span, other: Span) -> bool:
    return (one.kind, one.is_protected, one.shift_ns) == (other.kind, other.is_protected, other.shift_ns)


def _merged(one: Span, other: Span) -> Span:
    return replace(
        one,
        end_ns=max(one.end_ns, other.end_ns),
        frames=one.frames + other.frames,
        size_bytes=one.size_bytes + other.size_bytes,
    )


def _stamp(row: FileRow) -> str:
    return row.name.rpartition(".")[0]
