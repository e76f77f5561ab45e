"""What the writers here ask of the disk: new files and folders that survive a power cut, appends that are undone."""

import os
from pathlib import Path

from common.errors import RecordingError
from common.recordings.layout import is_name


def make_folder(folder: Path) -> None:
    """Make a folder and those above it that are missing, each brought to disk."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def create(folder: Path, name: str, head: bytes) -> int:
    """Return the descriptor of a new file that begins with `head`; `name` as in layout.py, below a camera's `folder`.

    OSError passes; nothing is left behind then.
    """
    if not is_name(name):
        raise RecordingError(f"{name!r} is no name of a recording")
    path = folder / name
    make_folder(path.parent)
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        sync_folder(path.parent)
        write_all(fd, head, 0)
    except OSError:
        discard(fd, path)
        raise
    return fd


def discard(fd: int, path: Path) -> None:
    """Close a file that is not wanted, -1: it is closed, and remove it."""
    if fd >= 0:
        os.close(fd)
    remove(path)


def append(fd: int, data: bytes, at: int) -> None:
    """Write all of `data` at the file's end `at`; when the disk refuses, cut the file back to `at` and raise."""
    try:
        write_all(fd, data, at)
    except OSError:
        os.ftruncate(fd, at)
        raise


def write_all(fd: int, data: bytes, at: int) -> None:
    """Write all of `data` at `at`."""
    rest = memoryview(data)
    while rest:
        written = os.pwrite(fd, rest, at)
        at += written
        rest = rest[written:]


def remove(path: Path) -> None:
    """Remove a file that may be gone already."""
    path.unlink(missing_ok=True)
