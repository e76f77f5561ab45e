"""What fanout passes on: camera connections, read or unread, and posted pictures."""

import contextlib
import os
import socket
import time

import pytest

from common import handover
from common.handover import CAMERA, FRAME, Answer, Handover
from tests.helpers.jpegs import make_jpeg
from tests.helpers.raw_camera import HEAD_END, USUAL_HEADERS
from tests.helpers.rooms import wait_until
from tests.helpers.websocket import BINARY, CLOSE, client_frame

JPEG = make_jpeg(scan=b"\x5a" * 17_000)


def pass_on(station, kind: str, fd: int, **fields) -> Answer:
    """Do what a fanout process does with a connection or a picture."""
    values = {"peer": "192.168.7.7", "peer_port": 4711, "sent_mono_ns": time.monotonic_ns(), **fields}
    with handover.connect(handover.socket_path(station.settings, "ingest-0")) as client:
        client.setblocking(True)
        client.settimeout(5)
        handover.send(client, Handover(kind=kind, **values), fd)
        return handover.receive_answer(client)


def post(station, camera: str, picture: bytes, **fields) -> Answer:
    fd = os.memfd_create("picture")
    try:
        os.write(fd, picture)
        return pass_on(station, FRAME, fd, camera=camera, **fields)
    finally:
        os.close(fd)


def request(target: str) -> bytes:
    return "\r\n".join((f"GET {target} HTTP/1.1", *USUAL_HEADERS)).encode() + HEAD_END


