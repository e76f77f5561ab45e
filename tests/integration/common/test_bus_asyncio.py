"""The bus in a loop: no message sleeps behind a lost edge."""

import asyncio

import pytest

from common import bus_asyncio
from common.bus import Bus, Message
from common.bus_asyncio import BusLoop
from tests.helpers.bus import addresses_in, broker, short_tmp

ROUNDS = 2000


@pytest.fixture
def addresses():
    with short_tmp() as run_dir, broker(run_dir):
        yield addresses_in(run_dir)


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def test_loop_wakes_for_every_message_when_handlers_publish(addresses, monkeypatch):
    # Without the timer that is the net under lost edges: one lost edge stops the ball for ever.
    monkeypatch.setattr(bus_asyncio, "DRAIN_INTERVAL_S", 3600)

    async def play() -> None:
        done = asyncio.Event()
        taken = 0

        def return_ball(message: Message) -> None:
            nonlocal taken
            taken += 1
            if taken >= ROUNDS:
                done.set()
                return
            ball.publish("event/b/main" if message.topic == "event/a/main" else "event/a/main", b"", message.payload)

        async with BusLoop(Bus(addresses), return_ball) as ball:
            ball.subscribe("event/a/main")
            ball.subscribe("event/b/main")
            await until(lambda: ball.is_wanted("event/a/main") and ball.is_wanted("event/b/main"))
            ball.publish("event/a/main", b"", b"ball")
            async with asyncio.timeout(30):
                await done.wait()

    asyncio.run(play())


def test_burst_larger_than_a_batch_is_handed_over_whole_and_in_order(addresses):
    count = bus_asyncio.BATCH * 3 + 1

    async def play() -> None:
        got: list[int] = []
        async with (
            BusLoop(Bus(addresses), lambda message: got.append(int(message.payload))) as taker,
            BusLoop(Bus(addresses), lambda _message: None) as giver,
        ):
            taker.subscribe("event/a/main")
            await until(lambda: giver.is_wanted("event/a/main"))
            for number in range(count):
                giver.publish("event/a/main", b"", b"%d" % number)
            await until(lambda: len(got) == count)
            assert got == list(range(count))

    asyncio.run(play())


def test_subscription_is_counted_and_taken_back(addresses):
    async def play() -> None:
        async with BusLoop(Bus(addresses), lambda _: None) as taker, BusLoop(Bus(addresses), lambda _: None) as giver:
            taker.subscribe("event/a/main")
            taker.subscribe("event/a/main")
            await until(lambda: giver.is_wanted("event/a/main"))
            taker.unsubscribe("event/a/main")
            taker.subscribe("event/b/main")
            await until(lambda: giver.is_wanted("event/b/main"))
            assert giver.is_wanted("event/a/main")
            taker.unsubscribe("event/a/main")
            await until(lambda: not giver.is_wanted("event/a/main"))
            with pytest.raises(AssertionError):
                taker.unsubscribe("event/a/main")

    asyncio.run(play())
