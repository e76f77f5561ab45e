"""Asks the running pipeline: keeper over its unix socket, the page's /status over HTTP."""

import http.client
import json
import socket
from pathlib import Path
from typing import Any, Final

from common.config import Settings
from tools.launcher import lock
from tools.launcher.announce import local_host

TIMEOUT_S: Final = 5.0


class CommandError(Exception):
    """Why a command cannot be done, in a sentence."""


def require_pipeline(settings: Settings) -> int:
    """Return supervisord's process id; CommandError when nothing runs."""
    pid = lock.holder(settings.run_dir)
    if pid is None:
        raise CommandError(f"no pipeline runs in {settings.run_dir}; `make run-all` starts one")
    return pid


def ask_keeper(settings: Settings, method: str, path: str, value: object = None) -> dict[str, Any]:
    """Return keeper's answer; CommandError with its sentence when it refuses, or when it does not answer."""
    body = None if value is None else json.dumps(value)
    headers = {} if body is None else {"Content-Type": "application/json"}
    connection = _UnixConnection(settings.run_path("keeper.sock"))
    try:
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read() or b"{}")
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise CommandError(f"keeper does not answer ({error}); see {settings.run_path('logs')}/keeper.log") from error
    finally:
        connection.close()
    if response.status >= 400:
        raise CommandError(str(answer.get("error", answer)))
    return answer


def read_status(settings: Settings) -> dict[str, Any]:
    """Return /status; CommandError when it does not come."""
    server = settings.server
    connection = http.client.HTTPConnection(local_host(server.bind), server.port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", "/status")
        response = connection.getresponse()
        answer: dict[str, Any] = json.loads(response.read())
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise CommandError(f"/status does not answer on port {server.port} ({error})") from error
    finally:
        connection.close()
    if response.status != 200:
        raise CommandError(f"/status answers {response.status} on port {server.port}")
    return answer


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_S)
        self.sock.connect(str(self._path))