@pytest.fixture
def device():
    """Both ends of a TCP connection: the device's, and the one that fanout accepted."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        near = socket.create_connection(listener.getsockname(), 10)
        accepted, _ = listener.accept()
    with near, accepted:
        yield near, accepted


@pytest.mark.parametrize("is_read", [False, True], ids=["head unread", "head already read"])
def test_passed_camera_is_adopted_and_outlives_who_passed_it(station, device, is_read):
    near, accepted = device
    name = f"passed-{is_read}".lower()
    near.sendall(request(f"/ws/camera/{name}") + client_frame(BINARY, JPEG))
    head = b""
    if is_read:
        # A reader takes what is there, which may go beyond the head.
        head = accepted.recv(300)
    with station.ear("camera") as ear:
        assert pass_on(station, CAMERA, accepted.fileno(), head=head) == Answer(101)
        accepted.close()
        assert near.recv(1000).startswith(b"HTTP/1.1 101 ")
        announced = ear.wait_camera(name, online=True, frames=1)
        assert announced["peer"] == "192.168.7.7"
        near.sendall(client_frame(CLOSE))
        with pytest.raises(ConnectionResetError):
            near.recv(1)


def test_passed_camera_that_is_refused_gets_its_answer(station, device):
    near, accepted = device
    near.sendall(request("/ws/camera/" + "x" * 40))
    assert pass_on(station, CAMERA, accepted.fileno()).status == 101
    accepted.close()
    assert near.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_relayed_camera_comes_through_a_socket_pair(station):
    near, far = socket.socketpair()
    with near, far, station.ear("camera") as ear:
        near.settimeout(10)
        assert pass_on(station, CAMERA, far.fileno(), head=request("/ws/camera/relayed")) == Answer(101)
        far.close()
        assert near.recv(1000).startswith(b"HTTP/1.1 101 ")
        near.sendall(client_frame(BINARY, JPEG))
        ear.wait_camera("relayed", online=True, frames=1, source="ws 192.168.7.7")
        near.sendall(client_frame(CLOSE))
        # The relay sees the end, and no Close frame before it.
        with contextlib.suppress(ConnectionResetError):
            assert near.recv(1) == b""


def test_device_that_hung_up_on_its_way_leaves_nothing(station, device):
    near, accepted = device
    before = station.ingest.open_files()
    near.close()
    assert pass_on(station, CAMERA, accepted.fileno()).status == 101
    accepted.close()
    wait_until(lambda: station.ingest.open_files() <= before, "the descriptor closed")


def test_handover_of_a_second_ago_is_refused_and_its_descriptor_closed(station, device):
    _, accepted = device
    before = station.ingest.open_files()
    old_ns = time.monotonic_ns() - 2_000_000_000
    assert pass_on(station, CAMERA, accepted.fileno(), sent_mono_ns=old_ns).status == 503
    wait_until(lambda: station.ingest.open_files() <= before, "the descriptor closed")


def test_what_is_no_connection_is_refused(station):
    with open(os.devnull, "rb") as wrong:
        assert pass_on(station, CAMERA, wrong.fileno()).status == 503


def test_silent_or_malformed_handover_is_hung_up_on(station):
    path = handover.socket_path(station.settings, "ingest-0")
    before = station.ingest.open_files()
    with handover.connect(path) as silent, handover.connect(path) as malformed:
        for client in (silent, malformed):
            client.setblocking(True)
            client.settimeout(5)
        malformed.send(b"junk")
        assert handover.receive_answer(malformed).status == 503
        assert silent.recv(100) == b""
    wait_until(lambda: station.ingest.open_files() <= before, "the descriptors closed")


def test_posted_picture_is_a_frame_of_an_online_camera(station):
    with station.ear("camera", "jpeg/garden/main") as ear:
        ear.listen(0.3)
        assert post(station, "Garden", JPEG + b"\0\0") == Answer(204)
        assert post(station, "garden", JPEG, peer="192.168.7.8") == Answer(204)
        frames = ear.wait_frames("jpeg/garden/main", 2)
        announced = ear.wait_camera("garden", online=True, frames=2)
    assert [frame.payload for frame in frames] == [JPEG, JPEG]
    assert [frame.seq for frame in frames] == [0, 1]
    assert announced["source"] == "post 192.168.7.7"


@pytest.mark.parametrize(
    ("camera", "picture", "status", "word"),
    [
        ("", JPEG, 400, "1 to 32 characters"),
        ("x" * 33, JPEG, 400, "1 to 32 characters"),
        ("cut", JPEG[:-9], 400, "truncated"),
        ("text", b"hello", 400, "junk"),
        ("nothing", b"", 400, "junk"),
        ("video", b"\0\0\0\1\x67", 400, "junk"),
        ("large", bytes((2 << 20) + 1), 413, "2097152 bytes"),
    ],
)
def test_posted_picture_that_cannot_be_taken_is_answered_in_a_sentence(station, camera, picture, status, word):
    answer = post(station, camera, picture)
    assert answer.status == status
    assert word in answer.text


def test_camera_whose_first_posted_picture_is_broken_does_not_come_into_being(station):
    assert post(station, "stillborn", JPEG[:-9]).status == 400
    with station.ear("camera") as ear:
        ear.wait(lambda: any(record["full"] for record in ear.records("camera")), "all cameras")
        assert ear.camera("stillborn") == {}


def test_posting_camera_that_sends_a_broken_picture_stays_online(station):
    assert post(station, "patient", JPEG).status == 204
    assert post(station, "patient", JPEG[:-9]).status == 400
    assert post(station, "patient", b"\0\0\0\1\x67").status == 400
    with station.ear("camera") as ear:
        assert ear.wait_camera("patient", online=True)["dropped"] == {"truncated": 1}


def test_post_does_not_oust_a_connected_camera_and_a_connection_ousts_posting(station):
    with station.ear("camera") as ear, station.join("/ws/camera/both") as camera:
        camera.send_picture(JPEG)
        ear.wait_camera("both", frames=1)
        assert post(station, "both", JPEG).status == 409
        assert camera.is_silent(0.1)
    with station.ear("camera") as ear:
        ear.wait_camera("both", online=False)
        assert post(station, "both", JPEG).status == 204
        with station.join("/ws/camera/both"):
            ear.wait_camera("both", online=True, source="ws 127.0.0.1")
