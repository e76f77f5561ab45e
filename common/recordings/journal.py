"""The journal: gaps, events, protection and deletions, a line a fact, in the day's folder beside the files.

A line is `<crc> <json>`, where crc is CRC-32C of the JSON in 8 hex digits. The last word on a gap (by its start), an
event (by its key), a protected range (by its start) counts, and all words on one thing stand in one day's journal.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from common.recordings.checksum import crc32c
from common.recordings.disk import append, make_folder, sync_folder, write_all
from common.recordings.layout import DAY, JOURNAL_NAME, day_of

_TAIL_BYTES: Final = 4096


@dataclass(frozen=True, slots=True)
class Page:
    """One day's journal, read: good lines, how many are bad, and where the last whole line ends."""

    day: str
    lines: Sequence[Mapping[str, Any]]
    bad: int
    size_bytes: int
    torn_bytes: int = 0


@dataclass(slots=True)
class Journal:
    """The journals in a camera's folder. Only who holds the folder's lock appends."""

    folder: Path
    bad_lines: int = field(default=0, init=False)
    """Lines that `read_all` met and could not use."""

    def append(self, line: Mapping[str, Any], day_ns: int, *, sync: bool = True) -> None:
        """Write one fact to the journal of the day of `day_ns`, on disk when this returns. OSError: it is not there."""
        self.append_all([line], day_of(day_ns), sync=sync)

    def append_all(self, lines: Sequence[Mapping[str, Any]], day: str, *, sync: bool = True) -> int:
        """Write facts to a day's journal, all or none; return its size then."""
        folder = self.folder / day
        make_folder(folder)
        path = folder / JOURNAL_NAME
        is_new = not path.exists()
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            at = _cut_torn_line(fd)
            data = b"".join([encode_line(line) for line in lines])
            append(fd, data, at)
            if sync:
                os.fdatasync(fd)
        finally:
            os.close(fd)
        if is_new and sync:
            sync_folder(folder)
        return at + len(data)

    def days(self) -> list[str]:
        """Return the days that have a journal."""
        return sorted(
            path.parent.name for path in self.folder.glob(f"*/{JOURNAL_NAME}") if DAY.fullmatch(path.parent.name)
        )

    def read(self, day: str, start_bytes: int = 0) -> Page:
        """Return a day's journal, from an offset on that was its size once; an absent one is empty."""
        try:
            with (self.folder / day / JOURNAL_NAME).open("rb") as file:
                file.seek(start_bytes)
                data = file.read()
        except FileNotFoundError:
            data = b""
        whole = data.rfind(b"\n") + 1
        lines = [decode_line(line) for line in data[:whole].split(b"\n")[:-1]]
        good = [line for line in lines if line is not None]
        return Page(day, good, len(lines) - len(good), start_bytes + whole, len(data) - whole)

    def size(self, day: str) -> int:
        """Return the size of a day's journal, 0 when there is none."""
        try:
            return (self.folder / day / JOURNAL_NAME).stat().st_size
        except FileNotFoundError:
            return 0

    def read_all(self) -> Iterator[dict[str, Any]]:
        """Yield every good line, day by day; bad ones are counted, a torn last line is not."""
        self.bad_lines = 0
        for day in self.days():
            page = self.read(day)
            self.bad_lines += page.bad
            yield from map(dict, page.lines)

    def cut_torn_line(self, day: str) -> int:
        """Cut the journal of a day after its last whole line; return its size."""
        fd = os.open(self.folder / day / JOURNAL_NAME, os.O_RDWR | os.O_CLOEXEC)
        try:
            return _cut_torn_line(fd)
        finally:
            os.close(fd)

    def rewrite(self, day: str, lines: Sequence[Mapping[str, Any]]) -> int:
        """Replace a day's journal that has bad lines by its good ones, the old one kept beside; return the size."""
        path = self.folder / day / JOURNAL_NAME
        new = path.with_name(f"{JOURNAL_NAME}.part")
        data = b"".join([encode_line(line) for line in lines])
        fd = os.open(new, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            write_all(fd, data, 0)
            os.fdatasync(fd)
        finally:
            os.close(fd)
        path.with_name(f"{JOURNAL_NAME}.broken").unlink(missing_ok=True)
        os.link(path, path.with_name(f"{JOURNAL_NAME}.broken"))
        new.replace(path)
        sync_folder(path.parent)
        return len(data)


def encode_line(line: Mapping[str, Any]) -> bytes:
    """Return a line's bytes, with its checksum and its end."""
    text = json.dumps(dict(line), separators=(",", ":"), ensure_ascii=False).encode()
    return b"%08x %s\n" % (crc32c(text), text)


def decode_line(line: bytes) -> dict[str, Any] | None:
    """Return what a line says; None for a damaged one."""
    crc, _, text = line.partition(b" ")
    try:
        if len(crc) != 8 or int(crc, 16) != crc32c(text):
            return None
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None


def _cut_torn_line(fd: int) -> int:
    size = os.fstat(fd).st_size
    if not size or os.pread(fd, 1, size - 1) == b"\n":
        return size
    end = size
    while end > 0:
        start = max(end - _TAIL_BYTES, 0)
        if (newline := os.pread(fd, end - start, start).rfind(b"\n")) >= 0:
            end = start + newline + 1
            break
        end = start
    os.ftruncate(fd, end)
    return end
