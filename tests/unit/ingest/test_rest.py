import socket
from contextlib import closing
from selectors import EVENT_READ

import pytest

from services.ingest.rest import REST_S, RestingSelector


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

    with closing(RestingSelector(sleep)) as selector:
        selector.may_rest = lambda: may_rest
        for _, reader in pairs:
            selector.register(reader, EVENT_READ)
        pairs[0][0].send(b"first")
        assert len(selector.select(timeout)) == told
        assert rests == [REST_S] * (told - 1)
    for pair in pairs:
        for end in pair:
            end.close()


def test_selector_does_not_rest_when_nothing_comes():
    with closing(RestingSelector(lambda _: pytest.fail("it rested"))) as selector:
        selector.may_rest = lambda: True
        assert selector.select(0.01) == []
