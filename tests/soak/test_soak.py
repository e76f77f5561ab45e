"""Cameras that drop and return every two seconds, viewers that pass: nothing grows, every frame is accounted for.

`make soak` runs it for `MINUTES`; by itself it takes well under a minute.
"""

import asyncio
import http.client
import itertools
import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchmarks.viewer import Viewer
from common.config import load
from tests.helpers.bus_ear import BusEar
from tests.helpers.pipeline import Pipeline
from tools.mock_camera.client import MockCamera
from tools.mock_camera.scene import Scene
from tools.mock_camera.sizes import Size
from tools.mock_camera.source import ReadySource

MINUTES = float(os.environ.get("SOAK_MINUTES") or 0)
SOAK_S = MINUTES * 60 or 15.0
WARM_S = max(12.0, SOAK_S / 8)
SETTLED_S = 40.0

pytestmark = pytest.mark.timeout(SOAK_S + WARM_S + 240)

SCALE = {"transcode": 2, "fanout": 2}
STEADY, FLAPPING = ("steady-1", "steady-2"), ("flap-1", "flap-2", "flap-3")
FPS, SMALL = 10, Size(320, 240)
FLAP_S = 2.0
VISITORS = 4
VISIT_S = 1.5
# What allocators keep in a fragmented heap (a connection that leaks costs some 50 KB, and there are thousands); our own
# questions, just closed; pools of threads that fill when they are first needed.
ROOM = {"memory_bytes": 12 << 20, "descriptors": 3, "threads": 4, "tasks": 2}
# An encoder takes some MB, and the heap keeps what as many as were ever open at once took; one that leaked would do so
# with every opening.
ENCODERS_ROOM_BYTES = 32 << 20


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory) -> Iterator[Pipeline]:
    with Pipeline(tmp_path_factory.mktemp("soak"), scale=SCALE) as running:
        for camera in STEADY:
            running.mock_camera(camera, "--prerender", "40", fps=FPS, size="qvga")
        for camera in STEADY:
            running.wait_for_camera(camera)
        yield running


@dataclass(frozen=True)
class Sizes:
    """What a process holds."""

    name: str
    memory_bytes: int
    descriptors: int
    threads: int
    tasks: int


def test_flapping_cameras_and_passing_viewers_leave_nothing_behind_and_every_frame_is_accounted_for(pipeline):
    with coming_and_going(pipeline):
        time.sleep(WARM_S)
    before = settled_sizes(pipeline)
    with coming_and_going(pipeline):
        time.sleep(SOAK_S)
    wait_settled(pipeline)
    deadline = time.monotonic() + SETTLED_S
    while (grown := growth(before, sizes_now := sizes(pipeline))) and time.monotonic() < deadline:
        time.sleep(0.5)
    for pid, was in before.items():
        print(was, "->", sizes_now.get(pid))
    assert not grown
    assert sizes_now.keys() == before.keys(), "a process was replaced"
    deadline = time.monotonic() + SETTLED_S
    while (open_rows := unbalanced(pipeline)) and time.monotonic() < deadline:
        time.sleep(0.5)
    assert not open_rows


# What flaps, and who passes.


