"""Clients that are slow on purpose or by accident: all of them are cut in time, and nobody else notices."""

import itertools
import select
import socket
import time

import pytest

from services.fanout.patience import Patience
from tests.helpers.fanout_house import a_house
from tests.helpers.http import RawClient, fetch
from tests.helpers.rooms import wait_until

# The promise is 20 s with the default of 15 s; here time runs five times as fast.
REQUEST_TIMEOUT_S = 3.0
EACH = 100
# A machine under load may be late, but a client that is not cut at all would stay for ever.
CUT_S = 30.0
DRIP_S = 0.2

HEAD = b" HTTP/1.1\r\nHost: x\r\n"
# What is sent at once, and what then drips: nothing where the connection is silent.
KINDS = {
    "silent": (b"", b""),
    "camera's line": (b"GET /ws/camera/", b"x"),
    "request line": (b"GET /stat", b"x"),
    "headers": (b"GET /status" + HEAD + b"X-A: ", b"x"),
    "another header each time": (b"GET /status" + HEAD, b"X-A: b\r\n"),
    "body": (b"POST /cameras/a/frame.jpg" + HEAD + b"Content-Length: 100000\r\n\r\nabc", b"x"),
    "answered": (b"GET /" + HEAD + b"\r\n", b""),
}
READERS = {"status": b"GET /status" + HEAD + b"\r\n", "page": b"GET /web/live.css" + HEAD + b"\r\n"}


@pytest.fixture(scope="module")
def hasty():
    """A house that has a fifth of the usual patience."""
    with a_house(CAM_FANOUT_REQUEST_TIMEOUT_S=str(REQUEST_TIMEOUT_S)) as house:
        # A status that is more than the kernel takes from us.
        house.feeder.known += [f"camera-that-was-once-seen-{number}" for number in range(250)]
        wait_until(lambda: len(house.status()["cameras"]) == 250, "cameras known")
        yield house


class Drip:
    """A connection that says a little now and then, and reads as little."""

    def __init__(self, port, start, drop, read_bytes=4096, receive_buffer_bytes=0):
        self.socket = socket.socket()
        if receive_buffer_bytes:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setblocking(False)
        self.socket.send(start)
        self.drop = drop
        self.read_bytes = read_bytes
        self.answer = b""

    def is_cut(self):
        """Say and read a little; return whether the other side is gone."""
        try:
            if self.drop:
                self.socket.send(self.drop)
            data = self.socket.recv(self.read_bytes)
        except BlockingIOError:
            return False
        except (ConnectionResetError, BrokenPipeError):
            return True
        self.answer += data
        return not data


def wait_until_cut(port, drips):
    """Drip until all are cut, or for long enough; /status answers all the time. Return how many are left of each."""
    open_, end_s = drips, time.monotonic() + CUT_S
    while any(open_.values()) and time.monotonic() < end_s:
        open_ = {kind: [drip for drip in those if not drip.is_cut()] for kind, those in open_.items()}
        assert fetch(port, "/status").status == 200
        select.select([], [], [], DRIP_S)
    return {kind: len(those) for kind, those in open_.items()}


def close_all(drips):
    for drip in itertools.chain(*drips.values()):
        drip.socket.close()


def test_hundred_slow_clients_of_each_kind_are_all_cut_and_the_others_are_answered(hasty):
    drips = {kind: [Drip(hasty.port, *how) for _ in range(EACH)] for kind, how in KINDS.items()}
    try:
        left = wait_until_cut(hasty.port, drips)
        assert left == dict.fromkeys(KINDS, 0), "not cut"
        assert {drip.answer[:13] for drip in drips["body"]} == {b"HTTP/1.1 408 "}
    finally:
        close_all(drips)


def test_hundred_slow_readers_of_each_kind_are_all_cut_and_the_others_are_answered(hasty):
    drips = {}
    for name, request in READERS.items():
        drips[f"{name}, nothing"] = [Drip(hasty.port, request, b"", 0, 2048) for _ in range(EACH)]
        drips[f"{name}, a little"] = [Drip(hasty.port, request, b"", 32, 2048) for _ in range(EACH)]
    wait_until(lambda: connections(hasty) >= EACH, "the readers there")

    def all_cut():
        for drip in itertools.chain(*drips.values()):
            if drip.read_bytes:
                drip.is_cut()
        select.select([], [], [], DRIP_S)
        assert fetch(hasty.port, "/status").status == 200
        # The server's own count: what is left of an answer may be on the reader's side, and it sees the end after that.
        return connections(hasty) <= 5

    try:
        wait_until(all_cut, "all cut", CUT_S)
    finally:
        close_all(drips)


def connections(house):
    """Return how many connections the process has, as it said last."""
    return max(
        (record["connections"] for record in list(house.feeder.statuses.values()) if record["name"] == "fanout-0"),
        default=0,
    )


def test_reader_that_is_slow_but_goes_on_gets_its_answer(hasty):
    least_bytes_per_s = Patience.of(REQUEST_TIMEOUT_S).answer_bytes / (Patience.of(REQUEST_TIMEOUT_S).answer_ns / 1e9)
    body = len(fetch(hasty.port, "/status").body)
    with RawClient(hasty.port, receive_buffer_bytes=2048) as reader:
        reader.ask("GET", "/status", "Connection: close")
        answer = b""
        while data := reader.socket.recv(2048):
            answer += data
            # Ten times what is asked for at least.
            time.sleep(len(data) / least_bytes_per_s / 16)
    assert len(answer) > body


def test_idle_viewer_of_a_silent_camera_is_not_a_slow_client(hasty):
    hasty.feeder.come("silent")
    hasty.wait_online("silent")
    with hasty.viewer("?camera=silent") as viewer:
        viewer.recv(timeout=10)
        time.sleep(1.5 * REQUEST_TIMEOUT_S)
        assert viewer.ping().wait(10)
