"""Pictures made by a child process, one after the other: it may crash or hang, and costs no more than that picture.

The child is started with the first question and ended when nobody asked for a while.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import Final

from common.errors import RecordingError, WireError
from services.library.child import Child
from services.library.refusals import Refusal, try_again
from services.library.still_wire import LENGTHS, Question, decode_answer, encode_question, lengths
from services.library.turns import LIMIT, Turns

log = logging.getLogger(__name__)

MODULE: Final = "services.library.still_child"
IDLE_S: Final = 30.0
# The longest group of pictures that is likely (20 s of UXGA) takes 2 s.
PATIENCE_S: Final = 5.0
# It loads 30 MB of libraries, from a disk that may be busy.
START_PATIENCE_S: Final = 30.0


@dataclass(slots=True)
class Ticket:
    """A question that waits; whoever asked looks at `jpeg`."""

    message: bytes
    jpeg: asyncio.Future[bytes] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def refuse(self, refusal: Refusal) -> None:
        if not self.jpeg.done():
            self.jpeg.set_exception(refusal)


class StillWorker:
    """Asks the child; `run` must be running for `make` to end."""

    def __init__(self, *, idle_s: float = IDLE_S, patience_s: float = PATIENCE_S, limit: int = LIMIT) -> None:
        self._idle_s = idle_s
        self._patience_s = patience_s
        self._turns: Turns[Ticket] = Turns(limit)
        self._asked = asyncio.Event()
        self._child: Child | None = None

    @property
    def child_pid(self) -> int:
        """The process id of the child; 0: none is there."""
        return self._child.pid if self._child else 0

    async def make(self, asker: str, question: Question) -> bytes:
        """Return the JPEG. Raises Refusal: 500 when it cannot be made, 503 when too many wait."""
        try:
            ticket = Ticket(encode_question(question))
        except RecordingError as error:
            raise Refusal(500, f"no picture can be made: {error}") from error
        left_out = self._turns.put(asker, ticket)
        if left_out is not None:
            left_out.refuse(try_again("too many pictures are being asked for; try again in a moment"))
        self._asked.set()
        return await ticket.jpeg

    async def run(self) -> None:
        """Answer questions until cancelled."""
        try:
            while True:
                await self._wait_for_question()
                while (ticket := self._turns.take()) is not None:
                    # Whoever asked may have left meanwhile.
                    if not ticket.jpeg.done():
                        await self._answer(ticket)
        finally:
            while (ticket := self._turns.take()) is not None:
                ticket.refuse(try_again("the library is stopping"))
            await self._end_child()

    async def _wait_for_question(self) -> None:
        if len(self._turns):
            return
        self._asked.clear()
        try:
            async with asyncio.timeout(self._idle_s if self._child else None):
                await self._asked.wait()
        except TimeoutError:
            await self._end_child()

    async def _answer(self, ticket: Ticket) -> None:
        try:
            jpeg = await self._make(ticket.message)
        except Refusal as refusal:
            ticket.refuse(refusal)
        except asyncio.CancelledError:
            ticket.refuse(try_again("the library is stopping"))
            raise
        else:
            if not ticket.jpeg.done():
                ticket.jpeg.set_result(jpeg)

    async def _make(self, message: bytes) -> bytes:
        child = await self._ready_child()
        try:
            async with asyncio.timeout(self._patience_s):
                return await _ask(child, message)
        except RecordingError as error:
            raise Refusal(500, str(error)) from error
        except TimeoutError:
            raise await self._give_up(f"its decoder took longer than {self._patience_s:g} s") from None
        except (OSError, EOFError, WireError) as error:
            raise await self._give_up("its decoder crashed") from error

    async def _ready_child(self) -> Child:
        if self._child and self._child.is_alive:
            return self._child
        # One that ended while nobody asked costs nobody an answer.
        await self._end_child()
        try:
            self._child = await Child.start(MODULE)
            async with asyncio.timeout(START_PATIENCE_S):
                await _read_answer(self._child)
        except (OSError, EOFError, WireError) as error:
            how = await self._end_child()
            log.warning("the decoder of pictures does not start (%s): %s", how, error or type(error).__name__)
            raise try_again("no picture can be made at the moment: the decoder does not start") from error
        return self._child

    async def _give_up(self, why: str) -> Refusal:
        how = await self._end_child()
        log.warning("a picture could not be made: %s (%s); the next one gets a new decoder", why, how)
        return Refusal(500, f"this picture could not be made: {why}")

    async def _end_child(self) -> str:
        child, self._child = self._child, None
        if child is None:
            return "not started"
        await child.end()
        return child.how_it_ended()


async def _ask(child: Child, message: bytes) -> bytes:
    child.writer.write(message)
    await child.writer.drain()
    return await _read_answer(child)


async def _read_answer(child: Child) -> bytes:
    header_bytes, payload_bytes = lengths(await child.reader.readexactly(LENGTHS.size))
    return decode_answer(await child.reader.readexactly(header_bytes), await child.reader.readexactly(payload_bytes))
