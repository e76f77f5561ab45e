"""A camera's faults, to be switched by a test while it runs: context managers and calls. No I/O here."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Self

from tools.mock_camera.faults import Corrupt, Faults, Vanish


class Switches:
    """What a test may do to a camera, and what it may wait for."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self._stall_over: asyncio.Future[str] | None = None
        self._power_cut: Vanish | None = None
        self._changed = asyncio.Event()

    @contextmanager
    def stalls(self) -> Iterator[None]:
        """Send nothing meanwhile; the connection stays."""
        stall_over = self._stall_over = asyncio.get_running_loop().create_future()
        try:
            yield
        finally:
            stall_over.set_result("over")
            self._stall_over = None

    @contextmanager
    def misbehaves(self, **faults: Any) -> Iterator[None]:
        """Have these fields of `Faults` meanwhile, from the next frame on; `pongs` from the next connection on."""
        before = self.faults
        self.faults = replace(before, **faults)
        try:
            yield
        finally:
            self.faults = before

    @contextmanager
    def corrupts(self, *kinds: str, rate: float = 1.0) -> Iterator[None]:
        """Damage frames meanwhile."""
        with self.misbehaves(corrupt=Corrupt(kinds, rate)):
            yield

    def vanish(self, back_s: float | None = None) -> None:
        """Lose the power before the next frame; come back as a new connection, or never."""
        self._power_cut = Vanish(0.0, back_s)

    async def wait_until(self, is_so: Callable[[Self], bool]) -> None:
        """Wait until something is so that changes with a frame, a connection or a loss."""
        while not is_so(self):
            await self._changed.wait()

    def _note_change(self) -> None:
        # Whoever waits is woken by the old event and asks again; the next change gets a new one.
        self._changed.set()
        self._changed = asyncio.Event()
