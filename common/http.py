"""HTTP: the project's one door to aiohttp, with the defaults that a public port needs changed in one place.

A room builds an `Application`, and serves it with `make_runner` on sockets that it accepts itself, or with `serve_unix`
on a socket in the run folder. Answers in words are `refuse(...)`.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiohttp import ClientConnectionError, ClientError, ClientResponse, ClientSession, ClientTimeout, UnixConnector
from aiohttp.http import HttpProcessingError
from aiohttp.web import (
    Application,
    AppRunner,
    HTTPException,
    Request,
    RequestHandler,
    Response,
    StreamResponse,
    UnixSite,
    WebSocketResponse,
    WSMsgType,
    json_response,
    middleware,
)

__all__ = (
    "AppRunner",
    "Application",
    "ClientConnectionError",
    "ClientError",
    "ClientResponse",
    "ClientSession",
    "ClientTimeout",
    "HTTPException",
    "Handler",
    "Request",
    "RequestHandler",
    "Response",
    "StreamResponse",
    "UnixConnector",
    "WSMsgType",
    "WebSocketResponse",
    "json_response",
    "make_runner",
    "middleware",
    "refuse",
    "serve_unix",
)

Handler = Callable[[Request], Awaitable[StreamResponse]]

# aiohttp waits 3,630 s for a kept-alive, silent or half-told request (measured); a page's requests come closer together.
KEEPALIVE_TIMEOUT_S: Final = 12.0
# A body that nobody reads is drained this long before the connection is closed.
LINGERING_S: Final = 2.0
# 8 KiB is the usual bound of a request line or header (nginx, Apache); a page sends about 1 KiB in all.
LINE_LIMIT_BYTES: Final = 8190
HEADERS_LIMIT: Final = 64


def make_runner(application: Application, *, shutdown_timeout_s: float = 1.0) -> AppRunner:
    """Return the runner that turns accepted sockets into requests; `await setup()` it first, `cleanup()` it last."""
    return AppRunner(
        application,
        access_log=None,
        handle_signals=False,
        keepalive_timeout=KEEPALIVE_TIMEOUT_S,
        lingering_time=LINGERING_S,
        logger=_quiet_logger(),
        max_field_size=LINE_LIMIT_BYTES,
        max_headers=HEADERS_LIMIT,
        max_line_size=LINE_LIMIT_BYTES,
        shutdown_timeout=shutdown_timeout_s,
    )


@asynccontextmanager
async def serve_unix(application: Application, path: Path) -> AsyncIterator[None]:
    """Serve `application` on a unix socket; a stale socket file at `path` is replaced."""
    path.unlink(missing_ok=True)
    runner = make_runner(application)
    await runner.setup()
    try:
        await UnixSite(runner, str(path)).start()
        yield
    finally:
        await runner.cleanup()
        path.unlink(missing_ok=True)


def refuse(status: int, sentence: str, **headers: str) -> Response:
    """Return an answer of one sentence in plain text; `Retry_After="5"` becomes the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(status=status, text=f"{sentence}\n", headers=named)


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
