"""Time, passed in: a clock that shells take, and the id of the host whose monotonic stamps may be compared."""

import hashlib
import time
from functools import lru_cache
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """What a shell needs of time. `mono` for durations and ages, `wall` for dates only."""

    def mono_ns(self) -> int: ...

    def wall_ns(self) -> int: ...


class SystemClock:
    """The kernel's clocks: CLOCK_MONOTONIC and CLOCK_REALTIME."""

    def mono_ns(self) -> int:
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        return time.time_ns()


@lru_cache(maxsize=1)
def host_id() -> str:
    """Return 12 hex digits that name this boot of this machine: CLOCK_MONOTONIC compares only within it."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_bytes().strip()
    return hashlib.sha256(boot).hexdigest()[:12]
