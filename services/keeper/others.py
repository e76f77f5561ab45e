"""The process that speaks for itself nowhere: supervisord's row for the status, from /proc."""

import os
import time
from pathlib import Path
from typing import Any

from common.service import Usage


class Supervisord:
    """keeper's parent, as the kernel tells of it."""

    def __init__(self) -> None:
        self._usage = Usage()

    def row(self, now_ns: int) -> dict[str, Any]:
        """Return its fields as `status/` has them for other processes."""
        pid = os.getppid()
        return {"name": "supervisord", "pid": pid, "uptime_s": _uptime_s(pid), **self._usage.read(pid, now_ns)}


def _uptime_s(pid: int) -> float:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0.0
    # Field 22, in ticks since boot, counted from the bracket that closes the command (proc(5)).
    started_s = int(stat.rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started_s)
