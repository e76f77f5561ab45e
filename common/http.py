"""HTTP: the project's one door to aiohttp, with the defaults that a public port needs changed in one place.

A room builds an `Application` and serves it with `make_runner` on sockets that it accepts itself. Answers in words are
`refuse(...)`; `unix_session` asks other processes over their sockets in the run folder.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import (
    ClientConnectionError,
    ClientConnectorError,
    ClientError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    UnixConnector,
)
from aiohttp.http import HttpProcessingError
from aiohttp.web import (
    Application,
    AppRunner,
    HTTPException,
    Request,
    RequestHandler,
    Response,
    StreamResponse,
    WebSocketResponse,
    WSMsgType,
    middleware,
)
from yarl import URL

__all__ = (
    "AppRunner",
    "Application",
    "ClientConnectionError",
    "ClientConnectorError",
    "ClientError",
    "ClientPayloadError",
    "ClientResponse",
    "ClientSession",
    "HTTPException",
    "Handler",
    "Refused",
    "Request",
    "RequestHandler",
    "Response",
    "StreamResponse",
    "WSMsgType",
    "WebSocketResponse",
    "make_runner",
    "middleware",
    "refuse",
    "unix_session",
    "unix_url",
)

Handler = Callable[[Request], Awaitable[StreamResponse]]

# aiohttp waits 3,630 s for a kept-alive, silent or half-told request (measured). A page's requests come closer.
KEEPALIVE_TIMEOUT_S: Final = 12.0
# A body that nobody reads is drained this long before the connection is closed.
LINGERING_S: Final = 2.0
# 8 KiB is the usual bound of a request line or header (nginx, Apache); a page sends about 1 KiB in all.
LINE_LIMIT_BYTES: Final = 8190
HEADERS_LIMIT: Final = 64
# A process in the run folder accepts at once or is gone; between two reads of an answer it may look something up.
_UNIX_TIMEOUT: Final = ClientTimeout(total=None, sock_connect=2.0, sock_read=60.0)


def make_runner(
    application: Application, *, shutdown_timeout_s: float = 1.0, keepalive_timeout_s: float = KEEPALIVE_TIMEOUT_S
) -> AppRunner:
    """Return the runner that turns accepted sockets into requests; `await setup()` it first, `cleanup()` it last.

    `keepalive_timeout_s` is for the head of a request, too, from its connection or the last answer on.
    """
    return AppRunner(
        application,
        access_log=None,
        handle_signals=False,
        keepalive_timeout=keepalive_timeout_s,
        lingering_time=LINGERING_S,
        logger=_quiet_logger(),
        max_field_size=LINE_LIMIT_BYTES,
        max_headers=HEADERS_LIMIT,
        max_line_size=LINE_LIMIT_BYTES,
        shutdown_timeout=shutdown_timeout_s,
    )


def unix_session(path: str) -> ClientSession:
    """Return a client of the HTTP server on a unix socket: nothing is unpacked or followed, and no cookie is kept."""
    return ClientSession(
        # A player that is paused holds its connection; who comes when all are held waits.
        connector=UnixConnector(path, limit=256),
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        timeout=_UNIX_TIMEOUT,
    )


def unix_url(raw_path: str) -> URL:
    """Return the address to ask a `unix_session` for; the path and query stay as they came, byte for byte."""
    return URL(f"http://localhost{raw_path}", encoded=True)


def refuse(status: int, sentence: str, **headers: str) -> Response:
    """Return an answer of one sentence in plain text; `Retry_After="5"` becomes the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, text=f"{sentence}\n", headers=named)


class Refused(Exception):
    """The same answer, raised by whoever finds out deeper in; the room's middleware returns `answer`."""

    def __init__(self, status: int, sentence: str, **headers: str) -> None:
        super().__init__(sentence)
        self.answer = refuse(status, sentence, **headers)


def _quiet_logger() -> logging.Logger:
    # A viewer that offers a subprotocol is no news; nor is a request that is no HTTP: it is answered 400.
    logging.getLogger("aiohttp.websocket").setLevel(logging.ERROR)
    logger = logging.getLogger("aiohttp.server")
    if not any(isinstance(each, _BadRequestFilter) for each in logger.filters):
        logger.addFilter(_BadRequestFilter())
    return logger


class _BadRequestFilter(logging.Filter):
    """Drops the traceback that aiohttp logs for each malformed request: anybody could fill the disk with them."""

    def filter(self, record: logging.LogRecord) -> bool:
        return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
