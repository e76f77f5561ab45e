"""Makes a checked file whole: its torn tail cut, its damaged stretches skipped by every reader, its duration right."""

import os
from pathlib import Path
from typing import Final

from common.recordings.checking import Checked
from common.recordings.container import duration_patch
from common.recordings.disk import sync_folder, write_all
from common.recordings.files import HEAD_GUESS_BYTES
from common.recordings.init_segment import BOX
from common.recordings.parsing import HEAD_LIMIT_BYTES, head_size
from common.recordings.rows import FileRow, Kind
from common.recordings.spool import skip_header
from common.units import to_90k

BROKEN_SUFFIX: Final = ".broken"


def mend(path: Path, checked: Checked) -> None:
    """Repair a file of which something is whole, on disk when this returns; may be repeated at any point.

    A damaged stretch keeps its bytes but the first 8 or 16, which make it one box (record) that means nothing.
    """
    row = checked.row
    if row is None:
        raise AssertionError("nothing of the file is whole: it is removed or set aside")
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        if checked.torn:
            os.ftruncate(fd, checked.whole_bytes)
        for damage in checked.damaged:
            is_video = row.kind is Kind.VIDEO
            filler = BOX.pack(damage.size_bytes, b"free") if is_video else skip_header(damage.size_bytes)
            write_all(fd, filler, damage.at)
        is_longer = row.kind is Kind.VIDEO and _write_duration(fd, row)
        # A video that says how long it is was synced when it was closed; of originals nothing tells.
        if checked.torn or checked.damaged or is_longer or row.kind is Kind.ORIGINALS:
            os.fdatasync(fd)
    finally:
        os.close(fd)


def _write_duration(fd: int, row: FileRow) -> bool:
    start = os.pread(fd, HEAD_GUESS_BYTES, 0)
    if head_size(start) > len(start):
        start = os.pread(fd, HEAD_LIMIT_BYTES, 0)
    at, patch = duration_patch(start, to_90k(row.end_ns - row.start_ns))
    if start[at : at + len(patch)] == patch:
        return False
    write_all(fd, patch, at)
    return True


def set_file_aside(path: Path) -> Path:
    """Give a file that cannot be read another name, so that a person may look at it; return its path."""
    broken = path.with_name(path.name + BROKEN_SUFFIX)
    path.replace(broken)
    sync_folder(path.parent)
    return broken
