import socket
from contextlib import closing
from selectors import EVENT_READ

import pytest

from services.ingest.rest import BUSY_S, REST_S, RestingSelector


@pytest.mark.parametrize(
    ("may_rest", "timeout", "told"),
    [(True, None, 2), (True, 1.0, 2), (False, 1.0, 1), (True, REST_S / 2, 1), (True, 0, 1)],
)
def test_selector_gathers_events_while_it_may_rest_and_no_timer_is_due(may_rest, timeout, told):
    rests = []
    pairs = [socket.socketpair() for _ in range(2)]

    def sleep(seconds: float) -> None:
        rests.append(seconds)
        pairs[1][0].send(b"later")

    with closing(RestingSelector(sleep, lambda: -REST_S)) as selector:
        selector.may_rest = lambda: may_rest
        for _, reader in pairs:
            selector.register(reader, EVENT_READ)
        pairs[0][0].send(b"first")
        assert len(selector.select(timeout)) == told
        assert rests == [REST_S] * (told - 1)
    for pair in pairs:
        for end in pair:
            end.close()


def test_selector_rests_only_while_it_is_woken_often():
    now_s = 1.0
    rests = []
    reader, writer = socket.socketpair()
    with reader, writer, closing(RestingSelector(rests.append, lambda: now_s)) as selector:
        selector.may_rest = lambda: True
        selector.register(reader, EVENT_READ)
        writer.send(b"something")
        for pause_s, told in ((1.0, 0), (BUSY_S / 2, 1), (BUSY_S / 2, 2), (2 * BUSY_S, 2), (BUSY_S / 2, 3)):
            now_s += pause_s
            assert len(selector.select(1.0)) == 1
            assert len(rests) == told


def test_selector_does_not_rest_when_nothing_comes():
    with closing(RestingSelector(lambda _: pytest.fail("it rested"))) as selector:
        selector.may_rest = lambda: True
        assert selector.select(0.01) == []
