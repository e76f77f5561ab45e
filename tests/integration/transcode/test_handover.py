"""Cameras that go from one transcode process to another: what a reader of the bus gets, and what the accounts say."""

import random
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import pytest

from common.frame import Frame
from common.topics import H264, MP4, STATUS, topic
from tests.helpers.bus import short_tmp
from tests.helpers.encode_bench import Bench, a_bench, transcoder
from tests.helpers.rooms import Room, room, settings_in
from tests.helpers.video import decode_h264, jpeg

PICTURES = [jpeg(320, 240, seed=seed) for seed in range(4)]
PORCH = topic(H264, "porch")


@pytest.fixture
def own() -> Iterator[Bench]:
    with a_bench(CAM_TRANSCODE_IDLE_CLOSE_S="0.5") as bench:
        bench.viewer.bus.subscribe(STATUS)
        yield bench


@pytest.fixture
def other(own: Bench) -> Iterator[Room]:
    with transcoder("transcode-1", own.folder, {}) as worker:
        yield worker


def begin(bench: Bench, camera: str = "porch") -> None:
    bench.assign(camera)
    bench.watch(topic(H264, camera))
    bench.exchange(camera, PICTURES[0])


def pump_until(bench: Bench, condition: Callable[[], Any], what: str, camera: str = "porch", more: int = 3) -> None:
    """Let the camera send until something comes of it, and some pictures more."""
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end, f"{what}\n{bench.worker.log()}"
        bench.send(camera, random.choice(PICTURES))
        bench.run(0.04)
    for _ in range(more):
        bench.send(camera, random.choice(PICTURES))
        bench.run(0.04)


def delivered(frames: Sequence[Frame]) -> list[Frame]:
    """Return what a reader takes of a topic (WIRE.md, rules for readers): no older epoch, each beginning with a key."""
    taken: list[Frame] = []
    for frame in frames:
        if taken and frame.epoch < taken[-1].epoch:
            continue
        if taken and frame.epoch == taken[-1].epoch:
            assert frame.out_seq == taken[-1].out_seq + 1
        else:
            assert (frame.key, frame.out_seq) == (True, 0)
        taken.append(frame)
    return taken


def assert_plays(frames: Sequence[Frame]) -> None:
    """One decoder takes all of it without an error, and no time goes back or stands still."""
    assert len(decode_h264(frame.payload for frame in frames)) == len(frames)
    times = [frame.media_time_ns for frame in frames]
    assert times == sorted(set(times))


def terms(frames: Sequence[Frame]) -> list[int]:
    return list(dict.fromkeys(frame.term for frame in frames))


def test_camera_that_moves_back_and_forth_plays_on_from_one_keyframe_to_the_next(own, other):
    own.assign("porch")
    own.watch(PORCH, topic(MP4, "porch"))
    own.exchange("porch", PICTURES[0])
    named = [own.cameras["porch"].record["term"]]
    for worker in ("transcode-1", "transcode-0", "transcode-1"):
        named.append(own.assign("porch", worker))
        pump_until(own, lambda: own.viewer.frames(PORCH)[-1].term == named[-1], f"pictures of {worker}")
    frames = delivered(own.viewer.frames(PORCH))
    assert terms(frames) == named
    assert_plays(frames)
    fragments = delivered(own.viewer.frames(topic(MP4, "porch")))
    assert terms(fragments) == named
    decode_times = [int.from_bytes(each.payload[each.tfdt_offset : each.tfdt_offset + 8], "big") for each in fragments]
    assert decode_times == sorted(set(decode_times))


def test_slow_camera_that_moves_is_shown_at_once_and_its_time_goes_on(own, other):
    begin(own)
    for _ in range(3):
        own.exchange("porch", PICTURES[1])
    frames = len(own.viewer.frames(PORCH))
    # It sends nothing more: the newest picture, which went out before, is what the other worker begins with.
    term = own.assign("porch", "transcode-1")
    own.wait_frames(PORCH, frames + 1)
    taken = delivered(own.viewer.frames(PORCH))
    assert (taken[-1].term, taken[-1].seq, taken[-1].key) == (term, taken[-2].seq, True)
    assert_plays(taken)


