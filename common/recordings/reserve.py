"""A little disk space that each camera's folder keeps for when the disk is full: to delete takes some, too."""

import errno
import os
from pathlib import Path
from typing import Final

RESERVE_NAME: Final = ".reserve"
# The index's WAL, its shared memory and some lines of a journal, with room to spare.
RESERVE_BYTES: Final = 512 << 10
# What SQLite says is an I/O error may be a full disk, too: it cannot tell for its shared memory.
_MAY_BE_FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EIO)


def keep_reserve(folder: Path) -> None:
    """Set the space aside, if it is not yet; a disk without room for it gives none."""
    path = folder / RESERVE_NAME
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError:
        return
    try:
        if os.fstat(fd).st_size < RESERVE_BYTES:
            os.posix_fallocate(fd, 0, RESERVE_BYTES)
    except OSError:
        path.unlink(missing_ok=True)
    finally:
        os.close(fd)


def use_reserve(folder: Path, error: OSError) -> bool:
    """Return whether there is more room than when `error` came: the space that was set aside is free now."""
    path = folder / RESERVE_NAME
    if error.errno not in _MAY_BE_FULL or not path.exists():
        return False
    path.unlink()
    return True
