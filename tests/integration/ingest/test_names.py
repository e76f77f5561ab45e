"""Names and take-overs as cameras see them. The rules themselves: tests/unit/ingest/test_registry.py."""

import json
import time
from contextlib import ExitStack

import pytest

from common.topics import STATUS, topic
from common.wire import encode_record
from tests.helpers.bus import short_tmp
from tests.helpers.bus_ear import BusEar
from tests.helpers.jpegs import make_jpeg
from tests.helpers.raw_camera import RawCamera, join
from tests.helpers.rooms import listening_socket, room, settings_in, wait_until

JPEG = make_jpeg()


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/ws/camera/Front%20Door", "front-door"),
        ("/ws/camera?id=K%C3%BCche", "k-che"),
        ("/ws/camera", "cam-127-0-9-9"),
    ],
)
def test_camera_is_announced_under_its_name(station, target, name):
    with station.ear("camera") as ear, station.join(target, "127.0.9.9") as camera:
        camera.send_picture(JPEG)
        announced = ear.wait_camera(name, online=True, frames=1)
    assert announced["source"] == "ws 127.0.9.9"
    assert announced["peer"] == "127.0.9.9"
    assert announced["named"] is (target != "/ws/camera")


def test_second_device_behind_an_address_becomes_number_two(station):
    address = "127.0.4.1"
    with station.ear("camera", "jpeg/cam-127-0-4-1/main", "jpeg/cam-127-0-4-1-2/main") as ear, \
            station.join("/ws/camera", address) as first, station.join("/ws/camera", address) as second:  # fmt: skip
        ear.listen(0.3)
        for number in range(3):
            first.send_picture(make_jpeg(320, 240, number=number))
            second.send_picture(make_jpeg(640, 480, number=number))
        assert {frame.width for frame in ear.wait_frames("jpeg/cam-127-0-4-1/main", 3)} == {640}
        assert {frame.width for frame in ear.wait_frames("jpeg/cam-127-0-4-1-2/main", 3)} == {320}
        ear.wait_camera("cam-127-0-4-1", online=True, width=640)
        ear.wait_camera("cam-127-0-4-1-2", online=True, width=320)
        assert first.is_silent(0.1)


def test_rebooted_camera_without_a_name_takes_its_place_and_the_dead_connection_is_reset(station):
    address = "127.0.4.2"
    with station.ear("camera") as ear, station.join("/ws/camera", address) as dead:
        dead.send_picture(JPEG)
        ear.wait_camera("cam-127-0-4-2", frames=1)
        with station.join("/ws/camera", address) as rebooted:
            rebooted.send_picture(JPEG)
            ear.wait_camera("cam-127-0-4-2", online=True, frames=2)
            start = time.monotonic()
            assert dead.read_to_end() == (b"", True)
            assert time.monotonic() - start < 5
            assert rebooted.is_silent(0.2)
        assert ear.camera("cam-127-0-4-2-2") == {}


def test_name_that_several_devices_want_is_left_to_its_holder(station):
    with station.ear("camera") as ear, ExitStack() as stack:
        cameras = [stack.enter_context(station.join("/ws/camera/wanted", f"127.0.5.{n}")) for n in range(1, 5)]
        assert all(camera.read_to_end() == (b"", True) for camera in cameras[:-1])
        with station.camera("127.0.5.9") as refused:
            answer = refused.ask("/ws/camera/wanted")
        assert answer.startswith(b"HTTP/1.1 409 ")
        assert b"127.0.5.4" in answer
        assert cameras[-1].is_silent(0.1)
        ear.wait(lambda: "127.0.5.9" in ear.camera("wanted").get("warning", ""), "the warning")


@pytest.fixture
def small_station():
    """A station that takes two cameras."""
    with short_tmp() as folder, listening_socket() as listener, room("broker-0", folder), \
            room("ingest-0", folder, stdin=listener, CAM_MAX_CAMERAS="2"):  # fmt: skip
        yield settings_in(folder), listener.getsockname()[1]


def test_camera_beyond_the_most_is_503_and_what_keeper_forgets_makes_room(small_station):
    settings, port = small_station

    def keeper_knows(ear: BusEar, *names: str) -> None:
        ear.bus.publish(topic(STATUS, "h", "keeper"), encode_record({"stage": "keeper", "known_cameras": [*names]}))

    with BusEar(settings.bus_addresses, "camera") as ear:
        ear.listen(0.3)
        keeper_knows(ear, "old")
        ear.listen(0.2)
        with join(port, "/ws/camera/first"):
            with RawCamera(port) as camera:
                answer = camera.ask("/ws/camera/second")
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"max_cameras" in answer
            with join(port, "/ws/camera/old"):
                pass
            # What was online a moment ago counts for a minute; another name is free once keeper forgot.
            keeper_knows(ear)
            ear.wait_camera("old", online=False)
            with RawCamera(port) as camera:
                assert camera.ask("/ws/camera/second").startswith(b"HTTP/1.1 503 ")
            with join(port, "/ws/camera/old"):
                pass


def test_hundred_connects_and_disconnects_leave_nothing_behind(station):
    with station.ear("camera") as ear:
        for _ in range(30):
            with station.join("/ws/camera/flapping") as camera:
                camera.send_picture(JPEG)
        ear.wait_camera("flapping", online=False)
        files, rss_bytes = station.ingest.open_files(), station.ingest.rss_bytes()
        for number in range(100):
            with station.join("/ws/camera/flapping") as camera:
                camera.send_picture(JPEG)
                if number % 3 == 0:
                    camera.crash()
        for _ in range(100):
            with station.camera() as camera:
                camera.ask("/nowhere")
        ear.wait_camera("flapping", online=False)
        wait_until(lambda: station.ingest.open_files() <= files, "the descriptors closed")
        # One connection holds some 5 KB and its newest picture: a hundred that stayed would be seen.
        assert station.ingest.rss_bytes() < rss_bytes + (2 << 20), json.dumps([rss_bytes, station.ingest.rss_bytes()])
