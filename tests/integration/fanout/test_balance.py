"""Four processes on one listening socket: each gets its share of the viewers, and one that hangs holds nobody up."""

import json
import select
import signal
import socket
import time
from collections import Counter
from contextlib import ExitStack, contextmanager

import pytest

from tests.helpers.bus import short_tmp
from tests.helpers.fanout_house import House
from tests.helpers.feeder import Feeder
from tests.helpers.http import fetch
from tests.helpers.rooms import listening_socket, room, settings_in, wait_until

PROCESSES = 4
REQUEST = (
    b"GET /ws/viewer?camera=porch HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: o5eiVVO+8fz5eWtSFBPp4g==\r\n\r\n"
)
DEADLINE_S = 30.0


@pytest.fixture(scope="module")
def pool():
    with short_tmp() as folder, listening_socket() as listener, room("broker", folder), ExitStack() as stack:
        settings = settings_in(folder)
        feeder = stack.enter_context(Feeder(settings.bus_addresses))
        rooms = [stack.enter_context(room(f"fanout-{n}", folder, stdin=listener)) for n in range(PROCESSES)]
        house = House(folder, settings, rooms[0], listener.getsockname()[1], feeder)
        feeder.come("porch")
        # Each process must know the camera: asked often enough for all of them to have answered.
        wait_until(lambda: all(knows(house) for _ in range(24)), "the camera known to all")
        yield house, rooms


def knows(house):
    return [row["online"] for row in house.status()["cameras"]] == [True]


@contextmanager
def watching(port, count, interval_s=0.0):
    """Yield how many viewers each process got, of so many that connect at once or one by one."""
    viewers = []
    try:
        for _ in range(count):
            viewer = socket.socket()
            viewers.append(viewer)
            if interval_s:
                time.sleep(interval_s)
            else:
                viewer.setblocking(False)
            viewer.connect_ex(("127.0.0.1", port))
            viewer.setblocking(False)
        yield Counter(greet(viewers).values())
    finally:
        for viewer in viewers:
            viewer.close()


def greet(viewers):
    """Ask on each connection; return the process that greets it, by descriptor."""
    poll, by_fd = select.poll(), {viewer.fileno(): viewer for viewer in viewers}
    for fd in by_fd:
        poll.register(fd, select.POLLOUT)
    heard, greeters = dict.fromkeys(by_fd, b""), {}
    end_s = time.monotonic() + DEADLINE_S
    while len(greeters) < len(viewers) and time.monotonic() < end_s:
        for fd, event in poll.poll(100):
            if event & select.POLLOUT:
                by_fd[fd].sendall(REQUEST)
                poll.modify(fd, select.POLLIN)
                continue
            data = by_fd[fd].recv(4096)
            assert data, f"refused after {heard[fd]!r}"
            heard[fd] += data
            start = heard[fd].find(b'{"type":"hello"')
            if start >= 0:
                hello, _ = json.JSONDecoder().raw_decode(heard[fd][start:].decode())
                greeters[fd] = hello["id"].partition(".")[0]
                poll.unregister(fd)
    assert len(greeters) == len(viewers), f"{len(viewers) - len(greeters)} of {len(viewers)} were not greeted"
    return greeters


def is_even(shares):
    # With this few viewers one more or less is much: 1.5 times, give or take four.
    return len(shares) == PROCESSES and max(shares.values()) <= 1.5 * min(shares.values()) + 4


@pytest.mark.parametrize(("count", "interval_s"), [(120, 0.0), (60, 1 / 60)], ids=["at once", "60 a second"])
def test_each_process_gets_its_share(pool, count, interval_s):
    house, _ = pool
    seen = []
    # A machine that does not let a process run for long is not what is tested: one even round is proof enough.
    for _ in range(3):
        with watching(house.port, count, interval_s) as shares:
            seen.append(shares)
        if is_even(shares):
            break
    assert is_even(seen[-1]), seen


@pytest.mark.parametrize("ending", [signal.SIGSTOP, signal.SIGKILL], ids=["hangs", "is killed"])
def test_process_that_hangs_or_dies_holds_no_connection_up(ending):
    with short_tmp() as folder, listening_socket() as listener, room("broker", folder), ExitStack() as stack:
        feeder = stack.enter_context(Feeder(settings_in(folder).bus_addresses))
        rooms = [stack.enter_context(room(f"fanout-{n}", folder, stdin=listener)) for n in range(3)]
        house = House(folder, settings_in(folder), rooms[0], listener.getsockname()[1], feeder)
        feeder.come("porch")
        wait_until(lambda: all(knows(house) for _ in range(24)), "the camera known to all")
        rooms[2].process.send_signal(ending)
        try:
            # It has fewest connections from here on, but is not waited for.
            with watching(house.port, 40) as shares:
                assert set(shares) == {"fanout-0", "fanout-1"}
            assert fetch(house.port, "/status").status == 200
        finally:
            rooms[2].process.send_signal(signal.SIGCONT)
