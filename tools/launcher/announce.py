"""The launcher's short-lived child: waits for the first answer, tells the addresses, ends."""

import os
import socket
import time
from typing import Final

from common.config import Settings
from common.network import lan_address

PATIENCE_S: Final = 20.0
_POLL_S: Final = 0.01


def announce(settings: Settings, supervisord_pid: int, *, is_demo: bool) -> None:
    """Print where the pipeline is to be found, as soon as it answers."""
    deadline = time.monotonic() + PATIENCE_S
    while not _answers(settings) and os.getppid() == supervisord_pid:
        if time.monotonic() > deadline:
            logs = settings.run_path("logs")
            print(f"The pipeline does not answer after {PATIENCE_S:.0f} s; its logs are in {logs}", flush=True)
            return
        time.sleep(_POLL_S)
    if os.getppid() == supervisord_pid:
        print(greeting(settings, lan_address(), is_demo=is_demo), flush=True)


def greeting(settings: Settings, lan: str, *, is_demo: bool) -> str:
    """Return the lines that a person reads after the start."""
    server = settings.server
    own = local_host(server.bind)
    far = lan if server.bind == "0.0.0.0" else server.bind
    pages = f"http://{own}:{server.port}/"
    if far != own:
        pages += f"   in the network: http://{far}:{server.port}/"
    lines = [
        "esp32-stream is up; Ctrl-C ends it.",
        f"  page    {pages}",
        f"  camera  ws://{far}:{server.port}/ws/camera/<name>",
        f"  logs    {settings.run_path('logs')}",
    ]
    if is_demo:
        lines.insert(2, "  demo    two simulated cameras are moving there")
    return "\n".join(lines)


def local_host(bind: str) -> str:
    """Return the address under which this machine reaches a server bound to `bind`."""
    return "127.0.0.1" if bind == "0.0.0.0" else bind


def _answers(settings: Settings) -> bool:
    """Return whether /status says 200. By hand: http.client would import ssl while everybody wants the processor."""
    request = b"GET /status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection((local_host(settings.server.bind), settings.server.port), 5.0) as connection:
            connection.sendall(request)
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
