"""HTTP by hand, where no server stands between: a refusal on a bare socket, and a request's head made anew. Pure."""

from collections.abc import Iterable
from http import HTTPStatus


def refusal(status: int, sentence: str) -> bytes:
    """Return a whole HTTP/1.1 answer of one sentence."""
    body = f"{sentence}\n".encode()
    try:
        reason = HTTPStatus(status).phrase
    except ValueError:
        reason = "Refused"
    head = (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode() + body


def request_head(method: str, target: str, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the head of an HTTP/1.1 request as its first reader saw it."""
    lines = [f"{method} {target} HTTP/1.1".encode(), *(b"%b: %b" % header for header in headers)]
    return b"\r\n".join(lines) + b"\r\n\r\n"
