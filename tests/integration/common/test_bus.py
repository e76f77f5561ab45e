"""The bus on a real broker process: demand, loss and return of the broker, nothing stale."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import pytest

from common.bus import Bus, Message, frames
from common.config import BusAddresses
from common.frame import Frame
from common.wire import decode_frame, encode_record
from tests.helpers.bus import addresses_in, broker, free_port, short_tmp

DEADLINE_S = 10


@pytest.fixture
def run_dir() -> Iterator[Path]:
    with short_tmp() as path:
        yield path


def wait_until(condition: Callable[[], bool], *buses: Bus) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, "condition not met in time"
        for bus in buses:
            bus.drain()
        time.sleep(0.005)


def receive(bus: Bus, count: int = 1) -> list[Message]:
    messages: list[Message] = []
    deadline = time.monotonic() + DEADLINE_S
    while len(messages) < count:
        assert time.monotonic() < deadline, f"{len(messages)} of {count} messages came"
        bus.wait(0.1)
        messages += bus.drain()
    return messages


def frame(seq: int) -> Frame:
    return Frame(seq, 7, 1000 + seq, 2000, 640, 480, payload=b"\xff\xd8" + bytes(3000))


def test_publisher_sees_demand_and_its_end_through_the_broker(run_dir):
    told: list[tuple[str, bool]] = []
    with (
        broker(run_dir),
        Bus(addresses_in(run_dir), on_demand=lambda *demand: told.append(demand)) as publisher,
        Bus(addresses_in(run_dir)) as subscriber,
    ):
        wait_until(lambda: publisher.connected, publisher)
        assert not publisher.is_wanted("jpeg/porch/main")
        subscriber.subscribe("jpeg/porch/main")
        wait_until(lambda: publisher.is_wanted("jpeg/porch/main"), publisher)
        assert not publisher.is_wanted("jpeg/porch2/main")
        subscriber.unsubscribe("jpeg/porch/main")
        wait_until(lambda: not publisher.is_wanted("jpeg/porch/main"), publisher)
        assert [demand for demand in told if demand[0].startswith("jpeg")] == [
            ("jpeg/porch/main", True),
            ("jpeg/porch/main", False),
        ]


def test_shorter_prefix_is_demand_for_all_below(run_dir):
    with broker(run_dir), Bus(addresses_in(run_dir)) as publisher, Bus(addresses_in(run_dir)) as subscriber:
        subscriber.subscribe("jpeg")
        wait_until(lambda: publisher.is_wanted("jpeg/any/main"), publisher)
        assert publisher.is_wanted("jpeg/other/low")
        assert not publisher.is_wanted("h264/any/main")


def test_frame_arrives_as_it_was_sent(run_dir):
    with broker(run_dir), Bus(addresses_in(run_dir)) as publisher, Bus(addresses_in(run_dir)) as subscriber:
        subscriber.subscribe("jpeg/cam1/main")
        wait_until(lambda: publisher.is_wanted("jpeg/cam1/main"), publisher)
        publisher.publish_frame("jpeg/cam10/main", frame(1))
        publisher.publish_frame("jpeg/cam1/main", frame(2))
        (message,) = receive(subscriber)
        assert message.topic == "jpeg/cam1/main"
        assert decode_frame(message.header, message.payload) == frame(2)


def test_broker_killed_withdraws_demand_and_delivers_nothing_stale(run_dir):
    with Bus(addresses_in(run_dir)) as publisher, Bus(addresses_in(run_dir)) as subscriber:
        subscriber.subscribe("jpeg/cam1/main")
        with broker(run_dir) as first:
            wait_until(lambda: publisher.is_wanted("jpeg/cam1/main"), publisher, subscriber)
            first.kill()
            wait_until(lambda: not publisher.is_wanted("jpeg/cam1/main"), publisher, subscriber)
        for seq in range(50):
            publisher.publish_frame("jpeg/cam1/main", frame(seq))
        with broker(run_dir):
            wait_until(lambda: publisher.is_wanted("jpeg/cam1/main"), publisher, subscriber)
            publisher.publish_frame("jpeg/cam1/main", frame(99))
            (message,) = receive(subscriber)
            assert decode_frame(message.header, message.payload).seq == 99


def test_hung_broker_is_noticed_and_demand_returns_when_it_wakes(run_dir):
    with broker(run_dir) as process, Bus(addresses_in(run_dir)) as publisher, Bus(addresses_in(run_dir)) as subscriber:
        subscriber.subscribe("jpeg/cam1/main")
        wait_until(lambda: publisher.is_wanted("jpeg/cam1/main"), publisher, subscriber)
        process.send_signal(signal.SIGSTOP)
        wait_until(lambda: not publisher.connected, publisher, subscriber)
        assert not publisher.is_wanted("jpeg/cam1/main")
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: publisher.is_wanted("jpeg/cam1/main"), publisher, subscriber)


def test_subscriber_killed_is_no_longer_demand(run_dir):
    script = (
        "import sys,time; from common.bus import *; b=Bus(BusAddresses(*sys.argv[1:3],1000));"
        "b.subscribe('jpeg/cam1/main')\nwhile True: b.wait(1); b.drain()"
    )
    addresses = addresses_in(run_dir)
    with broker(run_dir), Bus(addresses) as publisher:
        child = subprocess.Popen([sys.executable, "-c", script, addresses.publish, addresses.subscribe])
        try:
            wait_until(lambda: publisher.is_wanted("jpeg/cam1/main"), publisher)
        finally:
            child.kill()
            child.wait()
        wait_until(lambda: not publisher.is_wanted("jpeg/cam1/main"), publisher)


def test_malformed_messages_are_dropped_and_counted(run_dir):
    import zmq

    addresses = addresses_in(run_dir)
    with broker(run_dir), Bus(addresses) as subscriber, zmq.Context() as context:
        subscriber.subscribe("")
        with context.socket(zmq.XPUB) as raw:
            raw.setsockopt(zmq.LINGER, 0)
            raw.connect(addresses.publish)
            while raw.poll(5000) and raw.recv() != b"\x01":  # the subscription to everything
                continue
            raw.send(b"one part")
            raw.send_multipart([b"no/slash/end", b"", b""])
            raw.send_multipart([b"\xff\xfe/", b"", b""])
            raw.send_multipart([b"a" * 300 + b"/", b"", b""])
            raw.send_multipart([b"ok/a/b/", encode_record({"x": 1}), b"payload"])
            messages: list[Message] = []
            wait_until(
                lambda: any(m.topic == "ok/a/b" for m in messages) or messages.extend(subscriber.drain()) or False
            )
        assert subscriber.malformed == 4


def test_broker_tells_its_life(run_dir):
    with broker(run_dir), Bus(addresses_in(run_dir)) as watcher:
        watcher.subscribe("status")
        (message, *_) = receive(watcher)
        assert message.topic.endswith("/broker")
        wait_until(lambda: (run_dir / "alive" / "broker").exists(), watcher)


def test_bus_works_over_tcp_when_so_configured(run_dir):
    ports = [free_port(), free_port()]
    addresses = BusAddresses(f"tcp://127.0.0.1:{ports[0]}", f"tcp://127.0.0.1:{ports[1]}", 1000)
    variables = {"CAM_BUS_PUBLISH_ADDRESS": addresses.publish, "CAM_BUS_SUBSCRIBE_ADDRESS": addresses.subscribe}
    with broker(run_dir, **variables), Bus(addresses) as publisher, Bus(addresses) as subscriber:
        subscriber.subscribe("jpeg/cam1/main")
        wait_until(lambda: publisher.is_wanted("jpeg/cam1/main"), publisher, subscriber)
        publisher.publish_frame("jpeg/cam1/main", frame(1))
        assert receive(subscriber)[0].topic == "jpeg/cam1/main"


def test_frames_yields_what_is_published_and_skips_what_is_malformed(run_dir):
    addresses = addresses_in(run_dir)
    with broker(run_dir), Bus(addresses) as publisher, ThreadPoolExecutor(1) as pool:
        taken = pool.submit(lambda: list(islice(frames("jpeg/cam1/main", addresses=addresses), 2)))
        wait_until(lambda: publisher.is_wanted("jpeg/cam1/main"), publisher)
        publisher.publish_frame("jpeg/cam1/main", frame(1))
        publisher.publish("jpeg/cam1/main", b"no header", b"x")
        publisher.publish_frame("jpeg/cam1/main", frame(2))
        assert [got.seq for got in taken.result(DEADLINE_S)] == [1, 2]
