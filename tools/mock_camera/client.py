"""The camera itself: connects, sends frames at its pace, misbehaves as told, and comes back after any loss.

For tests: `async with MockCamera("porch", "127.0.0.1", port).running() as camera: await camera.wait_sent(10)`.
Faults are a `Faults` from the start, context managers (`with camera.stalls():`), or calls (`camera.vanish()`).
"""

import asyncio
import logging
import os
import random
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, Self

from common.units import NS_PER_MS, NS_PER_S
from tools.mock_camera.backoff import Backoff
from tools.mock_camera.connection import CameraConnection, Target, open_connection
from tools.mock_camera.corruption import corrupt
from tools.mock_camera.faults import Faults
from tools.mock_camera.framing import message_frames
from tools.mock_camera.pace import Pace
from tools.mock_camera.scene import Scene
from tools.mock_camera.sends import Sent
from tools.mock_camera.sizes import SIZES, Size
from tools.mock_camera.source import LiveSource, Picture, Source
from tools.mock_camera.switches import Switches

log = logging.getLogger(__name__)

DEFAULT_PATH: Final = "/ws/camera/{camera}"
_KEPT_SENDS: Final = 10_000  # what a test looks back on: 400 s at 25 frames a second; the oldest go first
_MOST_PHASE_NS: Final = 100 * NS_PER_MS
_KEPT_LOSSES: Final = 1_000
_KEPT_SILENT: Final = 64  # sockets without power; beyond that the oldest is closed, or a long test runs out of them


@dataclass(frozen=True, slots=True)
class Limits:
    """When a camera is done by itself; 0 means never."""

    frames: int = 0
    duration_s: float = 0.0


class PowerCut(ConnectionError):
    """The camera lost its power."""


