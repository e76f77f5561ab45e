"""A hundred cameras come and go in one process: its descriptors, tasks and objects are what they were."""

import asyncio
import gc
import time
from pathlib import Path

from common.clock import SystemClock, host_id
from common.service import Process
from services.ingest.__main__ import serve
from services.ingest.connection import CameraConnection
from services.ingest.messages import MessageStream
from services.ingest.rest import RestingSelector
from services.ingest.session import Session
from tests.helpers.bus import short_tmp
from tests.helpers.jpegs import make_jpeg
from tests.helpers.raw_camera import RawCamera, join
from tests.helpers.rooms import listening_socket, settings_in
from tests.helpers.websocket import BINARY, client_frame

JPEG = make_jpeg()
KINDS = (CameraConnection, MessageStream, Session)


def count_objects() -> int:
    return sum(type(thing) in KINDS for thing in gc.get_objects())


def count_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def come_and_go(port: int, number: int) -> None:
    with join(port, "/ws/camera/flapping" if number % 2 else "/ws/camera") as camera:
        camera.send_picture(JPEG)
        camera.send(client_frame(BINARY, JPEG)[:100])
        if number % 3 == 0:
            camera.crash()
    with RawCamera(port) as refused:
        refused.ask("/nowhere")
    with RawCamera(port) as silent:
        silent.send(b"GET /ws")


async def let_come_and_go(port: int, number: int) -> None:
    for at in range(number):
        await asyncio.to_thread(come_and_go, port, at)
    # Refused connections linger for a second, ousted ones for two.
    await asyncio.sleep(2.5)


def count_all() -> tuple[int, int, int]:
    return count_descriptors(), len(asyncio.all_tasks()), count_objects()


def test_hundred_connects_and_disconnects_leave_no_descriptor_task_or_object():
    selector = RestingSelector()

    async def main() -> None:
        with short_tmp() as folder, listening_socket() as listener:
            # No broker: absence is normal, and the process counts its own.
            settings = settings_in(folder)
            settings.run_dir.mkdir(parents=True)
            process = Process("ingest-0", "ingest", host_id(), 1, time.monotonic_ns())
            listener.setblocking(False)
            port = listener.getsockname()[1]
            serving = asyncio.create_task(serve(process, settings, SystemClock(), listener.dup(), selector))
            await let_come_and_go(port, 5)
            before = count_all()
            gc.disable()
            try:
                await let_come_and_go(port, 100)
                after = count_all()
            finally:
                gc.enable()
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)
            assert after == before
            # Nothing waited for the collector, either.
            assert after[2] == 0

    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(selector)) as runner:
        runner.run(main())
