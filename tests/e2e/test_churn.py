"""Cameras and viewers that come and go leave nothing behind: no descriptor, no task's memory, no camera online."""

import os
import socket
import time
from functools import partial
from pathlib import Path

import psutil
import pytest
from websockets.sync.client import connect

from tests.helpers.pipeline import Pipeline
from tests.helpers.viewer import Viewer
from tools.mock_camera.scene import Scene
from tools.mock_camera.sizes import Size

pytestmark = pytest.mark.timeout(180)

ROUNDS = 100
# What an allocator keeps after the first rounds; a leaked connection costs some 50 KB, a hundred of them 5 MB.
MEMORY_ROOM_BYTES = 3 << 20


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("churn")) as running:
        yield running


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    return Scene("churn", Size(320, 240)).jpeg(1, 0)


def descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def has_descriptors(pid: int, most: int) -> bool:
    return descriptors(pid) <= most


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


def push(pipeline: Pipeline, jpeg: bytes) -> None:
    with connect(pipeline.url("/ws/camera/churn", "ws"), compression=None, close_timeout=0.1) as camera:
        camera.send(jpeg)
        camera.send(jpeg)
        # Gone without a Close frame, as a camera that lost its power.
        camera.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        camera.socket.close()


def watch(pipeline: Pipeline, _jpeg: bytes) -> None:
    with Viewer(pipeline.url("/ws/viewer?camera=churn&format=jpeg", "ws")) as viewer:
        pipeline.wait_until(lambda: bool(viewer.told("hello")), "hello", 10)


@pytest.mark.parametrize(("stage", "visit"), [("ingest", push), ("fanout", watch)])
def test_hundred_visits_leave_no_descriptor_and_no_memory_behind(pipeline, jpeg, stage, visit):
    push(pipeline, jpeg)
    pids = [pipeline.process(f"{name}-0") for name in ("ingest", "fanout")]
    for _ in range(ROUNDS // 2):
        visit(pipeline, jpeg)
    settle(pipeline)
    before = {pid: (descriptors(pid), psutil.Process(pid).memory_info().rss) for pid in pids}
    for _ in range(ROUNDS):
        visit(pipeline, jpeg)
    settle(pipeline)
    for pid, (fds, rss_bytes) in before.items():
        # Our own last question may still be open on the other side.
        pipeline.wait_until(partial(has_descriptors, pid, fds), f"{fds} descriptors at {command_of(pid)}", 10)
        assert psutil.Process(pid).memory_info().rss - rss_bytes < MEMORY_ROOM_BYTES
    assert [pipeline.process(f"{name}-0") for name in ("ingest", "fanout")] == pids


def settle(pipeline: Pipeline) -> None:
    pipeline.wait_until(lambda: not pipeline.camera("churn")["online"], "the camera is offline", 20)
    pipeline.wait_until(lambda: pipeline.camera("churn")["viewers"] == 0, "no viewer is left", 20)


def test_camera_that_loses_its_power_is_shown_offline_within_seconds(pipeline):
    camera = pipeline.mock_camera("dark", "--prerender", "20", "--vanish", "2:60", fps=10, size="qvga")
    pipeline.wait_for_camera("dark")
    frames = -1

    def stands_still() -> bool:
        nonlocal frames
        before, frames = frames, pipeline.camera("dark")["frames"]
        return frames == before

    # Asked every second, because that is how often it is told.
    pipeline.wait_until(lambda: time.sleep(1.5) or stands_still(), "no more frames", 20)
    took_s = pipeline.wait_until(lambda: not pipeline.camera("dark")["online"], "the camera is offline", 20)
    # Keep-alive: 5 s of silence and two probes of 2 s each; the silence began before we saw it.
    print(f"offline {took_s:.1f} s after the last frame was missed")
    camera.kill()
    camera.wait()
