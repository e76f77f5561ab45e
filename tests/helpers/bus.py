"""A real broker process for a test, and short folders for sockets: pytest's own are often too long for sockaddr_un."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.config import BusAddresses


@contextmanager
def short_tmp() -> Iterator[Path]:
    """Yield a new folder with a short path, removed afterwards."""
    path = Path(tempfile.mkdtemp(prefix="cam-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def addresses_in(run_dir: Path) -> BusAddresses:
    return BusAddresses(f"ipc://{run_dir}/bus-publish.sock", f"ipc://{run_dir}/bus-subscribe.sock", 1000)


@contextmanager
def broker(run_dir: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    environ = {**os.environ, "CAM_RUN_DIR": str(run_dir), "CAM_STATE_DIR": str(run_dir), **variables}
    process = subprocess.Popen([sys.executable, "-m", "services.broker", "--name", "broker"], env=environ)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGCONT)
        process.kill()
        process.wait()


def free_port() -> int:
    """Return a TCP port of the loopback that was free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