@contextmanager
def coming_and_going(pipeline: Pipeline) -> Iterator[None]:
    """Flap and visit as long as the block lasts."""
    ended = threading.Event()
    threads = [threading.Thread(target=flap_all, args=(pipeline.port, ended))]
    threads += [threading.Thread(target=visit_often, args=(pipeline, seed, ended)) for seed in range(VISITORS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join(60)


def flap_all(port: int, ended: threading.Event) -> None:
    async def run() -> None:
        async with asyncio.TaskGroup() as group:
            for camera in FLAPPING:
                group.create_task(flap(camera, port, ended))

    asyncio.run(run())


async def flap(camera: str, port: int, ended: threading.Event) -> None:
    """Be there for two seconds, gone for one; every second time the connection is cut, not closed."""
    for turn in itertools.count():
        if ended.is_set():
            return
        source = ReadySource(lambda size: Scene(camera, size), SMALL, 10, 10**9 // FPS, 0)
        async with MockCamera(camera, "127.0.0.1", port, fps=FPS, source=source).running() as running:
            await asyncio.sleep(FLAP_S)
            if turn % 2:
                running.drop()
        await asyncio.sleep(FLAP_S / 2)


def visit_often(pipeline: Pipeline, seed: int, ended: threading.Event) -> None:
    dice = random.Random(seed)
    while not ended.is_set():
        camera, format_ = dice.choice(STEADY + FLAPPING), dice.choice(("h264", "mp4", "jpeg", "stream"))
        # A camera that is away just now is a viewer's life, too.
        with suppress(OSError, http.client.HTTPException):
            (stream if format_ == "stream" else watch)(pipeline.port, camera, format_)
        ended.wait(dice.random() * VISIT_S)


def watch(port: int, camera: str, format_: str) -> None:
    until = time.monotonic() + VISIT_S
    with Viewer(port, f"/ws/viewer?camera={camera}&format={format_}", timeout_s=VISIT_S) as viewer:
        for _ in viewer.pictures():
            if time.monotonic() > until:
                return


def stream(port: int, camera: str, _format: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=VISIT_S)
    try:
        connection.request("GET", f"/cameras/{camera}/stream.mjpeg")
        connection.getresponse().read(20_000)
    finally:
        connection.close()


# What is left.


def wait_settled(pipeline: Pipeline) -> None:
    """Wait until only the steady cameras are there, nobody watches, and no encoder is open."""

    def is_settled() -> bool:
        status = pipeline.status()
        cameras = [row for row in status["cameras"] if row["viewers"] or row["encode_ms"] is not None]
        flapping = [row for row in status["cameras"] if row["online"] and row["id"] in FLAPPING]
        return not cameras and not flapping and not status["viewers"]

    pipeline.wait_until(is_settled, "everything that came is gone", SETTLED_S)


def settled_sizes(pipeline: Pipeline) -> dict[int, Sizes]:
    """Return the sizes with nothing under way, as the smallest of some looks: a question of ours may be open."""
    wait_settled(pipeline)
    looks = [sizes(pipeline) for _ in range(3)]
    return {
        pid: Sizes(
            one.name,
            *(min(getattr(look[pid], what) for look in looks if pid in look) for what in ROOM),
        )
        for pid, one in looks[-1].items()
    }


def sizes(pipeline: Pipeline) -> dict[int, Sizes]:
    """Return what each process of the pipeline holds now, by its id; what it says of itself is not older than 1 s."""
    tasks = told_tasks(pipeline)
    return {
        row.pid: Sizes(
            row.name, anonymous_bytes(row.pid), count(row.pid, "fd"), count(row.pid, "task"), tasks.get(row.name, 0)
        )
        for row in pipeline.table()
        if row.pid and row.name in tasks
    }


def told_tasks(pipeline: Pipeline) -> dict[str, int]:
    """Return the number of tasks that each process told of."""
    names = {"broker", "keeper", "ingest-0", *(f"{stage}-{n}" for stage, size in SCALE.items() for n in range(size))}
    with BusEar(load(pipeline.environment()).bus_addresses, "status") as ear:

        def told() -> dict[str, Any]:
            found = {record["name"]: record["tasks"] for record in ear.records("status") if "tasks" in record}
            return found if names <= found.keys() else {}

        heard: dict[str, int] = ear.wait(told, f"a status record of each of {sorted(names)}")
    return heard


def anonymous_bytes(pid: int) -> int:
    """Return the memory of its own: shared libraries depend on who else runs."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"status of {pid} has no RssAnon")


def count(pid: int, what: str) -> int:
    return len(list(Path(f"/proc/{pid}/{what}").iterdir()))


def growth(before: dict[int, Sizes], after: dict[int, Sizes]) -> list[str]:
    """Return in words what has grown."""
    grown = []
    for pid, was in before.items():
        now = after.get(pid)
        if now is None:
            grown.append(f"{was.name} is gone")
            continue
        grown += [
            f"{was.name}: {what} {getattr(was, what)} -> {getattr(now, what)}"
            for what, room in ROOM.items()
            if getattr(now, what) > getattr(was, what) + max(room, extra_room(was.name, what))
        ]
    return grown


def extra_room(name: str, what: str) -> int:
    return ENCODERS_ROOM_BYTES if name.startswith("transcode") and what == "memory_bytes" else 0


def unbalanced(pipeline: Pipeline) -> list[str]:
    """Return the rows of the ledger that do not close: in = out + dropped + held, and nothing lost on the bus."""
    wrong, hops = [], set()
    for camera in pipeline.status()["cameras"]:
        for row in camera["ledger"]:
            hops.add(row["hop"])
            if row["in"] != row["out"] + sum(row["dropped"].values()) + row["held"] or row["bus"]:
                wrong.append(f"{camera['id']}: {row}")
    missing = {"ingest", "transcode", "fanout"} - hops
    return wrong + [f"no row of {hop}" for hop in sorted(missing)]
