"""Helpers that a room starts beside itself for work that may crash, hang or take long: how they begin and give way.

A child is `python -m services.<room>.<name> <pid of its room>`; its standard input is a socket to the room.
"""

import ctypes
import os
import platform
import resource
import signal
import sys
from collections.abc import Sequence
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_NICE_LAST: Final = 19
# ioprio_set(2): of the calling thread, the class that gets the disk when nobody else wants it.
_IOPRIO_WHO_PROCESS: Final = 1
_IOPRIO_IDLE: Final = 3 << 13
# asm/unistd.h; libc has no function for it.
_IOPRIO_SET: Final = {"x86_64": 251, "aarch64": 30, "armv7l": 314, "armv6l": 314, "riscv64": 30, "i686": 289}


def command(module: str) -> list[str]:
    """Return the command line that starts a child of this process."""
    return [sys.executable, "-m", module, str(os.getpid())]


def begin_child(arguments: Sequence[str]) -> None:
    """Tie this process's life to that of the room that started it, whose id is the first argument."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # It may have died before that, while Python started.
    if not arguments or str(os.getppid()) != arguments[0]:
        raise SystemExit(1)
    # What a codec leaves behind when it crashes helps nobody, and is 100 MB.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # A terminal's Ctrl-C reaches the whole group: the room ends its children itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def give_way() -> None:
    """Let everybody else have the processor and the disk first: of this thread, or of the process in its first one.

    A system that refuses is no reason to stop: the work is the same, only less polite.
    """
    # Of this thread alone, on Linux (setpriority(2), "C library/kernel differences"). Lower than the last is the last.
    os.nice(_NICE_LAST)
    number = _IOPRIO_SET.get(platform.machine())
    if number is not None:
        ctypes.CDLL(None, use_errno=True).syscall(number, _IOPRIO_WHO_PROCESS, 0, _IOPRIO_IDLE)
