"""By which time footage is old: the clock's, as far as it can be believed. Pure.

A clock that is wrong for a moment (a board without a battery, a broken time server) must not delete everything, and
one that is right after a long pause must not keep what is too old. A clock that is more than a day from what was
expected is believed after a day of running; until then age is counted on from the time before.
"""

from dataclasses import dataclass
from typing import Final

from common.units import NS_PER_S
from services.recorder.taking import Moment

DAY_NS: Final = 86_400 * NS_PER_S


@dataclass(slots=True)
class AgeClock:
    """`trusted_ns` and `doubted_ns` (for how long the clock has been doubted) are to outlive the process."""

    trusted_ns: int
    doubted_ns: int = 0
    _last: Moment | None = None

    @property
    def is_in_doubt(self) -> bool:
        """Return whether the clock is not believed at present."""
        return self.doubted_ns > 0

    def look(self, now: Moment) -> int:
        """Return the time by which ages are told: never later than the clock says."""
        last, self._last = self._last or now, now
        elapsed_ns = now.mono_ns - last.mono_ns
        self.trusted_ns += elapsed_ns
        if abs(now.wall_ns - self.trusted_ns) <= DAY_NS:
            return self._believe(now)
        if abs(now.wall_ns - last.wall_ns - elapsed_ns) > DAY_NS:
            self.doubted_ns = 0
        self.doubted_ns += max(1, elapsed_ns)
        if self.doubted_ns >= DAY_NS:
            return self._believe(now)
        return min(self.trusted_ns, now.wall_ns)

    def _believe(self, now: Moment) -> int:
        self.trusted_ns, self.doubted_ns = now.wall_ns, 0
        return now.wall_ns
