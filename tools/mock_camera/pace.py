"""When each frame is due: a steady grid that jitter, bursts, stalls and a slow machine bend. Times are monotonic ns."""

import random

from common.units import NS_PER_S
from tools.mock_camera.faults import Faults, Rates, Stall


class Pace:
    """The grid of one connection. Ask for each frame once, in order."""

    def __init__(self, fps: float, start_ns: int, dice: random.Random) -> None:
        self._interval_ns = round(NS_PER_S / fps)
        self._start_ns = start_ns
        self._origin_ns = start_ns
        self._index = 0
        self._sent_ns = start_ns
        self._dice = dice
        self.skipped = 0  # frames that the grid had room for and that were never made

    def next_ns(self, now_ns: int, faults: Faults) -> int:
        """Return when the next frame is to be sent; a time that has passed means now."""
        if faults.rates is not None:
            self._take_rate(faults.rates, now_ns)
        due_ns = self._slot_ns(faults.burst)
        jitter_ns = round(faults.jitter_s * NS_PER_S)
        due_ns += self._skip_missed(now_ns - due_ns - jitter_ns)
        if faults.stall is not None:
            due_ns += self._sit_out(due_ns, faults.stall)
        self._index += 1
        # A later frame never overtakes an earlier one.
        self._sent_ns = max(self._sent_ns, due_ns + round(self._dice.random() * jitter_ns))
        return self._sent_ns

    def _take_rate(self, rates: Rates, now_ns: int) -> None:
        interval_ns = round(NS_PER_S / rates.at(now_ns - self._start_ns))
        if interval_ns != self._interval_ns:
            # A new grid, from the frame before on.
            self._interval_ns, self._origin_ns, self._index = interval_ns, self._sent_ns, 1

    def _slot_ns(self, burst: int) -> int:
        # The frames of a burst all wait for the last one's place.
        index = (self._index // burst + 1) * burst - 1 if burst > 1 else self._index
        return self._origin_ns + index * self._interval_ns

    def _skip_missed(self, behind_ns: int) -> int:
        """Move the grid on by whole intervals when frames are overdue: a camera does not make up for lost time."""
        missed = max(0, behind_ns) // self._interval_ns
        self.skipped += missed
        self._origin_ns += missed * self._interval_ns
        return missed * self._interval_ns

    def _sit_out(self, due_ns: int, stall: Stall) -> int:
        since_ns = due_ns - self._start_ns
        every_ns, length_ns = round(stall.every_s * NS_PER_S), round(stall.length_s * NS_PER_S)
        into_ns = since_ns % every_ns
        if since_ns < every_ns or into_ns >= length_ns:
            return 0
        self._origin_ns += length_ns - into_ns
        return length_ns - into_ns
