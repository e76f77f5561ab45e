"""The lives that the watchdog judges, read from the stamps in the run folder and from /proc."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from common.units import NS_PER_S
from services.keeper.desired import Member, is_holder
from services.keeper.watchdog import Life

_TICKS_HZ: Final = os.sysconf("SC_CLK_TCK")
# Members in another state do not run, or are about to be stopped, which supervisord sees through by itself.
_JUDGED: Final = frozenset({"STARTING", "RUNNING"})


class Lives:
    """Reads stamps (`common/service.stamp_alive`) and remembers when each process started."""

    def __init__(self, run_dir: Path) -> None:
        self._stamps = run_dir / "alive"
        self._started_ns: dict[int, int] = {}

    def of(self, members: Iterable[Member], now_ns: int) -> list[Life]:
        """Return the lives of the members that stamp; none while stamps cannot be written, which is nobody's fault."""
        # keeper itself is its supervisord's to watch, and a port holder does nothing that could hang.
        judged = [each for each in members if each.state in _JUDGED and each.name != "keeper" and not is_holder(each)]
        self._started_ns = {each.pid: self._started(each.pid, now_ns) for each in judged}
        if not os.access(self._stamps, os.W_OK):
            return []
        return [
            Life(each.group, each.name, each.pid, self._started_ns[each.pid], self._stamp_ns(each.name))
            for each in judged
        ]

    def _stamp_ns(self, name: str) -> int:
        try:
            return os.stat(self._stamps / name).st_mtime_ns
        except OSError:
            return 0

    def _started(self, pid: int, now_ns: int) -> int:
        return self._started_ns.get(pid) or started_mono_ns(pid, now_ns)


def started_mono_ns(pid: int, now_ns: int) -> int:
    """Return when a process started, CLOCK_MONOTONIC; now for one that is gone: it is not to be judged."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return now_ns
    # Field 22, in ticks since boot, counted from the bracket that closes the command (proc(5)).
    started_s = int(stat.rpartition(")")[2].split()[19]) / _TICKS_HZ
    uptime_s = max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - started_s)
    return max(1, now_ns - int(uptime_s * NS_PER_S))
