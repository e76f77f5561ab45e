"""Clients that are slow on purpose or by accident: all of them are cut in time, and nobody else notices."""

import time

from tests.helpers.http import RawClient, fetch
from tests.helpers.rooms import wait_until

# The promise is 20 s.
CUT_S = 21.0


def test_silent_half_told_and_dripping_clients_are_all_cut_within_20_s(own_house):
    starts = {
        "silent": b"",
        "camera's line": b"GET /ws/camera/po",
        "request line": b"GET /stat",
        "headers": b"GET /status HTTP/1.1\r\nHost: x\r\nX-A",
        "body": b"POST /cameras/a/frame.jpg HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nabc",
    }
    clients = {name: RawClient(own_house.port) for name in starts}
    open_ = dict(clients)
    try:
        for name, start in starts.items():
            clients[name].socket.sendall(start)
            clients[name].socket.settimeout(0.01)
        started_s = time.monotonic()
        answers = dict.fromkeys(starts, b"")
        while open_ and time.monotonic() - started_s < CUT_S:
            for name, client in list(open_.items()):
                try:
                    if name not in ("silent", "camera's line"):
                        client.socket.sendall(b"x")
                    data = client.socket.recv(4096)
                except TimeoutError:
                    continue
                except OSError:
                    data = b""
                answers[name] += data
                if not data:
                    del open_[name]
            assert fetch(own_house.port, "/status").status == 200
            time.sleep(0.2)
        assert not open_, f"not cut: {list(open_)}"
        assert answers["body"].startswith(b"HTTP/1.1 408 ")
    finally:
        for client in clients.values():
            client.socket.close()


def test_reader_that_takes_nothing_of_its_answer_is_cut(own_house):
    house = own_house
    # A status of more than the kernel takes from us.
    house.feeder.known += [f"camera-that-was-once-seen-{number}" for number in range(250)]
    wait_until(lambda: len(house.status()["cameras"]) == 250, "cameras known")
    with RawClient(house.port, receive_buffer_bytes=2048) as reader:
        reader.ask("GET", "/status")
        wait_until(lambda: house.counter("stalled") == 1, "reader cut", CUT_S)
