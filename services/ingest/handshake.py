"""The request head of whoever connects in; the 101 that every known camera library takes, or a refusal, out; no I/O.

The handshake is ours because cameras in the field break the RFC in ways that `websockets` rightly answers with 400:
keys that are no base64 (`foo`, `b'...'`), a missing version, any Host or none.
"""

from collections.abc import Generator
from dataclasses import dataclass
from http import HTTPStatus
from io import BytesIO
from typing import Final
from urllib.parse import parse_qs, quote_from_bytes, unquote

from websockets.datastructures import Headers
from websockets.exceptions import SecurityError
from websockets.http11 import Request, Response
from websockets.utils import accept_key

from common.errors import CameraNameError
from common.names import CameraId, camera_id

HEAD_LIMIT_BYTES: Final = 8 << 10
HEAD_END: Final = b"\r\n\r\n"

_PATH: Final = "/ws/camera"
# Printable ASCII but the space: a target is passed on as it came, and what else it holds is quoted.
_SAFE: Final = "".join(chr(code) for code in range(0x21, 0x7F))


@dataclass(frozen=True, slots=True)
class Welcome:
    """A camera may come in: the name that it gave (None: none), and our half of the handshake."""

    name: CameraId | None
    response: bytes


@dataclass(frozen=True, slots=True)
class Refusal:
    """A connection may not come in."""

    status: int
    text: str
    response: bytes


def answer_head(head: bytes) -> Welcome | Refusal:
    """Return the answer to a whole request head (up to and with its empty line)."""
    request_line, _, rest = head.partition(b"\r\n")
    method, _, target_and_version = request_line.partition(b" ")
    target, _, version = target_and_version.rpartition(b" ")
    path, _, query = quote_from_bytes(target, _SAFE).partition("?")
    if not path.startswith("/") or not version.startswith(b"HTTP/1."):
        return refuse(400, "This is no HTTP request that cameras send.")
    given = _name_in(path, query)
    if given is _ELSEWHERE:
        return refuse(404, f"Cameras connect to {_PATH} here; there is nothing at {path[:80]}.", method == b"HEAD")
    if method != b"GET":
        return refuse(405, f"Cameras connect to {_PATH} with GET, not {method.decode('ascii', 'replace')[:20]}.")
    return _answer_headers(b"GET / HTTP/1.1\r\n" + rest, given)


def refuse(status: int, text: str, is_head: bool = False) -> Refusal:
    """Return a short plain HTTP answer; the device will be back, so it is cheap."""
    body = f"{text}\n".encode()
    headers = Headers(
        [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body))), ("Connection", "close")]
    )
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = "GET"
    if status == HTTPStatus.UPGRADE_REQUIRED:
        headers["Upgrade"] = "websocket"
    response = Response(status, HTTPStatus(status).phrase, headers, b"" if is_head else body)
    return Refusal(status, text, response.serialize())


_ELSEWHERE: Final = object()


def _name_in(path: str, query: str) -> object:
    """Return the name in the address, None when it has none, _ELSEWHERE when it is not a camera's address."""
    if path == _PATH:
        # 8 KiB hold some thousand fields at most.
        names = parse_qs(query, keep_blank_values=True).get("id")
        return names[0] if names else None
    parent, _, name = path.rpartition("/")
    return unquote(name) if parent == _PATH else _ELSEWHERE


def _answer_headers(head: bytes, given: object) -> Welcome | Refusal:
    try:
        headers = _parse(head).headers
        name = camera_id(str(given)) if given is not None else None
    except CameraNameError as error:
        return refuse(400, f"{str(error)[0].upper()}{str(error)[1:]}.")
    except (EOFError, ValueError, SecurityError, NotImplementedError) as error:
        return refuse(400, f"The request's headers cannot be read: {str(error)[:120]}.")
    keys = headers.get_all("Sec-WebSocket-Key")
    if not keys and "websocket" not in headers.get("Upgrade", "").lower():
        return refuse(426, f"{_PATH} is a WebSocket for cameras.")
    return Welcome(name, _switch_protocols(keys[0] if keys else ""))


def _switch_protocols(key: str) -> bytes:
    # `Connection: Upgrade` alone, no empty value, under 1 KiB in all: what the libraries of ESP32 cameras check.
    headers = Headers([("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept_key(key))])
    return Response(101, "Switching Protocols", headers).serialize()


def _parse(head: bytes) -> Request:
    lines = BytesIO(head)

    def read_line(_limit: int, _too_long: type[Exception]) -> Generator[None, None, bytes]:
        return lines.readline()
        yield

    parser = Request.parse(read_line)
    try:
        next(parser)
    except StopIteration as parsed:
        request: Request = parsed.value
        return request
    raise AssertionError("the head is whole, so its parser never waits")
