"""What a test asks of a running pipeline over its public port: pages, /status, and waiting for what they will say."""

import http.client
import json
import time
from collections.abc import Callable
from typing import Any, Final

POLL_S: Final = 0.05


class PublicPort:
    """The outside of a pipeline on this machine."""

    def __init__(self, port: int) -> None:
        self.port = port

    def url(self, path: str, scheme: str = "http") -> str:
        """Return the address of a path on the public port."""
        return f"{scheme}://127.0.0.1:{self.port}{path}"

    def ask(self, method: str, path: str, value: object = None, **headers: str) -> tuple[int, bytes]:
        """Return status and body of a request to the public port; `value` goes as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        body = None if value is None else json.dumps(value)
        kind = {"Content-Type": "application/json"} if body is not None else {}
        try:
            connection.request(method, path, body, {**kind, **headers})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def status(self) -> dict[str, Any]:
        """Return /status."""
        code, body = self.ask("GET", "/status")
        assert code == 200, f"/status answered {code}: {body[:200]!r}"
        answer: dict[str, Any] = json.loads(body)
        return answer

    def camera(self, camera: str) -> dict[str, Any] | None:
        """Return a camera's row of /status, or None."""
        return next((row for row in self.status()["cameras"] if row["id"] == camera), None)

    def process_names(self) -> set[str]:
        """Return the processes that /status tells of; none while it does not answer."""
        try:
            return {row["name"] for row in self.status()["processes"]}
        except (OSError, http.client.HTTPException):
            return set()

    def wait_until(self, predicate: Callable[[], object], what: str, timeout: float = 15.0) -> float:
        """Return how many seconds it took until `predicate` held; AssertionError after `timeout` of them."""
        began = time.monotonic()
        while not predicate():
            if time.monotonic() - began > timeout:
                raise AssertionError(f"waited {timeout:.0f} s in vain for {what}")
            time.sleep(POLL_S)
        return time.monotonic() - began