def test_camera_of_a_process_that_was_killed_plays_on(own, other):
    begin(own)
    pump_until(own, lambda: len(own.viewer.frames(PORCH)) > 5, "pictures")
    own.worker.kill()
    term = own.assign("porch", "transcode-1")
    pump_until(own, lambda: own.viewer.frames(PORCH)[-1].term == term, "pictures of the other process")
    assert_plays(delivered(own.viewer.frames(PORCH)))


def test_process_that_wakes_delivers_nothing_of_before(own, other):
    begin(own)
    pump_until(own, lambda: len(own.viewer.frames(PORCH)) > 3, "pictures")
    # Something in the codec, something waiting for it, and more on the way when it is stopped.
    large = jpeg(1600, 1200)
    for _ in range(3):
        own.send("porch", large)
    own.run(0.005)
    own.worker.process.send_signal(signal.SIGSTOP)
    for _ in range(20):
        own.send("porch", PICTURES[1])
        own.run(0.04)
    term = own.assign("porch", "transcode-1")
    pump_until(own, lambda: own.viewer.frames(PORCH)[-1].term == term, "pictures of the other process", more=10)
    before = len(own.viewer.frames(PORCH))
    own.worker.process.send_signal(signal.SIGCONT)
    pump_until(own, lambda: "listening first" in own.worker.log(), "its word that it was stopped", more=25)
    frames = own.viewer.frames(PORCH)
    assert terms(frames[before:]) == [term]
    assert_plays(delivered(frames))


def test_process_that_wakes_sends_nothing_that_was_queued_for_sending():
    with short_tmp() as folder, room("broker-0", folder), Relay(folder) as relay:
        variables = {"CAM_BUS_PUBLISH_ADDRESS": relay.address, "CAM_TRANSCODE_BITRATE_KBPS": "20000"}
        with transcoder("transcode-0", folder, variables) as worker:
            bench = Bench(folder, settings_in(folder).bus_addresses, worker)
            bench.viewer.bus.subscribe(STATUS)
            begin(bench)
            relay.stall()
            noisy = [jpeg(640, 480, seed=seed) for seed in range(2)]
            for number in range(20):
                bench.send("porch", noisy[number % 2])
                bench.run(0.03)
            worker.process.send_signal(signal.SIGSTOP)
            relay.go_on()
            # The broker gives it up: nothing was heard of it for a second and a half.
            bench.wait(relay.is_cut, "the end of its connection")
            bench.run(0.2)
            before = len(bench.viewer.frames(PORCH))
            woken_ns = time.monotonic_ns()
            worker.process.send_signal(signal.SIGCONT)
            pump_until(bench, lambda: len(bench.viewer.frames(PORCH)) > before, "pictures", more=10)
            frames = bench.viewer.frames(PORCH)
            # Some had been handed to ZeroMQ and never came, or this test shows nothing.
            bench.wait(lambda: any(row["out"] > len(frames) for row in rows(bench, "porch")), "what was queued")
            bench.close()
        assert min(frame.hops["transcode_out"] for frame in frames[before:]) > woken_ns


