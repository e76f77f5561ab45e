"""The playlist of a range for HLS players: byte ranges of the stored files, cut at keyframes (RFC 8216). Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Final, NamedTuple

from common.moments import moment_text
from common.units import HZ_90K
from services.library.samples import Extent, time_ns

# A segment is a request; what a player needs before it begins is one of them.
SEGMENT_90K: Final = 3 * HZ_90K
MEDIA_TYPE: Final = "application/vnd.apple.mpegurl"


class Fragment(NamedTuple):
    """A fragment of a file, and its first sample."""

    offset: int
    size: int
    time_90k: int
    is_key: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """Whole fragments of a file, from one that begins with a keyframe."""

    where: Extent
    start_ns: int
    length_90k: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A file's segments."""

    uri: str
    init_bytes: int
    segments: Sequence[Segment]
    is_break: bool = False
    """Something lies between it and the file before: a gap, or another encoder."""


def segments_of(fragments: Sequence[Fragment], end_90k: int, start_ns: int, from_ns: int, to_ns: int) -> list[Segment]:
    """Return the segments of a file that overlap a range; `end_90k`: where its last fragment ends."""
    result = []
    for first, after in pairwise([*_heads(fragments), len(fragments)]):
        begin_90k = fragments[first].time_90k
        stop_90k = fragments[after].time_90k if after < len(fragments) else end_90k
        begin_ns = time_ns(start_ns, begin_90k)
        if begin_ns < to_ns and time_ns(start_ns, stop_90k) > from_ns:
            offset, last = fragments[first].offset, fragments[after - 1]
            result.append(Segment(Extent(offset, last.offset + last.size - offset), begin_ns, stop_90k - begin_90k))
    return result


def _heads(fragments: Sequence[Fragment]) -> list[int]:
    """Return the indexes of the fragments that begin a segment."""
    heads: list[int] = []
    for index, fragment in enumerate(fragments):
        if not heads or (fragment.is_key and fragment.time_90k - fragments[heads[-1]].time_90k >= SEGMENT_90K):
            heads.append(index)
    return heads


def playlist(files: Sequence[Listed], *, is_over: bool) -> str:
    """Return the playlist; one that is not over may be asked for again."""
    longest_90k = max((segment.length_90k for file in files for segment in file.segments), default=HZ_90K)
    kind = "VOD" if is_over else "EVENT"
    head = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(1, ceil(longest_90k / HZ_90K))}",
        f"#EXT-X-PLAYLIST-TYPE:{kind}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    # A day is 80,000 lines: they are put together file by file.
    bodies = ["\n".join(_lines(file, is_first=number == 0)) for number, file in enumerate(files)]
    return "\n".join([*head, *bodies, *(["#EXT-X-ENDLIST"] if is_over else []), ""])


def _lines(file: Listed, *, is_first: bool) -> Iterator[str]:
    if file.is_break and not is_first:
        yield "#EXT-X-DISCONTINUITY"
    if file.is_break or is_first:
        yield f'#EXT-X-MAP:URI="{file.uri}",BYTERANGE="{file.init_bytes}@0"'
    for segment in file.segments:
        yield f"#EXT-X-PROGRAM-DATE-TIME:{moment_text(segment.start_ns)[:-4]}Z"
        yield f"#EXTINF:{segment.length_90k / HZ_90K:.6f},"
        yield f"#EXT-X-BYTERANGE:{segment.where.size}@{segment.where.offset}"
        yield file.uri
