"""The bus in an asyncio loop: descriptors watched, sockets drained to the end, and drained again after every call.

ZeroMQ's descriptor signals edges, and a send or a (un)subscribe can swallow one; a loop that only watches it would
sleep on waiting messages. `zmq.asyncio` does the same at nearly twice the CPU a message (measured).
"""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from common.bus import Bus, Message
from common.frame import Frame
from common.wire import encode_frame

# Messages handled before other callbacks of the loop get their turn.
BATCH: Final = 256
# A subscriber renews its subscriptions after a broker restart only while it is asked; also the net under lost edges.
DRAIN_INTERVAL_S: Final = 0.25


class BusLoop:
    """`async with BusLoop(bus, on_message)`: every message is handed to `on_message` in the loop; closes the bus."""

    def __init__(self, bus: Bus, on_message: Callable[[Message], None]) -> None:
        self.bus = bus
        self._on_message = on_message
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pending: asyncio.Handle | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        for fd in self.bus.fds:
            self._loop.add_reader(fd, self._drain)
        self._tick()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        loop = self._running()
        for fd in self.bus.fds:
            loop.remove_reader(fd)
        for handle in (self._pending, self._timer):
            if handle is not None:
                handle.cancel()
        self._loop = None
        self.bus.close()

    def publish(self, topic: str, header: bytes, payload: bytes = b"") -> None:
        """As `Bus.publish`."""
        self.bus.publish(topic, header, payload)
        self._drain_soon()

    def publish_frame(self, topic: str, frame: Frame) -> None:
        """As `Bus.publish_frame`."""
        self.publish(topic, encode_frame(frame), frame.payload)

    def subscribe(self, topic: str) -> None:
        """As `Bus.subscribe`."""
        self.bus.subscribe(topic)
        self._drain_soon()

    def unsubscribe(self, topic: str) -> None:
        """As `Bus.unsubscribe`."""
        self.bus.unsubscribe(topic)
        self._drain_soon()

    def is_wanted(self, topic: str) -> bool:
        """As `Bus.is_wanted`."""
        return self.bus.is_wanted(topic)

    def _running(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise AssertionError("BusLoop is used outside its `async with` block")
        return self._loop

    def _tick(self) -> None:
        # Armed first: whatever a receiver raises, the next messages are read.
        self._timer = self._running().call_later(DRAIN_INTERVAL_S, self._tick)
        self._drain()

    def _drain_soon(self) -> None:
        if self._pending is None and self._loop is not None and self.bus.has_waiting():
            self._pending = self._loop.call_soon(self._drain)

    def _drain(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None
        messages = self.bus.drain(BATCH)
        for message in messages:
            self._on_message(message)
        if self._loop is not None and self._pending is None and (len(messages) == BATCH or self.bus.has_waiting()):
            self._pending = self._loop.call_soon(self._drain)