class MockCamera(Switches):
    """A simulated ESP32 with a camera. Its counters may be read at any time."""

    def __init__(
        self,
        name: str,
        host: str,
        port: int,
        *,
        path: str = DEFAULT_PATH,
        fps: float = 25.0,
        size: Size = SIZES["vga"],
        source: Source | None = None,
        faults: Faults | None = None,
        limits: Limits | None = None,
        seed: int | None = None,
        on_sent: Callable[[Sent], None] | None = None,
    ) -> None:
        super().__init__(faults or Faults())
        self.name = name
        self.fps = fps
        self.target = Target(host, port, path.replace("{camera}", name))
        self._source = source or LiveSource(lambda wanted: Scene(name, wanted), size)
        self._limits = limits or Limits()
        self._dice = random.Random(seed)
        self._on_sent = on_sent
        self._backoff = Backoff(self._dice)
        self.sent = 0
        self.sent_bytes = 0
        self.sends: deque[Sent] = deque(maxlen=_KEPT_SENDS)
        self.connects = 0
        self.losses: deque[str] = deque(maxlen=_KEPT_LOSSES)
        self._connection: CameraConnection | None = None
        self._silent: deque[CameraConnection] = deque()
        self._resized = False
        self._previous_jpeg = b""

    @property
    def is_connected(self) -> bool:
        """Whether frames can go out now."""
        return self._connection is not None

    # Running.

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Run beside the body, and stop at its end."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.run())
            try:
                yield self
            finally:
                task.cancel()

    async def run(self) -> None:
        """Stream, and reconnect after any loss, until the limits are reached or the task is cancelled."""
        limit = asyncio.timeout(self._limits.duration_s or None)
        try:
            async with limit:
                await self._stay_connected()
        except TimeoutError:
            if not limit.expired():
                raise
        finally:
            while self._silent:
                self._silent.popleft().abort()
            log.info("%s: ended after %d frames", self.name, self.sent)

    # For tests; more is in `switches`.

    def drop(self) -> None:
        """Close the TCP connection in whatever state it is; the camera connects again."""
        if self._connection is not None:
            self._connection.abort()

    def resize(self, size: Size) -> None:
        """Have another size from the next picture on."""
        self._source.resize(size)

    async def wait_sent(self, frames: int) -> None:
        """Wait until that many frames were sent in all."""
        await self.wait_until(lambda camera: camera.sent >= frames)

    async def wait_connected(self, connects: int = 1) -> None:
        """Wait until it connected that often in all."""
        await self.wait_until(lambda camera: camera.connects >= connects)

    async def wait_lost(self, losses: int = 1) -> None:
        """Wait until it lost, or failed to make, that many connections in all."""
        await self.wait_until(lambda camera: len(camera.losses) >= losses)

    # How it is done.

    async def _stay_connected(self) -> None:
        while True:
            connects, began_s = self.connects, time.monotonic()
            try:
                await self._run_once()
            except PowerCut as error:
                await self._stay_dark(error)
            except ConnectionError as error:
                was_connected = self.connects > connects
                wait_s = self._backoff.next_s(time.monotonic() - began_s if was_connected else 0.0)
                what = "lost" if was_connected else "no connection to"
                self._note_loss(f"{what} {self.target.url}: {error}; trying again in {wait_s:.1f} s")
                await asyncio.sleep(wait_s)
            else:
                return

    async def _run_once(self) -> None:
        """One connection, until the wanted frames are sent; raises ConnectionError when it is lost."""
        connection = await open_connection(self.target, self.faults.pongs)
        self._connection = connection
        self.connects += 1
        log.info("%s: connected to %s", self.name, self.target.url)
        self._note_change()
        try:
            await self._stream(connection)
        except PowerCut:
            await self._darken(connection)
            raise
        finally:
            self._connection = None
            if connection not in self._silent:
                await connection.close()

    async def _stream(self, connection: CameraConnection) -> None:
        connected_ns = time.monotonic_ns()
        # Cameras that were started together do not send together; a slow one still sends its first frame at once.
        phase_ns = round(self._dice.random() * min(NS_PER_S / self.fps, _MOST_PHASE_NS))
        pace = Pace(self.fps, connected_ns + phase_ns, self._dice)
        while not self._limits.frames or self.sent < self._limits.frames:
            now_ns = time.monotonic_ns()
            self._resize_when_due(now_ns - connected_ns)
            due_ns = pace.next_ns(now_ns, self.faults)
            # Drawn ahead, so that drawing adds nothing to the delay that a viewer measures.
            picture = self._source.picture(time.time_ns() + max(0, due_ns - now_ns))
            await self._wait_for_slot(connection, due_ns, connected_ns)
            await self._send(connection, picture)

    def _resize_when_due(self, age_ns: int) -> None:
        resize = self.faults.resize
        if resize is not None and not self._resized and age_ns >= resize.after_s * NS_PER_S:
            self._resized = True
            log.info("%s: size is now %s", self.name, resize.size)
            self.resize(resize.size)

    async def _wait_for_slot(self, connection: CameraConnection, due_ns: int, connected_ns: int) -> None:
        vanish = self.faults.vanish
        cut_ns = connected_ns + round(vanish.after_s * NS_PER_S) if vanish else due_ns
        # A wait of no time still lets others run.
        wait_s = max(0, min(due_ns, cut_ns) - time.monotonic_ns()) / NS_PER_S
        await asyncio.wait([connection.lost], timeout=wait_s)
        if self._stall_over is not None:
            await asyncio.wait([self._stall_over, connection.lost], return_when=asyncio.FIRST_COMPLETED)
        if connection.lost.done():
            raise ConnectionError(connection.lost.result())
        if self._power_cut or (vanish and time.monotonic_ns() >= cut_ns):
            raise PowerCut("power cut")

    async def _send(self, connection: CameraConnection, picture: Picture) -> None:
        kind, jpeg = self._damaged(picture.jpeg)
        frames = message_frames(jpeg, self.faults.framing, lambda: os.urandom(4))
        sent = Sent(picture.number, time.monotonic_ns(), self.name, kind, len(jpeg))
        connection.write(frames)
        self.sent += 1
        self.sent_bytes += len(jpeg)
        self.sends.append(sent)
        if self._on_sent is not None:
            self._on_sent(sent)
        self._note_change()
        await connection.drain()

    def _damaged(self, jpeg: bytes) -> tuple[str, bytes]:
        previous, self._previous_jpeg = self._previous_jpeg or jpeg, jpeg
        plan = self.faults.corrupt
        if plan is None or self._dice.random() >= plan.rate:
            return "", jpeg
        kind = self._dice.choice(plan.kinds)
        return kind, corrupt(kind, jpeg, previous, self._dice)

    async def _darken(self, connection: CameraConnection) -> None:
        await connection.fall_silent()
        self._silent.append(connection)
        if len(self._silent) > _KEPT_SILENT:
            self._silent.popleft().abort()

    async def _stay_dark(self, cut: PowerCut) -> None:
        vanish, self._power_cut = self._power_cut or self.faults.vanish, None
        back_s = vanish.back_s if vanish else None
        self._note_loss(f"{cut}, not a word more on this connection; {_plan(back_s)}")
        if back_s is None:
            await asyncio.get_running_loop().create_future()
        else:
            await asyncio.sleep(back_s)

    def _note_loss(self, reason: str) -> None:
        self.losses.append(reason)
        log.warning("%s: %s", self.name, reason)
        self._note_change()


def _plan(back_s: float | None) -> str:
    return "stays dark" if back_s is None else f"back in {back_s:g} s"
