"""The stills child and whoever asks it: started when needed, ended when not, and never more than a picture lost."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from services.library.boxes import avcc_of
from services.library.refusals import Refusal
from services.library.still_wire import Question
from services.library.still_worker import StillWorker
from tests.helpers.kernel import is_alive
from tests.helpers.numbered import number_in, numbered, numbered_jpeg

DEADLINE_S = 30.0
NEVER_S = 600.0


def question(number: int, height: int = 0) -> Question:
    """Return what asks for a picture: its keyframe's group up to it."""
    of = numbered(30)
    return Question([data for _, data in of.samples[: number + 1]], avcc_of(of.init), height)


def with_worker(body: Callable[[StillWorker], Awaitable[Any]], **options: Any) -> Any:
    async def run() -> Any:
        worker = StillWorker(**options)
        async with asyncio.timeout(DEADLINE_S), asyncio.TaskGroup() as group:
            running = group.create_task(worker.run())
            try:
                return await body(worker)
            finally:
                running.cancel()

    return asyncio.run(run())


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0.01)


def test_worker_starts_its_child_with_the_first_question_and_ends_it_with_itself():
    async def body(worker: StillWorker) -> int:
        assert worker.child_pid == 0
        assert number_in(await worker.make("page", question(12))) == 12
        first = worker.child_pid
        assert number_in(await worker.make("page", Question([numbered_jpeg(7)], b"", 120))) == 7
        assert worker.child_pid == first != 0
        return first

    assert not is_alive(with_worker(body, idle_s=NEVER_S))


def test_child_ends_when_nobody_asks_and_comes_back():
    async def body(worker: StillWorker) -> None:
        await worker.make("page", question(1))
        first = worker.child_pid
        await until(lambda: worker.child_pid == 0 and not is_alive(first))
        assert number_in(await worker.make("page", question(2))) == 2

    with_worker(body, idle_s=0.05)


def test_child_that_is_stopped_costs_one_question():
    async def body(worker: StillWorker) -> None:
        await worker.make("page", question(1))
        stopped = worker.child_pid
        os.kill(stopped, signal.SIGSTOP)
        with pytest.raises(Refusal, match="longer than"):
            await worker.make("page", question(2))
        assert not is_alive(stopped)

    with_worker(body, idle_s=NEVER_S, patience_s=2.0)


def test_child_that_is_killed_at_work_costs_one_question():
    async def body(worker: StillWorker) -> None:
        await worker.make("page", question(1))
        killed = worker.child_pid
        # Stopped first, so that the question is on its way when it ends.
        os.kill(killed, signal.SIGSTOP)
        asked = asyncio.ensure_future(worker.make("page", question(2)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        os.kill(killed, signal.SIGKILL)
        (answer,) = await asyncio.gather(asked, return_exceptions=True)
        # Where it ended before it was asked, it cost nothing.
        assert number_in(answer) == 2 if isinstance(answer, bytes) else "crashed" in str(answer)
        assert number_in(await worker.make("page", question(3))) == 3

    with_worker(body, idle_s=NEVER_S)


def test_too_many_questions_are_refused_and_the_others_answered():
    async def body(worker: StillWorker) -> None:
        asked = [worker.make("page", question(number)) for number in range(8)]
        answers = await asyncio.gather(*asked, return_exceptions=True)
        refused = [answer.status for answer in answers if isinstance(answer, Refusal)]
        made = [number_in(answer) for answer in answers if isinstance(answer, bytes)]
        assert refused == [503] * len(refused)
        # The newest of one asker are those that matter.
        assert len(made) + len(refused) == 8
        assert len(refused) >= 4
        assert made[-1] == 7

    with_worker(body, idle_s=NEVER_S, limit=3)


def test_newer_question_of_the_same_asker_overtakes():
    async def body(worker: StillWorker) -> list[int]:
        order: list[int] = []

        async def ask(number: int) -> None:
            order.append(number_in(await worker.make("page", question(number))))

        async with asyncio.TaskGroup() as group:
            for number in range(6):
                group.create_task(ask(number))
        return order

    order = with_worker(body, idle_s=NEVER_S)
    assert sorted(order) == list(range(6))
    assert order.index(5) < order.index(1)


def test_worker_that_ends_refuses_what_waits():
    async def run() -> None:
        worker = StillWorker()
        asked = asyncio.ensure_future(worker.make("page", question(1)))
        running = asyncio.ensure_future(worker.run())
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(Refusal) as refused:
            await asked
        assert refused.value.status == 503
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(run())


def test_group_that_is_too_long_is_refused_before_it_is_sent():
    async def body(worker: StillWorker) -> None:
        with pytest.raises(Refusal, match="no picture can be made"):
            await worker.make("page", Question([bytes(65 << 20)]))

    with_worker(body)
