"""Which stored picture is asked for, and what it is called. Pure."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from common.recordings.rows import FileRow, GapRow, Kind, State
from services.library.queries import parse_time, refuse_others
from services.library.refusals import Refusal
from services.library.samples import Table, nearest_tick
from services.library.spans import is_joined

HEIGHT_MIN, HEIGHT_MAX = 90, 1080
# FFmpeg's qscale: what is looked at closely, and what is as large as a thumb.
QUALITY: Final = 3
PREVIEW_QUALITY: Final = 6
PREVIEW_HEIGHT: Final = 240
# A microsecond's end: times in answers are cut to microseconds, files begin at any nanosecond.
_ROUNDING_NS: Final = 999


@dataclass(frozen=True, slots=True)
class Wish:
    """The picture shown at a time (`is_exact`), or the keyframe before it; `height` 0: as it is."""

    at_ns: int
    is_exact: bool = True
    height: int = 0

    @property
    def quality(self) -> int:
        return PREVIEW_QUALITY if 0 < self.height <= PREVIEW_HEIGHT else QUALITY


def parse_wish(query: Mapping[str, str]) -> Wish:
    """Return what a request asks for; raise Refusal, which says what is expected."""
    refuse_others(query, "at", "exact", "height")
    if "at" not in query:
        raise Refusal(400, "at is missing: the time of the picture")
    exact = query.get("exact", "1")
    if exact not in ("0", "1"):
        raise Refusal(400, "exact: expected 1 (the picture shown then) or 0 (the keyframe before it, quicker)")
    return Wish(parse_time(query["at"], "at"), exact == "1", _height(query.get("height", "")))


def _height(text: str) -> int:
    if not text:
        return 0
    # isdecimal alone also takes digits of other scripts.
    if not (text.isascii() and text.isdecimal() and len(text) <= 4 and HEIGHT_MIN <= int(text) <= HEIGHT_MAX):
        raise Refusal(400, f"height: expected {HEIGHT_MIN} to {HEIGHT_MAX} pixels")
    return int(text)


def choose_file(rows: Sequence[FileRow], gaps: Sequence[GapRow], wish: Wish) -> FileRow | None:
    """Return the file that shows a time; of a video and its originals, the originals for the very picture."""
    rows = [row for row in rows if row.frames]
    covering = [row for row in rows if row.start_ns <= wish.at_ns + _ROUNDING_NS and wish.at_ns < _end_ns(row)]
    if not covering:
        return _before_a_seam(rows, gaps, wish.at_ns)
    wanted = Kind.ORIGINALS if wish.is_exact else Kind.VIDEO
    return max(covering, key=lambda row: (row.kind is wanted, row.start_ns))


def _end_ns(row: FileRow) -> int:
    # Originals that are still written end when their last picture begins.
    return row.end_ns + _ROUNDING_NS if row.kind is Kind.ORIGINALS else row.end_ns


def _before_a_seam(rows: Sequence[FileRow], gaps: Sequence[GapRow], at_ns: int) -> FileRow | None:
    """Return the file whose last picture is still shown between it and the next one.

    The end of a file is an estimate, the next one's start the truth.
    """
    before = max((row for row in rows if row.end_ns <= at_ns), key=lambda row: row.end_ns, default=None)
    after = min((row for row in rows if row.start_ns > at_ns), key=lambda row: row.start_ns, default=None)
    if before is None or after is None or not is_joined(before.end_ns, after.start_ns, gaps):
        return None
    return before


def samples_for(table: Table, start_ns: int, wish: Wish) -> tuple[int, int]:
    """Return the first sample to decode and the one to show."""
    shown = max(0, bisect_right(table.times_90k, nearest_tick(wish.at_ns - start_ns)) - 1)
    before = bisect_right(table.keys, shown) - 1
    if before < 0:
        raise Refusal(500, "this footage has no keyframe before that time")
    key = table.keys[before]
    return key, shown if wish.is_exact else key


def is_final(row: FileRow) -> bool:
    """Return whether nothing is added to a file, nor taken from it, any more."""
    return row.state is State.DONE


def tag_of(camera: str, row: FileRow, time_ns: int, wish: Wish) -> str:
    """Return a name of the picture: the same one for all times at which it is shown."""
    return f"{camera}-{row.kind.value}-{row.start_ns:x}-{time_ns:x}-{wish.height}"
