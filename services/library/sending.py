"""Sends what a `Reader` reads: whole, a range, or nothing but its head; at most two pieces of it are in memory.

The disk is read in threads, so that one that is slow holds nobody else up.
"""

import asyncio
import logging
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Final

from common.errors import RecordingError
from common.http import Request, Response, StreamResponse
from services.library.byte_ranges import is_known, wanted
from services.library.reading import Reader
from services.library.refusals import Refusal

log = logging.getLogger(__name__)

# A player fills its buffer at full speed and then pauses, its last piece in memory twice (with us and in the
# transport). Of 256 KiB, 40 of them took 28 MB, of 64 KiB 12; it halves the speed, to 0.5 GB/s (measured).
PIECE_BYTES: Final = 64 << 10


async def send(
    request: Request, reader: Reader, etag: str, headers: Mapping[str, str], executor: Executor
) -> StreamResponse:
    """Answer with the reader's bytes; the reader is closed afterwards. Raises Refusal 416, 404."""
    try:
        common = {"Accept-Ranges": "bytes", "ETag": f'"{etag}"', "Cache-Control": "private, no-cache", **headers}
        if is_known(etag, request.headers.get("If-None-Match")):
            return Response(status=304, headers=common)
        # Ranges are of GET alone; HEAD tells of the whole (RFC 9110, 14.2).
        range_header = request.headers.get("Range") if request.method == "GET" else None
        part = wanted(reader.size_bytes, etag, range_header, request.headers.get("If-Range"))
        if part.is_part:
            common["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{reader.size_bytes}"
        response = StreamResponse(status=206 if part.is_part else 200, headers=common)
        response.content_length = part.stop - part.start
        if request.method == "HEAD":
            await response.prepare(request)
            return response
        await _send_bytes(request, response, reader, part.start, part.stop, executor)
        return response
    finally:
        # Not while a thread reads: whoever was cancelled has waited for it.
        reader.close()


async def _send_bytes(
    request: Request, response: StreamResponse, reader: Reader, start: int, stop: int, executor: Executor
) -> None:
    loop = asyncio.get_running_loop()
    position = start
    while position < stop:
        reading = loop.run_in_executor(executor, reader.read, position, min(PIECE_BYTES, stop - position))
        try:
            data = await asyncio.shield(reading)
        except asyncio.CancelledError:
            await asyncio.wait((reading,))
            raise
        except (OSError, RecordingError) as error:
            _cut(request, response, error)
            return
        if not response.prepared:
            await response.prepare(request)
        position += len(data)
        await response.write(data)


def _cut(request: Request, response: StreamResponse, error: Exception) -> None:
    """End an answer in a way that nobody takes for its end."""
    log.warning("%s: the answer was cut, footage is gone: %s", request.path, error)
    if not response.prepared:
        raise Refusal(404, f"footage has just been deleted: {error}")
    if request.transport is not None:
        request.transport.abort()
