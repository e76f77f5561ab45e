"""Rooms as real processes for integration tests: started with their own run folder, ended with the block."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from common.config import PROJECT_DIR, Settings, load

DEADLINE_S = 15.0


@dataclass
class Room:
    """One process, and its log."""

    name: str
    process: subprocess.Popen[bytes]
    log_path: Path

    def log(self) -> str:
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def open_files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def rss_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(DEADLINE_S)


def wait_until(condition: Callable[[], object], what: str, deadline_s: float = DEADLINE_S) -> None:
    """Wait until `condition()` is true; fail saying what was waited for."""
    end = time.monotonic() + deadline_s
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not within {deadline_s:g} s: {what}")
        time.sleep(0.01)


def settings_in(folder: Path, **variables: str) -> Settings:
    """Return the settings of a pipeline whose files are all in `folder`."""
    return load(environment(folder, **variables))


def environment(folder: Path, **variables: str) -> dict[str, str]:
    folders = {"CAM_RUN_DIR": "run", "CAM_STATE_DIR": "state", "CAM_RECORDING_DIR": "recordings"}
    return {**{name: str(folder / below) for name, below in folders.items()}, **variables}


@contextmanager
def room(
    name: str,
    folder: Path,
    *,
    stdin: socket.socket | None = None,
    arguments: tuple[str, ...] = (),
    prefix: tuple[str, ...] = (),
    **variables: str,
) -> Iterator[Room]:
    """Run `python -m services.<stage> --name <name>` until the block ends; yields when it is ready.

    `prefix`: a command that becomes another one (`nice`, `unshare`).
    """
    stage = name.partition("-")[0]
    log_path = folder / f"{name}.log"
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("CAM_")}
    with log_path.open("ab") as log:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-m", f"services.{stage}", "--name", name, *arguments],
            cwd=PROJECT_DIR,
            env={**inherited, **environment(folder, **variables)},
            stdin=stdin.fileno() if stdin else subprocess.DEVNULL,
            stderr=log,
        )
    started = Room(name, process, log_path)
    try:
        wait_until(lambda: "ready" in started.log() or process.poll() is not None, f"{name} ready")
        yield started
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(DEADLINE_S)


@contextmanager
def listening_socket(host: str = "127.0.0.1") -> Iterator[socket.socket]:
    """Yield a socket that listens on a free port, as supervisord makes it."""
    with socket.create_server((host, 0), backlog=128) as listener:
        yield listener
