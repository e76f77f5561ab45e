"""Programmes: what play.mp4, the times of pictures and playlists are made of, put together from index and tables.

Waits for the disk: call it in a thread. Raises Refusal.
"""

import logging
import threading
from collections import OrderedDict
from typing import Any, Final

from common.errors import RecordingError
from common.moments import moment_text
from common.recordings.reading import SampleTable
from common.recordings.rows import FileRow, Kind, State
from common.units import HZ_90K, NS_PER_MS, NS_PER_S
from services.library.assembly import Programme, Share, assemble, share_of
from services.library.boxes import sample_entries
from services.library.catalogue import Catalogue
from services.library.playlist import Fragment, Listed, playlist, segments_of
from services.library.queries import DAY_NS, Range
from services.library.reading import MovieReader
from services.library.refusals import Refusal
from services.library.samples import nearest_tick, time_ns
from services.library.spans import Span, footage, is_joined, spans
from services.library.timeline import nearest

log = logging.getLogger(__name__)

# Players ask for the same one again and again. One file of it is 1 KB.
PROGRAMMES: Final = 32
FILES: Final = 2000
# Files of which it was said that they cannot be read.
SAID: Final = 1000
# `recording.segment_s` at most, and the way to the next keyframe.
LONGEST_FILE_NS: Final = 7200 * NS_PER_S
# A file has its row with the pass after its first fragment, and the one before is finished by then.
NEXT_FILE_NS: Final = 15 * NS_PER_S


