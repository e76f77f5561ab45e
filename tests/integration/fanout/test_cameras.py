"""Cameras on port 8080: passed on to ingest, relayed where that is impossible, held while ingest is away."""

import contextlib
import time

import pytest

from common.handover import Answer
from tests.helpers.fake_ingest import FakeIngest
from tests.helpers.fanout_house import a_house
from tests.helpers.http import RawClient, fetch
from tests.helpers.rooms import wait_until

UPGRADE = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: o5eiVVO+8fz5eWtSFBPp4g==",
    "Origin: file://",
)
ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"


@pytest.fixture
def ingest(house):
    with FakeIngest(house.settings) as ingest:
        yield ingest


def test_camera_is_passed_on_with_every_byte_still_in_its_socket(house, ingest):
    with RawClient(house.port) as camera:
        camera.ask("GET", "/ws/camera/porch", *UPGRADE)
        taken = ingest.wait_taken()
        assert taken.handover.head == b""
        assert taken.handover.peer == "127.0.0.1"
        assert taken.handover.peer_port == camera.socket.getsockname()[1]
        assert taken.connection.recv(4096).startswith(b"GET /ws/camera/porch HTTP/1.1\r\nHost: ")
        taken.connection.sendall(ACCEPTED)
        camera.read_until(ACCEPTED)
        camera.socket.sendall(b"a frame")
        assert taken.connection.recv(100) == b"a frame"


def test_camera_that_dribbles_its_request_line_is_passed_on_whole(house, ingest):
    with RawClient(house.port) as camera:
        for part in (b"G", b"ET /ws/cam", b"era?id=porch HT", b"TP/1.1\r", b"\nHost: x\r\n"):
            camera.socket.sendall(part)
            time.sleep(0.05)
        taken = ingest.wait_taken()
        assert taken.connection.recv(4096).startswith(b"GET /ws/camera?id=porch HTTP/1.1\r\nHost: x\r\n")


def test_waiting_for_the_rest_of_a_request_line_costs_nothing(house):
    clients = [RawClient(house.port) for _ in range(20)]
    try:
        for client in clients:
            client.socket.sendall(b"GET /ws/cam")
        time.sleep(0.3)
        before_s = house.fanout.cpu_s()
        time.sleep(1.0)
        # Level-triggered readiness would spin and take the whole second.
        assert house.fanout.cpu_s() - before_s < 0.5
    finally:
        for client in clients:
            client.socket.close()


def test_passed_camera_survives_the_process_that_accepted_it():
    with a_house() as house, FakeIngest(house.settings) as ingest, RawClient(house.port) as camera:
        camera.ask("GET", "/ws/camera", *UPGRADE)
        taken = ingest.wait_taken()
        taken.connection.recv(4096)
        house.fanout.kill()
        camera.socket.sendall(b"a frame")
        assert taken.connection.recv(100) == b"a frame"


def test_cameras_are_spread_over_ingest_processes(house, ingest):
    with FakeIngest(house.settings, "ingest-1") as second:
        clients = [RawClient(house.port) for _ in range(4)]
        for client in clients:
            client.ask("GET", "/ws/camera", *UPGRADE)
            count = len(ingest.taken) + len(second.taken)
            wait_until(lambda count=count: len(ingest.taken) + len(second.taken) > count, "taken")
        assert len(ingest.taken) == len(second.taken) == 2
        for client in clients:
            client.socket.close()


def test_hung_ingest_process_costs_a_second_and_the_next_one_takes_over(house, ingest):
    ingest.is_hung = True
    with FakeIngest(house.settings, "ingest-1") as second:
        clients = [RawClient(house.port) for _ in range(2)]
        for client in clients:
            client.ask("GET", "/ws/camera", *UPGRADE)
        second.wait_taken(2)
        for client in clients:
            client.socket.close()


def test_camera_is_held_until_ingest_is_back(house):
    with RawClient(house.port) as camera:
        camera.ask("GET", "/ws/camera/porch", *UPGRADE)
        time.sleep(0.5)
        with FakeIngest(house.settings) as ingest:
            ingest.wait_taken()


def test_camera_is_refused_with_503_when_no_ingest_comes(house):
    started_s = time.monotonic()
    with RawClient(house.port) as camera:
        camera.ask("GET", "/ws/camera/porch", *UPGRADE)
        answer = camera.read_answer()
        assert answer.status == 503
        assert b"no ingest process" in answer.body
        assert camera.read_to_end() == b""
    assert time.monotonic() - started_s > 4.5


def test_refusal_of_ingest_reaches_the_camera(house, ingest):
    ingest.refusal = Answer(503, "too many cameras")
    with RawClient(house.port) as camera:
        camera.ask("GET", "/ws/camera/porch", *UPGRADE)
        answer = camera.read_answer()
        assert (answer.status, answer.body) == (503, b"too many cameras\n")


