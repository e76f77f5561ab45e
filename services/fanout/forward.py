"""APIs of other processes: requests under a prefix that one announced go to its unix socket, and the answers back.

Bodies and answers are streamed; fanout knows nothing else of them.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Final

from common.http import (
    ClientConnectionError,
    ClientConnectorError,
    ClientError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    Request,
    StreamResponse,
    refuse,
    unix_session,
    unix_url,
)
from common.units import NS_PER_S
from services.fanout.connection import connection_of
from services.fanout.patience import Patience
from services.fanout.statuses import Api

log = logging.getLogger(__name__)

BODY_LIMIT_BYTES: Final = 8 << 20
# A player that shows a long recording stops reading while its buffer is full.
READER_STALL_NS: Final = 120 * NS_PER_S
LONG_ANSWER_BYTES: Final = 1 << 20
# A turn of the loop a part, and viewers have theirs in between: one download at 1 GB/s, which is all that a core gives,
# adds 0.3 ms to a viewer's delay (p99 4 ms); four at once 1.1 ms (p99 3 ms; measured on loopback, 2 cores).
CHUNK_BYTES: Final = 1 << 16

# RFC 9110 section 7.6.1: they concern one connection. Expect was answered by aiohttp.
_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "expect",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
# A client's own word on who it is counts for nothing.
_SET_HERE: Final = frozenset({"forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"})


class Forwarder:
    """Clients of the processes' sockets, kept open between requests."""

    def __init__(self, run_dir: Path, patience: Patience) -> None:
        self._run_dir: Final = run_dir
        self._patience: Final = patience
        self._sessions: dict[str, ClientSession] = {}

    async def close(self) -> None:
        """Close all connections to other processes."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    async def forward(self, request: Request, api: Api) -> StreamResponse:
        """Answer with what the API's process answers; 503 when it is away, 502 when its answer is none."""
        if Path(api.socket).parent != self._run_dir:
            return refuse(502, f"{api.owner} announced a socket outside the run folder")
        if (request.content_length or 0) > BODY_LIMIT_BYTES:
            return refuse(413, f"a body of more than {BODY_LIMIT_BYTES} bytes is not taken", Connection="close")
        body = Body(request, self._patience)
        try:
            async with self._session(api.socket).request(
                request.method,
                unix_url(request.raw_path),
                headers=_request_headers(request),
                data=body.parts() if request.can_read_body else None,
                allow_redirects=False,
            ) as answer:
                return await _pass_back(request, answer)
        except (ClientError, TimeoutError) as error:
            if body.refusal:
                return refuse(*body.refusal, Connection="close")
            return _refuse(api, error)

    def _session(self, path: str) -> ClientSession:
        session = self._sessions.get(path)
        if session is None:
            session = self._sessions[path] = unix_session(path)
        return session


class Body:
    """A request's body on its way, bounded in size and time; `refusal` says why it was not sent on."""

    def __init__(self, request: Request, patience: Patience) -> None:
        self._request: Final = request
        self._patience: Final = patience
        self.refusal: tuple[int, str] | None = None

    async def parts(self) -> AsyncIterator[bytes]:
        """Yield the body; raise ClientPayloadError, `refusal` set, when it is too large or too slow."""
        start_s = asyncio.get_running_loop().time()
        size = 0
        while True:
            try:
                async with asyncio.timeout_at(start_s + self._patience.body_due_s(size)):
                    part = await self._request.content.readany()
            except TimeoutError:
                self.refusal = (408, "the body did not arrive in time")
                raise ClientPayloadError from None
            if not part:
                return
            size += len(part)
            if size > BODY_LIMIT_BYTES:
                self.refusal = (413, f"a body of more than {BODY_LIMIT_BYTES} bytes is not taken")
                raise ClientPayloadError
            yield part


async def _pass_back(request: Request, answer: ClientResponse) -> StreamResponse:
    connection = connection_of(request)
    if answer.content_length is None or answer.content_length > LONG_ANSWER_BYTES:
        connection.allow_stall(READER_STALL_NS)
    response = StreamResponse(status=answer.status, reason=answer.reason)
    for name, value in _end_to_end(answer.headers.items()):
        response.headers.add(name, value)
    await response.prepare(request)
    try:
        async for part in answer.content.iter_chunked(CHUNK_BYTES):
            await response.write(part)
    except (ClientError, TimeoutError) as error:
        # A client that left fails our writing with a ClientError, too (aiohttp); a player does so at every jump.
        if request.transport is not None and not request.transport.is_closing():
            log.warning("%s: the answer broke off: %s", request.path, error or type(error).__name__)
        # The status has gone out: cut, so that nobody takes what came for the whole.
        connection.abort()
    return response


def _request_headers(request: Request) -> list[tuple[str, str]]:
    headers = [(name, value) for name, value in _end_to_end(request.headers.items()) if name.lower() not in _SET_HERE]
    return [
        *headers,
        ("X-Forwarded-For", request.remote or ""),
        ("X-Forwarded-Host", request.headers.get("Host", "")),
        ("X-Forwarded-Proto", request.scheme),
    ]


def _end_to_end(headers: Iterable[tuple[str, str]]) -> Iterable[tuple[str, str]]:
    return ((name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP)


def _refuse(api: Api, error: Exception) -> StreamResponse:
    if isinstance(error, TimeoutError):
        return refuse(504, f"{api.owner} did not answer in time")
    if isinstance(error, ClientConnectorError):
        return refuse(503, f"{api.owner} does not run at the moment; try again in a few seconds", Retry_After="2")
    if isinstance(error, ClientConnectionError):
        return refuse(502, f"{api.owner} hung up without an answer")
    return refuse(502, f"{api.owner} gave no valid answer: {type(error).__name__}")
