"""The lines' way to the bus: shut for pictures as long as this process may not know who encodes now."""

from collections.abc import Callable
from typing import Final

from common.bus import Bus
from common.clock import Clock
from common.frame import Frame
from common.units import NS_PER_S

# A loop that did not come round for so long was stopped (SIGSTOP, a suspended machine), and others took over.
STOPPED_NS: Final = NS_PER_S


class Gate:
    """Publishes pictures only in a round that began just now: a stop in the middle of a round is seen here."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self.subscribe: Callable[[str], None] = bus.subscribe
        self.unsubscribe: Callable[[str], None] = bus.unsubscribe
        self.publish: Callable[..., None] = bus.publish
        self._bus = bus
        self._clock = clock
        self.round_ns = clock.mono_ns()
        """When the loop came round last."""

    def was_stopped(self) -> bool:
        """Return whether the process did not run for a while, within this round."""
        return self._clock.mono_ns() - self.round_ns > STOPPED_NS

    def publish_frame(self, topic: str, frame: Frame) -> None:
        """Publish a picture, unless it is of a time before a stop."""
        if not self.was_stopped():
            self._bus.publish_frame(topic, frame)
