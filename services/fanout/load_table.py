"""How busy each fanout process is, in a small file of the run folder that all of them map: no message, no lock.

Each process writes its own slot alone, and each field is one aligned word, so a reader sees no half of one. What a
process says counts while its stamp is young: one that is stopped, hangs or died is nobody to wait for.
"""

import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from services.fanout.balance import Load

FILE_NAME: Final = "fanout.load"
# Process numbers; supervisord.conf has eight that serve.
SLOTS: Final = 16
# A slot: connections, accepted in all, CLOCK_MONOTONIC ns of the stamp (0: left); a cache line, that no write of one
# process costs the others theirs.
_OPEN, _ACCEPTED, _STAMP = range(3)
_WORDS: Final = 8
_BYTES: Final = SLOTS * _WORDS * 8
STALE_NS: Final = 1_000_000_000


class LoadTable:
    """This process's slot, and a look at the others'."""

    def __init__(self, run_dir: Path, process_name: str) -> None:
        self._slot: Final = _number(process_name) % SLOTS
        self._map: Final = _map_file(run_dir / FILE_NAME)
        self._words: Final = memoryview(self._map).cast("Q")
        self._own: Final = self._words[self._slot * _WORDS : (self._slot + 1) * _WORDS]
        self._own[_OPEN] = self._own[_ACCEPTED] = self._own[_STAMP] = 0

    @property
    def open(self) -> int:
        """The connections of this process."""
        return self._own[_OPEN]

    def accept(self) -> None:
        """Count a connection that was accepted."""
        self._own[_ACCEPTED] += 1
        self._own[_OPEN] += 1

    def end(self) -> None:
        """Count an accepted connection that ended, or went to another process."""
        self._own[_OPEN] = max(0, self._own[_OPEN] - 1)

    def stamp(self, now_ns: int) -> None:
        """Say that this process lives. Call it several times within `STALE_NS`."""
        self._own[_STAMP] = now_ns

    def leave(self) -> None:
        """Say that this process accepts no more. Idempotent."""
        self._own[_STAMP] = 0

    def others(self, now_ns: int) -> Iterator[Load]:
        """Yield the load of each other process that lives."""
        for slot in range(SLOTS):
            at = slot * _WORDS
            # A stamp from the future is from before the machine's start.
            if slot != self._slot and 0 <= now_ns - self._words[at + _STAMP] < STALE_NS:
                yield Load(slot, self._words[at + _OPEN], self._words[at + _ACCEPTED])


def _map_file(path: Path) -> mmap.mmap:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Longer by an older or newer version's hand: what is beyond is not read. Never cut: others map it.
        # Its blocks are taken now: with none left on the disk, a write to the map would be a SIGBUS.
        os.posix_fallocate(fd, 0, _BYTES)
        return mmap.mmap(fd, _BYTES)
    finally:
        os.close(fd)


def _number(process_name: str) -> int:
    digits = re.search(r"(\d+)$", process_name)
    return int(digits[1]) if digits else 0
