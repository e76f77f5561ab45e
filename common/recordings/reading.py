"""What a video file holds, sample by sample, without reading the samples: the library's way into it."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from operator import sub
from pathlib import Path
from sys import byteorder
from typing import Final

from common.recordings.container import MOOF, Facts
from common.recordings.files import ReadFile, open_to_read, read_head
from common.recordings.init_segment import BOX
from common.recordings.parsing import Moof, free_size, mark_end_ns, mark_size, mdat_size, parse_moof
from common.units import HZ_90K, NS_PER_S, to_90k

# One read gets the mark of a fragment and the head of the next one: 100 samples fit.
_READ_BYTES: Final = 1024


def _words() -> "array[int]":
    return array("I")


def _longs() -> "array[int]":
    return array("Q")


@dataclass(frozen=True, slots=True)
class SampleTable:
    """A file's samples, each at its index; times are ticks of 90 kHz since `facts.start_ns`.

    A sample lasts until the next one's time, but where something was lost between them, and at the end.
    """

    facts: Facts
    init: bytes
    """ftyp and moov, byte for byte as the stream had them."""
    times_90k: "array[int]" = field(default_factory=_longs)
    durations_90k: "array[int]" = field(default_factory=_words)
    sizes: "array[int]" = field(default_factory=_words)
    offsets: "array[int]" = field(default_factory=_longs)
    """Where in the file each sample's bytes begin."""
    keys: "array[int]" = field(default_factory=_words)
    """Indexes of the samples that are keyframes, growing."""
    fragment_offsets: "array[int]" = field(default_factory=_longs)
    fragment_sizes: "array[int]" = field(default_factory=_words)
    """From moof to the mark's end."""
    fragment_samples: "array[int]" = field(default_factory=_words)
    """Index of each fragment's first sample."""
    head_bytes: int = 0
    size_bytes: int = 0
    """Where the last whole fragment ends."""
    end_ns: int = 0
    """When the last sample ends."""

    @property
    def end_90k(self) -> int:
        return self.times_90k[-1] + self.durations_90k[-1] if self.times_90k else 0

    def time_ns(self, index: int) -> int:
        """Return recorder time of a sample, exact to a tick."""
        return self.facts.start_ns + from_90k(self.times_90k[index])


def from_90k(ticks: int) -> int:
    """Return ticks in ns, such that to_90k gives the same ticks."""
    return -(-ticks * NS_PER_S // HZ_90K)


def read_table(path: Path, size_bytes: int | None = None) -> SampleTable:
    """Return the samples of a file that may be growing, those of whole fragments within `size_bytes`.

    Raises RecordingError when it is no such file. Checksums are checking.py's.
    """
    with open_to_read(path) as file:
        head = read_head(file)
        end = file.size_bytes if size_bytes is None else min(size_bytes, file.size_bytes)
        reader = _TableReader(file, head.size_bytes, end)
        reader.run()
        return reader.table(head.facts, head.init)


class _TableReader:
    """Walks from fragment to fragment; the samples' tables are taken apart in one go at the end."""

    def __init__(self, file: ReadFile, head_bytes: int, end: int) -> None:
        self._file = file
        self._head_bytes = head_bytes
        self._end = end
        self._at = head_bytes
        self._entries = bytearray()
        self._moofs: list[Moof] = []
        self._offsets = _longs()
        self._sizes = _words()
        self._holes: list[int] = []
        self._end_ns = 0

    def run(self) -> None:
        chunk, at = self._file.read(self._at, _READ_BYTES), 0
        while True:
            moof = parse_moof(chunk, at)
            if moof is None:
                free = free_size(chunk, at)
                if not free or self._at + free > self._end:
                    return
                self._at += free
                self._holes.append(len(self._moofs))
                chunk, at = self._file.read(self._at, _READ_BYTES), 0
                continue
            if len(chunk) < at + moof.size_bytes + BOX.size:
                chunk, at = self._file.read(self._at, moof.size_bytes + BOX.size), 0
            body_bytes = moof.size_bytes + mdat_size(chunk, at + moof.size_bytes)
            after = self._file.read(self._at + body_bytes, _READ_BYTES)
            whole_bytes = body_bytes + mark_size(after)
            if body_bytes == moof.size_bytes or whole_bytes == body_bytes or self._at + whole_bytes > self._end:
                return
            self._entries += chunk[at + MOOF.size : at + moof.size_bytes]
            self._moofs.append(moof)
            self._offsets.append(self._at)
            self._sizes.append(whole_bytes)
            self._end_ns = mark_end_ns(after)
            self._at += whole_bytes
            chunk, at = after, whole_bytes - body_bytes

    def table(self, facts: Facts, init: bytes) -> SampleTable:
        entries = _words()
        entries.frombytes(self._entries)
        if byteorder == "little":
            entries.byteswap()
        durations, sizes = entries[0::2], entries[1::2]
        times, offsets, keys = _longs(), _longs(), _words()
        starts = _words()
        first = 0
        for moof, at in zip(self._moofs, self._offsets, strict=True):
            after = first + moof.samples
            starts.append(first)
            if moof.is_key:
                keys.append(first)
            times.extend(accumulate(durations[first : after - 1], initial=moof.time_90k))
            offsets.extend(accumulate(sizes[first : after - 1], initial=at + moof.size_bytes + BOX.size))
            first = after
        return SampleTable(
            facts=facts,
            init=init,
            times_90k=times,
            durations_90k=self._true_durations(durations, times, starts, facts.start_ns),
            sizes=sizes,
            offsets=offsets,
            keys=keys,
            fragment_offsets=self._offsets,
            fragment_sizes=self._sizes,
            fragment_samples=starts,
            head_bytes=self._head_bytes,
            size_bytes=self._at,
            end_ns=self._end_ns or facts.start_ns,
        )

    def _true_durations(
        self, durations: "array[int]", times: "array[int]", starts: "array[int]", start_ns: int
    ) -> "array[int]":
        if not times:
            return durations
        true = array("I", map(sub, times[1:], times))
        true.append(max(to_90k(self._end_ns - start_ns) - times[-1], 1))
        for hole in self._holes:
            if 0 < hole < len(starts):
                last = starts[hole] - 1
                true[last] = min(durations[last], true[last])
        return true


def samples_between(table: SampleTable, first: int, after: int) -> Iterable[tuple[int, int]]:
    """Yield offset and size of some of a file's samples."""
    return zip(table.offsets[first:after], table.sizes[first:after], strict=True)
