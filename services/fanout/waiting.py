"""Waiting for a socket to become readable, with a deadline, where no transport reads it."""

import asyncio
import socket


async def wait_readable(readable: socket.socket, timeout_s: float) -> bool:
    """Return whether something can be read, within `timeout_s`; the end of the stream counts."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[bool] = loop.create_future()

    def wake() -> None:
        if not ready.done():
            ready.set_result(True)

    def give_up() -> None:
        if not ready.done():
            ready.set_result(False)

    # A timer by hand: `asyncio.timeout` costs as much again as all else here, and a thousand connections may come.
    timer = loop.call_later(timeout_s, give_up)
    loop.add_reader(readable.fileno(), wake)
    try:
        return await ready
    finally:
        timer.cancel()
        loop.remove_reader(readable.fileno())
