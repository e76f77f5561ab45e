"""`POST /cameras/<id>/frame.jpg`: a picture of a camera that sleeps in between, handed to ingest in a memory file."""

import asyncio
import os
from typing import Final

from common.handover import FRAME
from common.http import Request, Response, StreamResponse, refuse
from common.names import camera_id
from services.fanout.connection import connection_of
from services.fanout.passing import Passer

CHUNK_BYTES: Final = 1 << 16


async def push_frame(request: Request, passer: Passer, limit_bytes: int, *, limit_s: float) -> StreamResponse:
    """Read the picture, within limits of size and time, and answer what ingest says to it.

    An ESP32 on weak Wi-Fi sends 100 KB in some seconds; one that takes much longer is no picture but a held connection.
    """
    camera = camera_id(request.match_info["camera"])
    too_large = f"a picture of more than {limit_bytes} bytes is not taken"
    if (request.content_length or 0) > limit_bytes:
        return refuse(413, too_large, Connection="close")
    fd = os.memfd_create("frame", os.MFD_CLOEXEC)
    try:
        try:
            async with asyncio.timeout(limit_s):
                size = await _read_into(fd, request, limit_bytes)
        except TimeoutError:
            return refuse(408, f"the picture did not arrive within {limit_s:.0f} s", Connection="close")
        if size > limit_bytes:
            return refuse(413, too_large, Connection="close")
        os.lseek(fd, 0, os.SEEK_SET)
        peer, port = connection_of(request).transport.get_extra_info("peername")[:2]
        answer = await passer.pass_on(FRAME, fd, peer, port, camera=camera)
    finally:
        os.close(fd)
    return Response(status=204) if answer.status == 204 else refuse(answer.status, answer.text)


async def _read_into(fd: int, request: Request, limit_bytes: int) -> int:
    """Return how many bytes came, which is over the limit when reading stopped there."""
    size = 0
    async for part in request.content.iter_chunked(CHUNK_BYTES):
        size += len(part)
        if size > limit_bytes:
            break
        os.write(fd, part)
    return size
