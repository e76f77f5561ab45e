"""A small API's socket whose answers may come later."""

import selectors
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.http1 import Answer
from common.unix_door import LATER_PATIENCE_NS, PATIENCE_NS, Door, Later
from tests.helpers.bus import short_tmp

REQUEST = b"POST /x HTTP/1.1\r\nContent-Length: 0\r\n\r\n"
DEADLINE_S = 15.0


class Desk:
    """A door in a loop that the test turns."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "x.sock"
        self.selector = selectors.DefaultSelector()
        self.laters: list[Later] = []
        self.door = Door(self.path, self.selector, self.answer)

    def answer(self, request: object, now_ns: int) -> Later:
        self.laters.append(Later())
        return self.laters[-1]

    def turn(self, seconds: float = 0.01) -> None:
        for key, _ in self.selector.select(seconds):
            key.data(time.monotonic_ns())

    def turn_until(self, condition) -> None:
        end = time.monotonic() + DEADLINE_S
        while not condition():
            assert time.monotonic() < end, "not in time"
            self.turn()


@pytest.fixture
def desk() -> Iterator[Desk]:
    with short_tmp() as folder:
        desk = Desk(folder)
        try:
            yield desk
        finally:
            desk.door.close()
            desk.selector.close()


@contextmanager
def client(desk: Desk) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.connect(str(desk.path))
        peer.sendall(REQUEST)
        asked = len(desk.laters)
        desk.turn_until(lambda: len(desk.laters) > asked)
        yield peer


def read(desk: Desk, peer: socket.socket) -> bytes:
    peer.setblocking(False)
    received = b""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        desk.turn()
        try:
            part = peer.recv(4096)
        except BlockingIOError:
            continue
        if not part:
            return received
        received += part
    raise AssertionError(f"the answer is not whole: {received!r}")


def test_answer_comes_when_it_is_settled(desk):
    with client(desk) as peer:
        desk.turn()
        desk.laters[0].settle(Answer(200, {"files": 3}))
        desk.laters[0].settle(Answer(500))
        answer = read(desk, peer)
    assert answer.startswith(b"HTTP/1.1 200 OK")
    assert b'{"files": 3}' in answer


def test_nobody_is_left_to_answer_when_the_peer_has_gone(desk):
    with client(desk):
        pass
    desk.turn()
    desk.laters[0].settle(Answer(200))
    with client(desk) as peer:
        desk.laters[1].settle(Answer(204))
        assert read(desk, peer).startswith(b"HTTP/1.1 204")


def test_who_waits_for_an_answer_has_more_time_than_who_dawdles(desk):
    with client(desk) as peer:
        now_ns = time.monotonic_ns()
        desk.door.drop_late(now_ns + PATIENCE_NS)
        desk.laters[0].settle(Answer(200))
        assert read(desk, peer).startswith(b"HTTP/1.1 200")
    with client(desk) as peer:
        desk.door.drop_late(time.monotonic_ns() + LATER_PATIENCE_NS + 1)
        assert read(desk, peer) == b""


def test_answer_that_is_settled_at_once_is_sent(desk):
    desk.door.close()
    early = Later()
    early.settle(Answer(200))
    sent: list[Answer] = []
    early.on_settled(sent.append)
    assert [answer.status for answer in sent] == [200]
