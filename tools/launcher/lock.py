"""One pipeline a run folder: a lock that supervisord holds for its whole life, inherited from the launcher.

The kernel lets go of it however the process ends, so there is nothing stale to clean up.
"""

import fcntl
import os
from pathlib import Path
from typing import Final

NAME: Final = "pipeline.lock"


def acquire(run_dir: Path) -> int | None:
    """Return the descriptor that holds the lock (it survives exec), or None when somebody else has it."""
    fd = os.open(run_dir / NAME, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    os.ftruncate(fd, 0)
    os.write(fd, f"{os.getpid()}\n".encode())
    os.set_inheritable(fd, True)
    return fd


def holder(run_dir: Path) -> int | None:
    """Return the process id of the supervisord that runs in this folder, or None."""
    try:
        fd = os.open(run_dir / NAME, os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.read(fd, 20)
        return int(text) if text.strip().isdigit() else None
    else:
        return None
    finally:
        os.close(fd)
