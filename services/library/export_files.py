"""Writes an export to the disk without keeping it from others. Blocking: for a thread, or a process of its own."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from services.library.reading import Reader

# Small enough to stop soon.
PIECE_BYTES: Final = 1 << 20
# A disk that is given hundreds of megabytes at once lets the recorder's passes wait for all of them.
SYNC_BYTES: Final = 16 << 20


class StoppedError(Exception):
    """Nobody wants it any more."""


def write_out(reader: Reader, path: Path, on_progress: Callable[[float], None]) -> None:
    """Write all that a reader has into a new file, and bring it to the disk. Errors pass, and leave no file.

    `on_progress` is told the share that is written; what it raises ends it.
    """
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        try:
            _copy(reader, fd, on_progress)
            os.fsync(fd)
        finally:
            os.close(fd)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _copy(reader: Reader, fd: int, on_progress: Callable[[float], None]) -> None:
    done = unsynced = 0
    while done < reader.size_bytes:
        data = memoryview(reader.read(done, PIECE_BYTES))
        done += len(data)
        unsynced += len(data)
        while data:
            data = data[os.write(fd, data) :]
        if unsynced >= SYNC_BYTES:
            os.fdatasync(fd)
            unsynced = 0
        on_progress(done / reader.size_bytes)


def disk_sentence(error: OSError) -> str:
    """Return a sentence on why the disk did not take an export, or could not be read."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full; nothing of the export was kept"
    return f"the disk refused: {error.strerror or error}"
