"""The process that speaks for itself nowhere: supervisord's row for the status, from /proc."""

import os
from typing import Any

from common.service import Usage
from common.units import NS_PER_S
from services.keeper.lives import started_mono_ns


class Supervisord:
    """keeper's parent, as the kernel tells of it."""

    def __init__(self) -> None:
        self._usage = Usage()

    def row(self, now_ns: int) -> dict[str, Any]:
        """Return its fields as `status/` has them for other processes."""
        pid = os.getppid()
        uptime_s = (now_ns - started_mono_ns(pid, now_ns)) / NS_PER_S
        return {"name": "supervisord", "pid": pid, "uptime_s": uptime_s, **self._usage.read(pid, now_ns)}
