"""`python -m tools.mock_camera` as a process: what it prints, writes, and ends with."""

import asyncio
import signal
import sys
import time
from contextlib import asynccontextmanager

import pytest

from common.config import PROJECT_DIR
from tests.helpers.camera_server import CameraServer
from tools.mock_camera.scene import Scene
from tools.mock_camera.sizes import SIZES

DEADLINE_S = 30


def run(scenario):
    async def main():
        async with asyncio.timeout(DEADLINE_S), CameraServer().listening() as server:
            await scenario(server)

    asyncio.run(main())


@asynccontextmanager
async def program(server, *flags):
    """The program, with standard error to read; killed if the test leaves it running."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.mock_camera", "--server", f"127.0.0.1:{server.port}", *flags,
        cwd=PROJECT_DIR, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ending(process) -> tuple[int, str]:
    _, said = await process.communicate()
    return process.returncode, said.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_program_ends_cleanly_on_a_signal(number):
    async def scenario(server):
        async with program(server, "--camera", "porch", "--size", "qvga") as process:
            await server.wait_messages(3)
            process.send_signal(number)
            status, said = await ending(process)
        assert status == 0
        lines = [line.partition(" ")[2] for line in said.splitlines()]
        url = f"ws://127.0.0.1:{server.port}/ws/camera/porch"
        assert lines[0] == f"sending 320x240 pictures at 25 fps to {url}; Ctrl-C ends it"
        assert lines[1] == f"porch: connected to {url}"
        assert lines[2].startswith("porch: ended after ")
        assert len(lines) == 3

    run(scenario)


def test_program_that_waits_for_its_server_ends_on_a_signal_too():
    async def scenario(server):
        server.refusal = (503, "later")
        async with program(server) as process:
            assert process.stderr
            while b"trying again" not in await process.stderr.readline():
                pass
            process.send_signal(signal.SIGTERM)
            status, _ = await ending(process)
        assert status == 0

    run(scenario)


def test_program_logs_each_send_with_its_time(tmp_path):
    async def scenario(server):
        log = tmp_path / "sends.txt"
        before_ns = time.monotonic_ns()
        flags = ("--camera", "porch", "--frames", "8", "--corrupt", "junk:1", "--quiet", "--log-sends", str(log))
        async with program(server, *flags) as process:
            status, said = await ending(process)
        assert (status, said) == (0, "")
        rows = [line.split() for line in log.read_text().splitlines()]
        assert [row[0] for row in rows] == [str(number) for number in range(8)]
        times_ns = [int(row[1]) for row in rows]
        assert before_ns < times_ns[0]
        assert times_ns == sorted(times_ns)
        assert times_ns[-1] < time.monotonic_ns()
        assert {tuple(row[2:]) for row in rows} == {("porch", "junk")}

    run(scenario)


def test_program_runs_several_cameras_that_repeat_ready_frames():
    async def scenario(server):
        flags = ("--cameras", "3", "--camera", "porch", "--frames", "7", "--prerender", "3", "--size", "qqvga")
        async with program(server, *flags) as process:
            status, _ = await ending(process)
        assert status == 0
        await server.wait_until(lambda: not any(session.is_open for session in server.sessions))
        assert {session.path for session in server.sessions} == {f"/ws/camera/porch-{n}" for n in (1, 2, 3)}
        for session in server.sessions:
            assert len(session.messages) == 7
            assert session.messages[0:3] == session.messages[3:6]
            assert len(set(session.messages)) == 3

    run(scenario)


def test_program_plays_a_folder(tmp_path):
    scene = Scene("elsewhere", SIZES["qqvga"])
    jpegs = [scene.jpeg(number, 0) for number in range(2)]
    for number, jpeg in enumerate(jpegs):
        (tmp_path / f"{number}.jpg").write_bytes(jpeg)

    async def scenario(server):
        async with program(server, "--images", str(tmp_path), "--frames", "5") as process:
            status, said = await ending(process)
        assert status == 0
        assert f"sending 2 pictures of {tmp_path} at 25 fps" in said
        assert server.sessions[0].messages == [jpegs[0], jpegs[1], jpegs[0], jpegs[1], jpegs[0]]

    run(scenario)


@pytest.mark.parametrize(("flags", "words"), [
    (("--fps", "fast"), "mock-camera: argument --fps: 'fast' is no frame rate from 0.01 to 1000"),
    (("--images", "/nonexistent"), "mock-camera: cannot read pictures from /nonexistent: No such file or directory"),
    (("--log-sends", "/nonexistent/sends.txt"), "mock-camera: cannot write /nonexistent/sends.txt: No such file"),
])  # fmt: skip
def test_program_refuses_a_wrong_flag_in_one_sentence(flags, words):
    async def scenario(server):
        async with program(server, *flags) as process:
            status, said = await ending(process)
        assert status == 2
        assert said.startswith(words)
        assert said.count("\n") == 1
        assert server.sessions == []

    run(scenario)
