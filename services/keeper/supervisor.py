"""The one door to supervisord: XML-RPC over its unix socket in the run folder, one short call at a time."""

import socket
from pathlib import Path
from typing import Any, Final

from common.errors import StreamError
from services.keeper.desired import Action, Member
from services.keeper.xmlrpc import FaultError, decode_response, encode_call

# supervisord answers within milliseconds unless it is stopped or the machine is drowned; keeper waits no longer.
TIMEOUT_S: Final = 2.0
_READ_BYTES: Final = 1 << 16
# supervisord's fault codes for "it is already so" and "I am shutting down": nothing to do, nothing to say.
_HARMLESS: Final = frozenset({6, 60, 70})


class SupervisorError(StreamError):
    """supervisord cannot be reached, or answers what cannot be understood."""


class Supervisor:
    """supervisord's table, and starts and stops of its members."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def table(self) -> list[Member]:
        """Return all members of all programs."""
        try:
            rows = self._call("supervisor.getAllProcessInfo")
            return [Member(row["group"], row["name"], row["statename"], row["pid"]) for row in rows]
        except (KeyError, TypeError) as error:
            raise SupervisorError(f"supervisord's table lacks {error}") from error

    def do(self, action: Action) -> None:
        """Start, stop or kill a member, without waiting until it has; harmless when it is so already."""
        name = f"{action.member.group}:{action.member.name}"
        try:
            if action.verb == "kill":
                self._call("supervisor.signalProcess", name, "KILL")
            else:
                self._call(f"supervisor.{action.verb}Process", name, False)
        except FaultError as fault:
            if fault.code not in _HARMLESS:
                raise

    def _call(self, method: str, *arguments: str | bool) -> Any:
        body = encode_call(method, *arguments)
        head = f"POST /RPC2 HTTP/1.0\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            answer = self._exchange(head.encode() + body)
            status, _, content = answer.partition(b"\r\n\r\n")
            if status.split(b" ", 2)[1:2] != [b"200"]:
                raise SupervisorError(f"supervisord answered {status[:60]!r}")
            return decode_response(content)
        except (OSError, ValueError) as error:
            raise SupervisorError(f"supervisord does not answer at {self._path}: {error}") from error

    def _exchange(self, request: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(TIMEOUT_S)
            connection.connect(str(self._path))
            connection.sendall(request)
            parts = []
            while part := connection.recv(_READ_BYTES):
                parts.append(part)
            return b"".join(parts)
