"""Waiting for a socket to become readable, with a deadline, where no transport reads it."""

import asyncio
import socket


async def wait_readable(readable: socket.socket, timeout_s: float) -> bool:
    """Return whether something can be read, within `timeout_s`; the end of the stream counts."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(readable.fileno(), wake)
    try:
        async with asyncio.timeout(timeout_s):
            await ready
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(readable.fileno())
    return True
