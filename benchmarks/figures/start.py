"""From `make run-all`, the environment being made, to the first 200 of /status."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.rows import Row, Yardstick
from benchmarks.run import Run
from common.config import PROJECT_DIR
from common.service import die_with_parent
from tests.helpers.bus import free_port
from tests.helpers.pipeline import Pipeline

NAME: Final = "start"
_TARGET_S: Final = 2.0
_GIVE_UP_S: Final = 30.0
_POLL_S: Final = 0.005
# One Python process of the same library that answers: what a single service would need.
_BARE: Final = """
import sys
from aiohttp import web
app = web.Application()
async def answer(request): return web.json_response({})
app.router.add_get("/status", answer)
web.run_app(app, host="127.0.0.1", port=int(sys.argv[1]), print=None)
"""


def measure(run: Run) -> list[Row]:
    """Return the median of several starts."""
    ours, bare = [], []
    for number in range(1 if run.quick else 4):
        ours.append(_run_all(run.folder / f"start-{number}"))
        bare.append(_bare())
    note = f"{len(ours)} starts, {min(ours):.2f} to {max(ours):.2f} s"
    stick = Yardstick("one aiohttp process alone", median(bare))
    return [Row(NAME, "`make run-all` to the first 200 of /status", "s", median(ours), _TARGET_S, stick, note=note)]


def _run_all(folder: Path) -> float:
    folder.mkdir()
    idle = Pipeline(folder)
    idle.port, idle.ingest_port = free_port(), free_port()
    return _first_answer(["make", "run-all"], idle.port, idle.environment())


def _bare() -> float:
    port = free_port()
    return _first_answer([sys.executable, "-c", _BARE, str(port)], port, os.environ)


def _first_answer(command: list[str], port: int, environment: Mapping[str, str]) -> float:
    """Return how long a command takes from its start until its /status answers 200; it is ended then."""
    began = time.monotonic()
    process = subprocess.Popen(
        command,
        cwd=PROJECT_DIR,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent,
    )
    try:
        while not _answers(port):
            if process.poll() is not None or time.monotonic() - began > _GIVE_UP_S:
                raise TimeoutError(f"{command[0]} gave no answer within {time.monotonic() - began:.1f} s")
            time.sleep(_POLL_S)
        return time.monotonic() - began
    finally:
        # As Ctrl-C does: to the whole process group, make included.
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=_GIVE_UP_S)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=1) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
