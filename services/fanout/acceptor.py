"""The accept loop: each new connection is looked at without taking a byte, and goes to ingest or to aiohttp.

Several processes accept from one shared socket, so a wake-up may find nothing; one connection a wake-up leaves the rest
to those who are less busy.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from services.fanout.peek import PEEK_BYTES, Caller, classify
from services.fanout.waiting import wait_readable

log = logging.getLogger(__name__)

# A caller that says nothing is cut; one that stops amid a request line is left to aiohttp, which has its own patience.
SILENT_S: Final = 10.0
REQUEST_LINE_S: Final = 5.0
# A request follows its connection within a round trip; one that was accepted before the end is served, not refused.
SETTLE_S: Final = 0.3
# Descriptors or memory ran out: what is open must end first.
PAUSE_S: Final = 0.2
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

Address = tuple[str, int]
Welcome = Callable[[socket.socket, Address], Awaitable[None]]


class Acceptor:
    """Accepts in `group` until `close`; `on_camera` and `on_other` own the sockets they are given."""

    def __init__(
        self, listener: socket.socket, group: asyncio.TaskGroup, *, on_camera: Welcome, on_other: Welcome
    ) -> None:
        self._listener: Final = listener
        self._group: Final = group
        self._on_camera: Final = on_camera
        self._on_other: Final = on_other
        self._loop: Final = asyncio.get_running_loop()
        self._closed = False
        self._welcomes: set[asyncio.Task[None]] = set()
        listener.setblocking(False)
        self._watch()

    def close(self) -> None:
        """Accept no more; the socket stays its owner's. Idempotent."""
        self._closed = True
        self._loop.remove_reader(self._listener.fileno())

    async def settle(self) -> None:
        """Wait a moment for the connections that were accepted last and have not said yet who they are."""
        if self._welcomes:
            await asyncio.wait(self._welcomes, timeout=SETTLE_S)

    def _watch(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener.fileno(), self._accept)

    def _accept(self) -> None:
        try:
            peer, address = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError, InterruptedError):
            # Another process was faster, or the caller is gone already.
            return
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            log.warning("no connection accepted for %.1f s: %s", PAUSE_S, error)
            self._loop.remove_reader(self._listener.fileno())
            self._loop.call_later(PAUSE_S, self._watch)
            return
        peer.setblocking(False)
        task = self._group.create_task(self._welcome(peer, (str(address[0]), int(address[1]))))
        self._welcomes.add(task)
        task.add_done_callback(self._welcomes.discard)

    async def _welcome(self, peer: socket.socket, address: Address) -> None:
        try:
            caller = await identify(peer)
            if caller is Caller.CAMERA:
                await self._on_camera(peer, address)
            elif caller is Caller.OTHER:
                await self._on_other(peer, address)
            else:
                peer.close()
        except OSError as error:
            peer.close()
            log.debug("%s: %s", address[0], error)
        except asyncio.CancelledError:
            peer.close()
            raise
        except Exception:  # the edge of one connection: the others live on
            peer.close()
            log.exception("%s: the connection failed", address[0])


async def identify(peer: socket.socket) -> Caller:
    """Return who calls; UNDECIDED when there is nobody to answer."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + SILENT_S
    seen = 0
    try:
        while True:
            start = _peek(peer)
            if start is not None:
                caller = classify(start)
                if caller is not Caller.UNDECIDED:
                    return caller
                if len(start) == seen:
                    # Readable, and nothing new: the caller has hung up.
                    return Caller.UNDECIDED
                if not seen:
                    deadline = loop.time() + REQUEST_LINE_S
                seen = len(start)
                # Readiness is level-triggered: wait for more than what is already there, or the loop would spin.
                peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, seen + 1)
            if not await wait_readable(peer, deadline - loop.time()):
                return Caller.OTHER if seen else Caller.UNDECIDED
    finally:
        if seen:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)


def _peek(peer: socket.socket) -> bytes | None:
    try:
        return peer.recv(PEEK_BYTES, socket.MSG_PEEK)
    except BlockingIOError:
        return None
