"""The lock of a camera's folder: who holds it writes there, and nobody else. It falls with its process."""

import fcntl
import os
from pathlib import Path

from common.recordings.layout import LOCK_NAME


def take_lock(folder: Path) -> int | None:
    """Return the descriptor that holds a folder's lock; None: somebody else has it. OSError passes."""
    path = folder / LOCK_NAME
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # The folder may have been removed and made anew in between: the lock of a name that is gone keeps nobody out.
        if os.path.samestat(os.fstat(fd), path.stat()):
            return fd
    except BlockingIOError:
        pass  # Held elsewhere: said by None.
    except BaseException:
        os.close(fd)
        raise
    os.close(fd)
    return None


def is_locked(folder: Path) -> bool:
    """Return whether somebody writes in a folder, without disturbing them."""
    try:
        fd = os.open(folder / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False
