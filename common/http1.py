"""HTTP/1.1 as far as a small local API needs it: one request with a JSON body, one answer, connection closed. Pure.

By hand, because aiohttp costs 25 MB and http.server 9 (it imports ssl); the peers are our own fanout and tools.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from common.errors import StreamError

HEAD_LIMIT_BYTES: Final = 8 << 10
BODY_LIMIT_BYTES: Final = 64 << 10


class RequestError(StreamError):
    """A request that is answered with `status` and a sentence."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.headers = headers or {}
        super().__init__(text)


@dataclass(frozen=True, slots=True)
class Request:
    """One whole request; header names in small letters."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """Return the body's value, {} when there is no body; RequestError when it is not JSON or not said to be."""
        if not self.body:
            return {}
        # A form on a foreign page can send any body but cannot say this type without asking first (Fetch, CORS).
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise RequestError(415, f"expected Content-Type: application/json, got {kind[:60]!r}")
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise RequestError(400, f"the body is not JSON: {error}") from error


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; `value` goes out as JSON."""

    status: int
    value: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal(status: int, sentence: str) -> Answer:
    """Return an answer that only says why not."""
    return Answer(status, {"error": sentence})


def parse_request(received: bytes) -> Request | None:
    """Return the request, or None while it is not whole; RequestError when it never can be."""
    head, separator, rest = received.partition(b"\r\n\r\n")
    if len(head) > HEAD_LIMIT_BYTES:
        raise RequestError(431, f"the request's head exceeds {HEAD_LIMIT_BYTES} bytes")
    if not separator:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        raise RequestError(400, f"no HTTP/1 request: {first[:60]!r}")
    headers = dict(_header(line) for line in lines)
    length = _body_length(headers)
    if len(rest) < length:
        return None
    return Request(words[0], words[1].partition("?")[0], headers, rest[:length])


def encode_answer(answer: Answer, *, head_only: bool = False) -> bytes:
    """Return the bytes of an answer; 204 has no body, and says so by no length (RFC 9110, 8.6)."""
    if answer.status == HTTPStatus.NO_CONTENT:
        return b"HTTP/1.1 204 No Content\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    body = json.dumps(answer.value).encode() + b"\n"
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    fields = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "Connection": "close",
        **answer.headers,
    }
    lines += [f"{name}: {value}" for name, value in fields.items()]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    return head if head_only else head + body


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name or name != name.strip():
        raise RequestError(400, f"malformed header {line[:60]!r}")
    return name.lower(), value.strip()


def _body_length(headers: Mapping[str, str]) -> int:
    if "transfer-encoding" in headers:
        raise RequestError(411, "send the body with Content-Length")
    text = headers.get("content-length", "0")
    if not text.isascii() or not text.isdigit():
        raise RequestError(400, f"malformed Content-Length {text[:20]!r}")
    if len(text) > 9 or int(text) > BODY_LIMIT_BYTES:
        raise RequestError(413, f"a body of {text[:20]} bytes exceeds {BODY_LIMIT_BYTES}")
    return int(text)
