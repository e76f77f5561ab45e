"""Who encodes a camera: real workers that hang, come and go; and cameras that are kept apart."""

import os
import signal
import time
from contextlib import ExitStack

import pytest

from common.topics import STATUS, topic
from common.units import NS_PER_S
from common.wire import encode_record
from services.ingest.workers import choose
from tests.helpers.bus import short_tmp
from tests.helpers.bus_ear import BusEar
from tests.helpers.raw_camera import join
from tests.helpers.rooms import listening_socket, room, settings_in

PAIR = ("transcode-0", "transcode-1")


def wait_workers(ear: BusEar, expected: dict[str, str], say=lambda: None) -> dict[str, int]:
    """Wait until the cameras' workers are these; return the terms."""

    def are_named():
        say()
        ear.listen(0.1)
        return all(ear.camera(camera).get("worker") == worker for camera, worker in expected.items())

    ear.wait(are_named, f"workers {expected}", 30)
    return {camera: ear.camera(camera)["term"] for camera in expected}


def test_hung_worker_loses_its_cameras_and_a_joining_one_takes_its_share():
    cameras = [f"cam{number}" for number in range(8)]
    shared = {camera: choose(camera, PAIR) for camera in cameras}
    assert set(shared.values()) == set(PAIR)
    with ExitStack() as stack:
        folder = stack.enter_context(short_tmp())
        listener = stack.enter_context(listening_socket())
        stack.enter_context(room("broker-0", folder))
        stack.enter_context(room("ingest-0", folder, stdin=listener))
        ear = stack.enter_context(BusEar(settings_in(folder).bus_addresses, "camera"))
        stack.enter_context(room("transcode-0", folder))
        for camera in cameras:
            stack.enter_context(join(listener.getsockname()[1], f"/ws/camera/{camera}"))
        alone = wait_workers(ear, dict.fromkeys(cameras, "transcode-0"))
        joining = stack.enter_context(room("transcode-1", folder))
        both = wait_workers(ear, shared)
        os.kill(joining.process.pid, signal.SIGSTOP)
        try:
            left = wait_workers(ear, dict.fromkeys(cameras, "transcode-0"))
        finally:
            os.kill(joining.process.pid, signal.SIGCONT)
        again = wait_workers(ear, shared)
        moved = [camera for camera, worker in shared.items() if worker == "transcode-1"]
        assert all(alone[camera] < both[camera] < left[camera] < again[camera] for camera in moved)


class Stage:
    """Workers and a keeper that only say what a test lets them say."""

    def __init__(self, ear: BusEar) -> None:
        self.ear = ear
        self.workers: dict[str, dict] = {}
        self.keeper: dict | None = None

    def say(self) -> None:
        for name, more in self.workers.items():
            sign = {"name": name, "stage": "transcode", "host": "h", "incarnation": 1, "heartbeat": True, **more}
            self.ear.bus.publish(topic(STATUS, "h", name), encode_record(sign))
        if self.keeper is not None:
            record = {"name": "keeper", "stage": "keeper", "host": "h", "known_cameras": [], **self.keeper}
            self.ear.bus.publish(topic(STATUS, "h", "keeper"), encode_record(record))

    def wait(self, **expected: str) -> dict[str, int]:
        return wait_workers(self.ear, expected, self.say)


@pytest.fixture
def stage(station):
    with station.ear("camera") as ear, station.join("/ws/camera/wild"), station.join("/ws/camera/tame"):
        yield Stage(ear)


def test_isolated_camera_is_given_to_its_own_process_only(stage):
    alone, general = "transcode-alone-0", choose("wild", PAIR)
    stage.keeper = {"isolated": {}, "quarantined": {}}
    stage.workers = {name: {} for name in PAIR} | {alone: {"alone": True}}
    first = stage.wait(wild=general, tame=choose("tame", PAIR))
    stage.keeper["isolated"] = {"wild": alone}
    second = stage.wait(wild=alone, tame=choose("tame", PAIR))
    assert second["wild"] > first["wild"]
    assert second["tame"] == first["tame"]
    del stage.workers[alone]
    third = stage.wait(wild="", tame=choose("tame", PAIR))
    stage.workers[alone] = {"alone": True}
    assert second["wild"] < third["wild"] < stage.wait(wild=alone)["wild"]
    stage.keeper["isolated"] = {}
    stage.wait(wild=general)


def test_quarantined_camera_has_no_worker_under_a_new_term_until_it_is_lifted(stage):
    stage.workers = {"transcode-0": {}}
    stage.keeper = {"isolated": {}, "quarantined": {}}
    before = stage.wait(wild="transcode-0", tame="transcode-0")
    until_ns = time.time_ns() + 3600 * NS_PER_S
    quarantine = {"since_wall_ns": 1, "until_wall_ns": until_ns, "reason": "three crashes"}
    stage.keeper["quarantined"] = {"wild": quarantine}
    during = stage.wait(wild="", tame="transcode-0")
    assert during["wild"] > before["wild"]
    assert during["tame"] == before["tame"]
    stage.keeper["quarantined"] = {}
    assert stage.wait(wild="transcode-0")["wild"] > during["wild"]


def test_suspect_has_no_worker_until_keeper_speaks_or_time_passes(stage):
    stage.workers = {"transcode-0": {}}
    stage.keeper = {"isolated": {}, "quarantined": {}}
    before = stage.wait(wild="transcode-0", tame="transcode-0")
    stage.workers["transcode-0"] = {"incarnation": 2, "suspects": ["wild"], "crash_id": 1}
    during = stage.wait(wild="", tame="transcode-0")
    assert during["wild"] > before["wild"]
    after = stage.wait(wild="transcode-0")
    assert after["wild"] - during["wild"] > 4 * NS_PER_S
