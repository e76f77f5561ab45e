"""Files of recordings, opened to be read: positioned reads, heads of both kinds, errors that name the file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from common.errors import RecordingError
from common.recordings.parsing import Head, head_size, parse_head
from common.recordings.spool import SpoolFacts, parse_spool_head, spool_head_size

# Holds every head that there is, and is one page.
HEAD_GUESS_BYTES: Final = 4096


class TornHeadError(RecordingError):
    """The file ends before its head does: it was just begun when everything stopped."""


@dataclass(frozen=True, slots=True)
class ReadFile:
    """An open file and its size when it was opened."""

    path: Path
    fd: int
    size_bytes: int

    def read(self, at: int, size_bytes: int) -> bytes:
        """Return the bytes at `at`, fewer at the file's end."""
        return os.pread(self.fd, size_bytes, at)


@dataclass(frozen=True, slots=True)
class SpoolHead:
    """An originals file's head, and where its first record begins."""

    facts: SpoolFacts
    size_bytes: int


@contextmanager
def open_to_read(path: Path) -> Iterator[ReadFile]:
    """Open a file; RecordingErrors raised inside get its name in front. OSError: RecordingError, too."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise RecordingError(f"{path.name}: {error.strerror}") from error
    try:
        yield ReadFile(path, fd, os.fstat(fd).st_size)
    except RecordingError as error:
        raise type(error)(f"{path.name} {error}") from error
    except OSError as error:
        raise RecordingError(f"{path.name}: {error.strerror}") from error
    finally:
        os.close(fd)


def read_head(file: ReadFile) -> Head:
    """Return a video file's head; raise RecordingError when it has none that is whole."""
    start = file.read(0, HEAD_GUESS_BYTES)
    while (needed := head_size(start)) > len(start):
        start = _more(file, needed)
    return parse_head(start[:needed])


def read_spool_head(file: ReadFile) -> SpoolHead:
    """Return an originals file's head; raise RecordingError when it has none that is whole."""
    start = file.read(0, HEAD_GUESS_BYTES)
    while (needed := spool_head_size(start)) > len(start):
        start = _more(file, needed)
    return SpoolHead(parse_spool_head(start[:needed]), needed)


def _more(file: ReadFile, needed_bytes: int) -> bytes:
    start = file.read(0, needed_bytes)
    if len(start) < needed_bytes:
        raise TornHeadError(f"ends after {len(start)} bytes, within its head")
    return start
