"""A real keeper process on a real bus, without supervisord: cameras remembered, requests answered, life told."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager

import pytest

from common.bus import Bus
from common.clock import host_id
from common.topics import CAMERA, EVENT, STATUS, topic
from common.wire import decode_record, encode_record
from tests.helpers.bus import addresses_in, broker, short_tmp

WAIT_S = 10.0


class Keeper:
    """The process, and ways to ask it."""

    def __init__(self, folder):
        self.folder = folder
        self.environ = {
            **os.environ,
            "CAM_RUN_DIR": str(folder),
            "CAM_STATE_DIR": str(folder / "state"),
            "CAM_RECORDING_DIR": str(folder / "recordings"),
        }
        self.process = None

    def start(self):
        with (self.folder / "keeper.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.keeper", "--name", "keeper"], env=self.environ, stderr=log
            )
        wait_until(self.is_served, "keeper's socket")

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(WAIT_S)

    def connect(self):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(WAIT_S)
        try:
            connection.connect(str(self.folder / "keeper.sock"))
        except OSError:
            connection.close()
            raise
        return connection

    def ask(self, method, path, value=None):
        body = b"" if value is None else json.dumps(value).encode()
        head = f"{method} {path} HTTP/1.1\r\nHost: k\r\nContent-Type: application/json\r\n"
        with self.connect() as connection:
            connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            response = http.client.HTTPResponse(connection, method=method)
            response.begin()
            return response.status, json.loads(response.read() or b"null")

    def is_served(self):
        try:
            return self.ask("GET", "/api/scale")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def cameras(self):
        return [row["id"] for row in self.ask("GET", "/api/cameras")[1]["cameras"]]

    def open_files(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def log(self):
        return (self.folder / "keeper.log").read_text()


def wait_until(predicate, what):
    deadline = time.monotonic() + WAIT_S
    while not predicate():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


@contextmanager
def running():
    with short_tmp() as folder, broker(folder):
        keeper = Keeper(folder)
        keeper.start()
        try:
            with Bus(addresses_in(folder)) as bus:
                bus.subscribe(STATUS)
                yield keeper, bus
        finally:
            keeper.process.kill()
            keeper.process.wait()


def announce(bus, *cameras, online=True):
    rows = [{"id": camera, "online": online} for camera in cameras]
    record = encode_record({"publisher": "ingest-0", "full": True, "cameras": rows})
    bus.drain()
    bus.publish(topic(CAMERA, host_id(), "ingest-0"), record)


def test_keeper_remembers_cameras_over_its_own_death_and_forgets_on_request():
    with running() as (keeper, bus):
        wait_until(lambda: announce(bus, "porch", "attic") or keeper.cameras() == ["attic", "porch"], "the cameras")
        keeper.stop(signal.SIGKILL)
        keeper.start()
        assert keeper.cameras() == ["attic", "porch"]

        assert keeper.ask("DELETE", "/api/cameras/attic")[0] == 200
        assert keeper.stop() == 0
        keeper.start()
        assert keeper.cameras() == ["porch"]


def test_keeper_tells_what_others_need_of_it():
    with running() as (keeper, bus):
        announce(bus, "porch")
        records = []

        def told():
            bus.wait(0.05)
            records.extend(decode_record(message.header) for message in bus.drain() if "keeper" in message.topic)
            announce(bus, "porch")
            return any(record["known_cameras"] == ["porch"] for record in records)

        wait_until(told, "keeper's status with the camera")
        record = records[-1]
        assert record["stage"] == "keeper"
        assert record["scale"] == {"ingest": 1, "transcode": 1, "recorder": 1, "fanout": 1}
        assert record["apis"] == [{"prefix": "/api/cameras", "socket": str(keeper.folder / "keeper.sock")}]
        assert [row["name"] for row in record["others"]] == ["supervisord"]
        assert record["others"][0]["rss_bytes"] > 1 << 20
        assert (keeper.folder / "alive" / "keeper").exists()


def test_keeper_tells_the_modes_and_remembers_them_over_its_own_death():
    with running() as (keeper, bus):
        told = []

        def tells(recording):
            announce(bus, "porch")
            bus.wait(0.05)
            told.extend(decode_record(message.header) for message in bus.drain() if "keeper" in message.topic)
            return bool(told) and told[-1]["recording"] == recording

        wait_until(lambda: tells({"cameras": {"porch": "off"}, "default": "off", "used": False}), "the first word")

        status, answer = keeper.ask("POST", "/api/cameras/porch/recording", {"mode": "event"})
        assert (status, answer) == (200, {"camera": "porch", "mode": "event", "was": "off"})
        wait_until(lambda: tells({"cameras": {"porch": "event"}, "default": "off", "used": True}), "the new mode")

        keeper.stop(signal.SIGKILL)
        keeper.start()
        assert keeper.ask("GET", "/api/cameras/porch/recording")[1]["mode"] == "event"


def test_keeper_tells_of_an_event_until_some_time_after_its_end_over_its_own_death():
    with running() as (keeper, bus):
        wait_until(lambda: announce(bus, "porch") or keeper.cameras() == ["porch"], "the camera")
        heard = []

        def hears(is_the_one):
            bus.wait(0.05)
            heard.extend(decode_record(each.header) for each in bus.drain() if each.topic == topic(EVENT, "porch"))
            return any(map(is_the_one, heard))

        bus.subscribe(EVENT)
        status, answer = keeper.ask("POST", "/api/cameras/porch/events", {"id": "door", "name": "ring"})
        assert (status, answer["id"], answer["end"]) == (202, "door", None)
        wait_until(lambda: hears(lambda each: each["id"] == "door" and "end_ns" not in each), "the event")
        keeper.stop(signal.SIGKILL)
        keeper.start()
        heard.clear()
        wait_until(lambda: hears(lambda each: each["id"] == "door" and each["name"] == "ring"), "the event again")

        assert keeper.ask("POST", "/api/cameras/porch/events", {"id": "door", "end": "now"})[0] == 202
        wait_until(lambda: hears(lambda each: each.get("end_ns", 0) > each["start_ns"]), "its end")


def test_keeper_counts_malformed_announcements_and_goes_on():
    with running() as (keeper, bus):
        counts = []

        def counted():
            bus.publish(topic(CAMERA, host_id(), "x"), b"\xc1")
            bus.publish(topic(CAMERA, host_id(), "x"), encode_record({"publisher": "x", "cameras": [{"id": "../x"}]}))
            bus.wait(0.05)
            counts.extend(
                decode_record(message.header)["counters"] for message in bus.drain() if "keeper" in message.topic
            )
            return any(count.get("malformed", 0) >= 2 for count in counts)

        wait_until(counted, "the count of malformed announcements")
        assert keeper.cameras() == []


def test_keeper_says_once_that_supervisord_is_away_and_serves_on():
    with running() as (keeper, _):
        assert keeper.ask("POST", "/api/scale", {"fanout": 2})[0] == 200
        assert keeper.ask("POST", "/api/scale", {"fanout": 3})[0] == 200

        assert keeper.log().count("supervisord does not answer") == 1


def test_keeper_serves_others_while_one_connection_dawdles():
    with running() as (keeper, _), keeper.connect() as slow:
        slow.sendall(b"GET /api/cameras HTTP/1.1\r\nHo")

        assert keeper.ask("GET", "/api/cameras")[0] == 200
        slow.sendall(b"st: k\r\n\r\n")
        assert slow.recv(16) == b"HTTP/1.1 200 OK\r"[:16]


def test_keeper_closes_a_connection_that_never_ends_its_request():
    with running() as (keeper, _), keeper.connect() as slow:
        slow.sendall(b"GET /api/cameras HTTP/1.1\r\nHo")

        assert slow.recv(16) == b""


@pytest.mark.parametrize("garbage", [b"\x16\x03\x01\x02\x00\r\n\r\n", b"x" * 20_000, b"GET /\r\n\r\n"])
def test_keeper_answers_garbage_with_a_sentence(garbage):
    with running() as (keeper, _):
        with keeper.connect() as connection:
            connection.sendall(garbage)
            assert connection.recv(12).startswith(b"HTTP/1.1 4")
        assert keeper.ask("GET", "/api/scale")[0] == 200


def test_keeper_keeps_no_more_than_64_connections_and_recovers():
    with running() as (keeper, _), ExitStack() as idle:
        for _ in range(64):
            idle.enter_context(keeper.connect())
        wait_until(lambda: keeper.open_files() >= 64, "64 open connections")

        with keeper.connect() as one_more:
            assert one_more.recv(1) == b""
        idle.close()

        wait_until(keeper.is_served, "an answer after the others were closed")
