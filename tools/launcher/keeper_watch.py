"""Whether keeper hangs: it watches everybody else, and supervisord's process watches it by its stamp of life. Pure."""

from typing import Final

NS_PER_S: Final = 1_000_000_000
LIMIT_NS: Final = 10 * NS_PER_S
# Until its first stamp: a start takes 0.3 s, on a busy machine some seconds.
START_GRACE_NS: Final = 20 * NS_PER_S
# supervisord looks once a second. If it did not run for longer, keeper may not have run either.
GAP_NS: Final = 3 * NS_PER_S
# supervisord tries twenty times before it gives up; nobody else would start keeper then.
GIVEN_UP_NS: Final = 60 * NS_PER_S


class KeeperWatch:
    """Told once a second what there is to see of keeper, by CLOCK_MONOTONIC."""

    def __init__(self) -> None:
        self._pid = 0
        self._since_ns = 0
        self._ran_ns = 0

    def is_hung(self, now_ns: int, pid: int, stamp_ns: int) -> bool:
        """Return whether process `pid` is to be killed; `stamp_ns` 0: there is no stamp."""
        self._look(now_ns, pid)
        if not pid:
            return False
        # A stamp from before this process, or from before our own gap, says nothing against it.
        grace_ns = LIMIT_NS if stamp_ns > self._since_ns else START_GRACE_NS
        return now_ns - max(stamp_ns, self._since_ns) > grace_ns

    def is_due_again(self, now_ns: int) -> bool:
        """Return whether keeper, which was given up, is to be started again; tell it as process 0 meanwhile."""
        self._look(now_ns, 0)
        if now_ns - self._since_ns < GIVEN_UP_NS:
            return False
        self._since_ns = now_ns
        return True

    def _look(self, now_ns: int, pid: int) -> None:
        if now_ns - self._ran_ns > GAP_NS:
            self._since_ns = now_ns
        elif pid != self._pid:
            # It has started since the last look, and may have stamped since.
            self._since_ns = self._ran_ns
        self._pid, self._ran_ns = pid, now_ns
