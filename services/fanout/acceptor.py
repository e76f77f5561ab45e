"""The accept loop: each new connection is looked at without taking a byte, and goes to ingest or to aiohttp.

Several processes accept from one shared socket, so a wake-up may find nothing; whose turn it is says `Balance`.
"""

import asyncio
import errno
import logging
import select
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from common.clock import Clock
from services.fanout.balance import Balance
from services.fanout.load_table import LoadTable
from services.fanout.peek import PEEK_BYTES, Caller, classify
from services.fanout.waiting import wait_readable

log = logging.getLogger(__name__)

# Accepted at one wake-up: a thousand that come at once are not each worth a turn of the loop, and those who watch
# already get their pictures in between.
BATCH: Final = 8
# While it is another process's turn; a socket that is readable would wake the loop without end.
STEP_S: Final = 0.002
STAMP_S: Final = 0.2
# A request follows its connection within a round trip; one that was accepted before the end is served, not refused.
SETTLE_S: Final = 0.3
# Descriptors or memory ran out: what is open must end first.
PAUSE_S: Final = 0.2
_EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

Address = tuple[str, int]
Welcome = Callable[[socket.socket, Address], Awaitable[None]]


class Acceptor:
    """Accepts in `group` until `close`; `on_camera` and `on_other` own the sockets they are given.

    What `on_other` was given counts in `load` until the connection's owner says `load.end()`.
    """

    def __init__(
        self,
        listener: socket.socket,
        group: asyncio.TaskGroup,
        load: LoadTable,
        clock: Clock,
        *,
        on_camera: Welcome,
        on_other: Welcome,
        patience_s: float,
    ) -> None:
        self._listener: Final = listener
        self._group: Final = group
        self._load: Final = load
        self._clock: Final = clock
        self._balance: Final = Balance()
        self._patience_s: Final = patience_s
        self._poll: Final = select.poll()
        self._on_camera: Final = on_camera
        self._on_other: Final = on_other
        self._loop: Final = asyncio.get_running_loop()
        self._closed = False
        self._welcomes: set[asyncio.Task[None]] = set()
        listener.setblocking(False)
        self._poll.register(listener, select.POLLIN)
        self._stamp()
        self._watch()

    def close(self) -> None:
        """Accept no more; the socket stays its owner's. Idempotent."""
        self._closed = True
        self._load.leave()
        self._loop.remove_reader(self._listener.fileno())

    async def settle(self) -> None:
        """Wait a moment for the connections that were accepted last and have not said yet who they are."""
        if self._welcomes:
            await asyncio.wait(self._welcomes, timeout=SETTLE_S)

    def _watch(self) -> None:
        if not self._closed:
            self._loop.add_reader(self._listener.fileno(), self._accept)

    def _stamp(self) -> None:
        if not self._closed:
            self._load.stamp(self._clock.mono_ns())
            self._loop.call_later(STAMP_S, self._stamp)

    def _accept(self) -> None:
        for _ in range(BATCH):
            now_ns = self._clock.mono_ns()
            if not self._balance.may_accept(self._load.open, self._load.others(now_ns), now_ns):
                self._pause(STEP_S, self._look)
                return
            try:
                peer, address = self._listener.accept()
            except (BlockingIOError, ConnectionAbortedError, InterruptedError):
                # Another process was faster, or the caller is gone already.
                return
            except OSError as error:
                if error.errno not in _EXHAUSTED:
                    raise
                log.warning("no connection accepted for %.1f s: %s", PAUSE_S, error)
                self._pause(PAUSE_S, self._watch)
                return
            self._load.accept()
            peer.setblocking(False)
            task = self._group.create_task(self._welcome(peer, (str(address[0]), int(address[1]))))
            self._welcomes.add(task)
            task.add_done_callback(self._welcomes.discard)

    def _pause(self, pause_s: float, then: Callable[[], None]) -> None:
        self._loop.remove_reader(self._listener.fileno())
        self._loop.call_later(pause_s, then)

    def _look(self) -> None:
        """See whether the connection that was left to others still waits."""
        if self._closed:
            return
        waits = bool(self._poll.poll(0))
        if not waits:
            self._balance.rest()
        self._watch()
        if waits:
            self._accept()

    async def _welcome(self, peer: socket.socket, address: Address) -> None:
        stays = False
        try:
            caller = await identify(peer, self._patience_s)
            if caller is Caller.CAMERA:
                await self._on_camera(peer, address)
            elif caller is Caller.OTHER:
                await self._on_other(peer, address)
                stays = True
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
        finally:
            if not stays:
                self._load.end()


async def identify(peer: socket.socket, patience_s: float) -> Caller:
    """Return who calls; UNDECIDED when there is nobody to answer.

    Who says nothing is cut after `patience_s`; who stops amid a request line is left to aiohttp, with its own patience.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience_s
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