class Relay:
    """A byte pipe between a publisher and the broker that can stall: what is sent queues up before it."""

    def __init__(self, folder: Path) -> None:
        self.address = f"ipc://{folder / 'relay.sock'}"
        self._broker = settings_in(folder).bus_addresses.publish.removeprefix("ipc://")
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / "relay.sock"))
        self._listener.listen()
        self._flows = threading.Event()
        self._flows.set()
        self._ended = 0
        self._threads = [threading.Thread(target=self._serve)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        self._flows.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def stall(self) -> None:
        self._flows.clear()

    def go_on(self) -> None:
        self._flows.set()

    def is_cut(self) -> bool:
        """Return whether a connection through it has ended."""
        return self._ended > 0

    def _serve(self) -> None:
        while True:
            try:
                publisher, _ = self._listener.accept()
            except OSError:
                return
            broker = socket.socket(socket.AF_UNIX)
            broker.connect(self._broker)
            pair = threading.Thread(target=self._pair, args=(publisher, broker))
            self._threads.append(pair)
            pair.start()

    def _pair(self, publisher: socket.socket, broker: socket.socket) -> None:
        back = threading.Thread(target=self._copy, args=(broker, publisher, threading.Event()))
        back.start()
        self._copy(publisher, broker, self._flows)
        back.join(10)
        publisher.close()
        broker.close()

    def _copy(self, source: socket.socket, sink: socket.socket, flows: threading.Event) -> None:
        try:
            while data := source.recv(65536):
                if flows is self._flows:
                    flows.wait()
                sink.sendall(data)
        except OSError:
            pass  # the other end is gone, as it would be without us
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        self._ended += 1


def rows(bench: Bench, camera: str) -> list[dict[str, Any]]:
    """Return all rows of the camera's ledger that transcode-0 told."""
    told = [each for each in bench.viewer.records(STATUS) if each["name"] == "transcode-0" and "ledger" in each]
    return [each["ledger"][camera] for each in told if camera in each["ledger"]]


def test_account_of_a_camera_is_closed_whatever_becomes_of_its_frames(own):
    begin(own)
    large = [jpeg(1280, 960, seed=seed) for seed in range(2)]
    sent = 1
    for round_ in range(3):
        for number in range(25):
            own.send("porch", b"\xff\xd8 no picture" if number == 7 else random.choice(large))
            sent += 1
            own.run(0.01)
        if round_ == 0:
            own.cameras["porch"].seq += 4  # lost on the bus
        if round_ == 1:
            # Another process has it for a while.
            own.assign("porch", "transcode-1")
            own.wait(lambda: not own.wants("porch"), "the end of its demand")
            own.assign("porch")
            own.wait(lambda: own.wants("porch"), "its demand again")
    own.wait(lambda: rows(own, "porch")[-1:] and rows(own, "porch")[-1]["held"] == 0, "everything encoded")
    before = len(rows(own, "porch"))
    own.wait(lambda: len(rows(own, "porch")) > before + 1, "the final account")
    for row in rows(own, "porch"):
        assert row["in"] == row["out"] + sum(row["dropped"].values()) + row["held"]
    last = rows(own, "porch")[-1]
    published = own.viewer.frames(PORCH)
    assert last["in"] <= sent
    assert last["dropped"]["corrupt"] >= 1
    assert last["dropped"]["overload"] >= 1
    assert (last["bus"], last["bus_from"]) == (4, {"ingest-0": 4})
    assert last["out"] <= len(published) <= last["out"] + 2


def test_account_of_a_camera_stays_when_nobody_watches_it_any_more(own):
    begin(own)
    for picture in PICTURES:
        own.exchange("porch", picture)
    own.viewer.bus.unsubscribe(PORCH)
    own.wait(lambda: own.status().get("encodes") == {}, "the end of its line")
    assert rows(own, "porch")[-1] == {
        "hop": "transcode", "in": 5, "out": 5, "dropped": {}, "held": 0, "bus": 0, "bus_from": {},
    }  # fmt: skip
    own.watch(PORCH)
    own.wait(lambda: any(frame.seq == 4 and frame.key for frame in own.viewer.frames(PORCH)), "the newest again")
    own.exchange("porch", PICTURES[0])
    own.wait(lambda: rows(own, "porch")[-1]["in"] == 6, "the newer account")
    assert rows(own, "porch")[-1]["out"] == 6
    assert rows(own, "porch")[-1]["bus"] == 0


@pytest.mark.parametrize(("width", "height"), [(1, 1), (65_500, 16)])
def test_camera_whose_pictures_cannot_be_encoded_is_told(own, width, height):
    own.assign("odd")
    own.watch(topic(H264, "odd"))
    picture = jpeg(width, height)
    error = ""
    end = time.monotonic() + 15
    while not error:
        assert time.monotonic() < end, own.status()
        own.send("odd", picture, width=width, height=height)
        own.run(0.1)
        error = own.status().get("encodes", {}).get("odd", {}).get("error", "")
    assert error.startswith("its pictures cannot be encoded: ")
    assert f"{width}x{height}" in error
    own.exchange("odd", PICTURES[0])
    own.wait(lambda: "error" not in own.status()["encodes"]["odd"], "the end of the error")
