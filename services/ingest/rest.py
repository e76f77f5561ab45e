"""The process's rest: while nobody watches any camera, what arrives is taken a few messages at a time.

A wake-up costs more than the message it is for (docs/decisions/0009-ingest-cost.md), and a picture that nobody waits
for may be some milliseconds late.
"""

import selectors
import time
from collections.abc import Callable
from typing import Final

# 100 cameras at 10 fps: five messages a wake-up. Whoever watches the first camera waits no longer than that.
REST_S: Final = 0.005
# Woken less often than that, there is nothing to gather: the rest would be one more wake-up.
BUSY_S: Final = 2 * REST_S

Events = list[tuple[selectors.SelectorKey, int]]


class RestingSelector(selectors.EpollSelector):
    """An event loop's selector that lets events gather, while it may, before it tells of them."""

    def __init__(
        self, sleep: Callable[[float], None] = time.sleep, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self.may_rest: Callable[[], bool] = lambda: False
        self._sleep = sleep
        self._now_s = now_s
        self._woken_s = -BUSY_S

    def select(self, timeout: float | None = None) -> Events:
        """Return the events, as every selector does; late by a rest while busy, unless a timer of the loop is due."""
        events = super().select(timeout)
        if not events or not self.may_rest():
            return events
        now_s = self._now_s()
        is_busy, self._woken_s = now_s - self._woken_s < BUSY_S, now_s
        if is_busy and (timeout is None or timeout > REST_S):
            self._sleep(REST_S)
            # Readiness is a level: the first events are among these, unless they are no more.
            return super().select(0)
        return events