def relayed(house, ingest, camera):
    """Let a camera come on a connection that served a request before."""
    camera.ask("GET", "/status")
    assert camera.read_answer().status == 200
    camera.ask("GET", "/ws/camera/porch?x=%20", *UPGRADE)
    return ingest.wait_taken()


def test_camera_behind_a_kept_connection_is_relayed_both_ways(house, ingest):
    with RawClient(house.port) as camera:
        taken = relayed(house, ingest, camera)
        head = taken.handover.head.decode()
        assert head.startswith("GET /ws/camera/porch?x=%20 HTTP/1.1\r\n")
        assert head.endswith("\r\n\r\n")
        assert "Sec-WebSocket-Key: o5eiVVO+8fz5eWtSFBPp4g==\r\n" in head
        assert taken.handover.peer_port == camera.socket.getsockname()[1]
        taken.connection.sendall(ACCEPTED)
        camera.read_until(ACCEPTED)
        picture = bytes(range(256)) * 4000
        camera.socket.sendall(picture)
        received = b""
        while len(received) < len(picture):
            received += taken.connection.recv(1 << 16)
        assert received == picture
        taken.connection.sendall(b"ping")
        assert camera.read_exactly(4) == b"ping"


def test_relayed_camera_is_reset_when_ingest_ends_it(house, ingest):
    with RawClient(house.port) as camera:
        taken = relayed(house, ingest, camera)
        taken.connection.sendall(ACCEPTED)
        camera.read_until(ACCEPTED)
        taken.connection.close()
        with pytest.raises(ConnectionResetError):
            camera.socket.recv(100)


def test_relayed_refusal_arrives_whole(house, ingest):
    refusal = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 3\r\n\r\nno\n"
    with RawClient(house.port) as camera:
        taken = relayed(house, ingest, camera)
        taken.connection.sendall(refusal)
        taken.connection.close()
        assert camera.read_to_end() == refusal


def test_relayed_camera_that_leaves_ends_ingests_side(house, ingest):
    camera = RawClient(house.port)
    taken = relayed(house, ingest, camera)
    camera.socket.close()
    assert taken.connection.recv(100) == b""


def test_relay_does_not_pile_up_what_ingest_does_not_read(house, ingest):
    with RawClient(house.port) as camera:
        relayed(house, ingest, camera)
        camera.socket.settimeout(1.0)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 128 << 20:
                sent += camera.socket.send(bytes(1 << 16))
        # Kernel buffers of two connections and 64 KiB in between; nothing like the 128 MB that were offered.
        assert sent < 24 << 20
        assert "Traceback" not in house.fanout.log()


# Single pictures


def test_picture_is_handed_over_and_answered_204(house, ingest):
    picture = b"\xff\xd8" + bytes(100_000) + b"\xff\xd9"
    answer = fetch(house.port, "/cameras/Garden%20Gate/frame.jpg", method="POST", body=picture)
    assert (answer.status, answer.body) == (204, b"")
    assert ingest.taken[0].picture == picture
    assert ingest.taken[0].handover.camera == "garden-gate"
    assert ingest.taken[0].handover.peer == "127.0.0.1"


def test_ingests_refusal_of_a_picture_is_the_answer(house, ingest):
    ingest.answer = Answer(415, "not one whole JPEG: truncated")
    answer = fetch(house.port, "/cameras/gate/frame.jpg", method="POST", body=b"\xff\xd8")
    assert (answer.status, answer.body) == (415, b"not one whole JPEG: truncated\n")


def test_picture_over_the_limit_is_413_told_or_not(house, ingest):
    size = (2 << 20) + 1
    assert fetch(house.port, "/cameras/gate/frame.jpg", f"Content-Length: {size}", method="POST").status == 413
    with RawClient(house.port) as camera:
        camera.ask("POST", "/cameras/gate/frame.jpg", "Transfer-Encoding: chunked")
        for _ in range(33):
            camera.socket.sendall(b"10000\r\n" + bytes(0x10000) + b"\r\n")
        assert camera.read_answer().status == 413
    assert ingest.taken == []


def test_picture_at_the_limit_is_taken(house, ingest):
    assert fetch(house.port, "/cameras/gate/frame.jpg", method="POST", body=bytes(2 << 20)).status == 204


def test_picture_of_an_impossible_name_is_400(house, ingest):
    answer = fetch(house.port, f"/cameras/{'x' * 40}/frame.jpg", method="POST", body=b"x")
    assert answer.status == 400
    assert b"1 to 32 characters" in answer.body


def test_picture_without_ingest_is_503(house):
    answer = fetch(house.port, "/cameras/gate/frame.jpg", method="POST", body=b"\xff\xd8\xff\xd9")
    assert answer.status == 503