class Programmes:
    """Makes programmes, and keeps those of the last requests; any thread."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue: Final = catalogue
        self._lock: Final = threading.Lock()
        self._kept: OrderedDict[tuple[object, ...], Programme] = OrderedDict()
        self._said: set[str] = set()

    def programme(self, camera: str, range_: Range) -> Programme:
        """Return the programme of a range; Refusal 404 with the nearest footage when there is none in it."""
        rows, gaps = self._rows(camera, range_), self._catalogue.gaps(camera, range_.from_ns, range_.to_ns)
        # Whatever changed in the index since makes another key: nothing old is ever shown.
        key = (camera, range_, tuple(_version(row) for row in rows), tuple((gap.start_ns, gap.end_ns) for gap in gaps))
        known = self._known(key)
        if known is None:
            shares, is_complete = self._shares(camera, range_, rows)
            if not shares:
                raise self.nothing(camera, range_)
            known = assemble(shares, gaps)
            # What could not be read may be readable again, without a change of its row.
            if is_complete:
                self._keep(key, known)
        return known

    def reader(self, camera: str, programme: Programme) -> MovieReader:
        """Return the reader of a programme's movie."""
        shares = programme.shares
        return MovieReader(
            programme.movie,
            lambda file: self._catalogue.path(camera, shares[file].row),
            lambda file: self._catalogue.table(camera, shares[file].row),
        )

    def frames(self, camera: str, range_: Range) -> dict[str, Any]:
        """Return the times of the pictures that a range's movie shows."""
        programme = self.programme(camera, range_)
        times_ns: list[int] = []
        keys: list[int] = []
        for share in programme.shares:
            try:
                table = self._catalogue.table(camera, share.row)
            except RecordingError as error:
                raise Refusal(404, f"footage has just been deleted: {error}") from error
            first, stop = share.cut.shown, share.cut.stop
            keys.extend(len(times_ns) + key - first for key in table.keys if first <= key < stop)
            times_ns.extend(time_ns(share.row.start_ns, tick) for tick in table.times_90k[first:stop])
        return {
            "start": moment_text(programme.start_ns),
            "times_ms": [round((each - programme.start_ns) / NS_PER_MS, 3) for each in times_ns],
            "keys": keys,
            "duration_s": programme.movie.duration_90k / HZ_90K,
            "stretches": [
                {
                    "from": moment_text(stretch.from_ns),
                    "at_s": stretch.at_90k / HZ_90K,
                    "duration_s": stretch.length_90k / HZ_90K,
                }
                for stretch in programme.stretches
            ],
        }

    def playlist(self, camera: str, range_: Range, now_ns: int) -> str:
        """Return a range as a playlist."""
        rows, gaps = self._rows(camera, range_), self._catalogue.gaps(camera, range_.from_ns, range_.to_ns)
        goes_on = bool(rows) and range_.to_ns > now_ns and _is_going_on(rows[-1], now_ns)
        # Files that begin before the range do so less than this.
        origin_ns = range_.from_ns - LONGEST_FILE_NS
        listed: list[Listed] = []
        before: tuple[FileRow, bytes] | None = None
        for row in rows:
            table = self._table(camera, row)
            if table is None:
                continue
            entry = sample_entries(table.init)[0]
            joins = before is not None and before[1] == entry and is_joined(before[0].end_ns, row.start_ns, gaps)
            segments = segments_of(_fragments(table), table.end_90k, row.start_ns, range_.from_ns, range_.to_ns)
            if goes_on and row is rows[-1] and row.state is State.OPEN:
                # The last one may still become longer; what players were told must stay.
                segments = segments[:-1]
            if segments:
                uri = f"files/{row.name}?begin={max(0, nearest_tick(row.start_ns - origin_ns))}"
                listed.append(Listed(uri, table.head_bytes, segments, is_break=not joins))
                before = row, entry
        if not listed:
            raise self.nothing(camera, range_)
        return playlist(listed, is_over=not goes_on)

    def _rows(self, camera: str, range_: Range) -> list[FileRow]:
        rows = self._catalogue.files(camera, range_.from_ns, range_.to_ns)
        return [row for row in rows if row.kind is Kind.VIDEO and row.frames]

    def _shares(self, camera: str, range_: Range, rows: list[FileRow]) -> tuple[list[Share], bool]:
        """Return what each file has of a range, and whether every one could be read. One table at a time is held."""
        shares, is_complete = [], True
        for row in rows:
            table = self._table(camera, row)
            is_complete &= table is not None
            share = share_of(table, row, range_.from_ns, range_.to_ns) if table else None
            if share:
                shares.append(share)
        return shares, is_complete

    def _table(self, camera: str, row: FileRow) -> SampleTable | None:
        try:
            return self._catalogue.table(camera, row)
        except RecordingError as error:
            # Retention has just deleted it, or it is damaged: what is left is shown.
            self._say_once(camera, row.name, error)
            return None

    def _say_once(self, camera: str, name: str, error: RecordingError) -> None:
        with self._lock:
            if name in self._said:
                return
            if len(self._said) >= SAID:
                self._said.clear()
            self._said.add(name)
        log.warning("camera %s: a file is left out of what is shown: %s", camera, error)

    def nothing(self, camera: str, range_: Range) -> Refusal:
        """Return the refusal of a range without footage: it names the nearest."""
        ends = self._catalogue.read(
            camera, lambda index: (index.file_before(range_.from_ns), index.file_after(range_.to_ns))
        )
        # Not all that there is: what a span is called by ends within a day.
        before, after = (
            self._spans(camera, max(0, row.start_ns - DAY_NS), row.end_ns + DAY_NS) if row else [] for row in ends
        )
        before = [span for span in before if span.start_ns < range_.from_ns]
        after = [span for span in after if span.start_ns >= range_.to_ns]
        times = f"{moment_text(range_.from_ns)} to {moment_text(range_.to_ns)}"
        return Refusal(404, f"camera {camera} has no footage from {times}", nearest=nearest(before, after))

    def _spans(self, camera: str, from_ns: int, to_ns: int) -> list[Span]:
        files = footage(self._catalogue.files(camera, from_ns, to_ns))
        return spans(files, self._catalogue.gaps(camera, from_ns, to_ns))

    def _known(self, key: tuple[object, ...]) -> Programme | None:
        with self._lock:
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
            return known

    def _keep(self, key: tuple[object, ...], programme: Programme) -> None:
        with self._lock:
            self._kept[key] = programme
            while len(self._kept) > PROGRAMMES or sum(len(each.shares) for each in self._kept.values()) > FILES:
                self._kept.popitem(last=False)


def _is_going_on(newest: FileRow, now_ns: int) -> bool:
    """Return whether more is to come behind a file: a player that was told of an end asks no more."""
    return newest.state is State.OPEN or abs(now_ns - (newest.end_ns - newest.shift_ns)) < NEXT_FILE_NS


def _version(row: FileRow) -> tuple[object, ...]:
    return row.name, row.size_bytes, row.end_ns


def _fragments(table: SampleTable) -> list[Fragment]:
    keys = set(table.keys)
    return [
        Fragment(offset, size, table.times_90k[sample], sample in keys)
        for offset, size, sample in zip(
            table.fragment_offsets, table.fragment_sizes, table.fragment_samples, strict=True
        )
    ]
