"""From the files of a range to the pieces of one movie: what joins, what is cut out, which time is where. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from common.recordings.rows import FileRow, GapRow
from services.library.boxes import sample_entries
from services.library.movie import Movie, Piece, etag_of, make_movie
from services.library.samples import Cut, Table, count_keys, cut, nearest_tick, time_ns
from services.library.spans import is_joined


@dataclass(frozen=True, slots=True)
class Share:
    """What a file has of a range: all that a movie keeps of its table."""

    row: FileRow
    end_ns: int
    """When its last picture ends, or the range does."""
    cut: Cut
    entry: bytes
    """The sample entry that describes it; the rest of its init segment may differ in durations."""
    first_90k: int
    shown_90k: int
    keys: int
    size_bytes: int

    @property
    def first_ns(self) -> int:
        return time_ns(self.row.start_ns, self.first_90k)

    @property
    def count(self) -> int:
        return self.cut.stop - self.cut.first


@dataclass(frozen=True, slots=True)
class Stretch:
    """Time without a cut: from `from_ns` on for `length_90k`, at `at_90k` of the movie."""

    from_ns: int
    at_90k: int
    length_90k: int


@dataclass(frozen=True, slots=True)
class Programme:
    """A movie, the shares that its pieces are of, and what time it shows when."""

    movie: Movie
    shares: Sequence[Share]
    stretches: Sequence[Stretch]
    start_ns: int
    """Capture time of the first picture that is shown."""
    etag: str


def share_of(table: Table, row: FileRow, from_ns: int, to_ns: int) -> Share | None:
    """Return a file's share of a range; None when no picture of it is in there."""
    part = cut(table, row.start_ns, from_ns, to_ns)
    if part is None:
        return None
    return Share(
        row,
        min(row.end_ns, to_ns),
        part,
        sample_entries(table.init)[0],
        table.times_90k[part.first],
        table.times_90k[part.shown],
        count_keys(table, part.first, part.stop),
        sum(table.sizes[part.first : part.stop]),
    )


def assemble(shares: Sequence[Share], gaps: Sequence[GapRow]) -> Programme:
    """Return the programme of at least one share, in the order of time."""
    groups = _group(shares, gaps)
    lengths = [length for group in groups for length in _lengths(group)]
    entries = list(dict.fromkeys(share.entry for share in shares))
    pieces: list[Piece] = []
    before = 0
    for file, (share, length_90k) in enumerate(zip(shares, lengths, strict=True)):
        entry = entries.index(share.entry)
        pieces.append(
            Piece(file, share.cut.first, share.count, before, share.keys, share.size_bytes, length_90k, entry)
        )
        before += share.count
    skip_90k = shares[0].shown_90k - shares[0].first_90k
    movie = make_movie(pieces, entries, skip_90k)
    start_ns = time_ns(shares[0].row.start_ns, shares[0].shown_90k)
    etag = etag_of([share.row.name for share in shares], pieces, entries, skip_90k)
    return Programme(movie, shares, _stretches(groups, start_ns, skip_90k), start_ns, etag)


def _group(shares: Sequence[Share], gaps: Sequence[GapRow]) -> list[list[Share]]:
    groups: list[list[Share]] = []
    for share in shares:
        if groups and is_joined(groups[-1][-1].end_ns, share.first_ns, gaps):
            groups[-1].append(share)
        else:
            groups.append([share])
    return groups


def _lengths(group: Sequence[Share]) -> list[int]:
    """Return each share's length; times count from the group's first, so that no rounding adds up."""
    origin_ns = group[0].first_ns
    starts = [nearest_tick(share.first_ns - origin_ns) for share in group]
    ends = [*starts[1:], nearest_tick(group[-1].end_ns - origin_ns)]
    return [_at_least_its_samples(end - start, share) for start, end, share in zip(starts, ends, group, strict=True)]


def _at_least_its_samples(length_90k: int, share: Share) -> int:
    return max(length_90k, share.count)


def _stretches(groups: Sequence[Sequence[Share]], start_ns: int, skip_90k: int) -> list[Stretch]:
    stretches = []
    at_90k = -skip_90k
    for group in groups:
        length_90k = sum(_lengths(group))
        stretches.append(Stretch(group[0].first_ns, at_90k, length_90k))
        at_90k += length_90k
    first = stretches[0]
    return [replace(first, from_ns=start_ns, at_90k=0, length_90k=first.length_90k - skip_90k), *stretches[1:]]
