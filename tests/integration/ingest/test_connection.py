import asyncio
import socket
import struct
import time

import pytest

from services.ingest.connection import KEEPALIVE, CameraConnection
from services.ingest.handshake import Refusal
from services.ingest.ledger import WS, Instant, MediaClock, Origin
from services.ingest.session import Session
from tests.helpers.jpegs import make_jpeg
from tests.helpers.raw_camera import HEAD_END, USUAL_HEADERS
from tests.helpers.rooms import wait_until
from tests.helpers.websocket import BINARY, CONT, PING, TEXT, client_frame

JPEG = make_jpeg(scan=b"\x5a" * 17_000)


@pytest.mark.parametrize(
    ("target", "method", "status"),
    [
        ("/", "GET", 404),
        ("/favicon.ico", "GET", 404),
        ("/ws/viewer", "GET", 404),
        ("/ws/camera/a/b", "GET", 404),
        ("/ws/camera", "POST", 405),
        ("/ws/camera/", "GET", 400),
        ("/ws/camera/" + "x" * 33, "GET", 400),
        ("/ws/camera/" + "x" * 9000, "GET", 431),
    ],
)
def test_refusal_is_a_short_plain_answer_and_a_polite_end(station, target, method, status):
    with station.camera() as camera:
        answer = camera.ask(target, method=method)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode())
        head, _, body = answer.partition(HEAD_END)
        assert b"Connection: close" in head
        assert 10 < len(body) < 300
        assert body.endswith(b".\n")


def test_refused_device_that_writes_on_still_gets_its_answer(station):
    # arduinoWebSockets writes a sentence of its own when it is refused.
    with station.camera() as camera:
        camera.send(b"GET /nowhere HTTP/1.1\r\n\r\nThis is a webSocket client!" + bytes(100_000))
        assert camera.read_answer().startswith(b"HTTP/1.1 404 ")


@pytest.mark.parametrize("start", [b"\x16\x03\x01\x02\x00", b"\x00" * 20, b"\xff\xd8\xff\xe0"])
def test_what_cannot_become_a_request_is_refused_at_its_first_byte(station, start):
    with station.camera() as camera:
        camera.send(start)
        assert camera.read_answer().startswith(b"HTTP/1.1 400 ")


def test_head_may_come_byte_by_byte_and_the_first_picture_with_its_end(station):
    head = "\r\n".join(("GET /ws/camera/drip HTTP/1.1", *USUAL_HEADERS)).encode() + HEAD_END
    with station.ear("camera") as ear, station.camera() as camera:
        for byte in head[:-1]:
            camera.send(bytes([byte]))
        camera.send(head[-1:] + client_frame(BINARY, JPEG))
        assert camera.read_answer().startswith(b"HTTP/1.1 101 ")
        ear.wait_camera("drip", frames=1)


def test_camera_that_hangs_up_is_announced_offline_at_once(station):
    with station.ear("camera") as ear:
        with station.join("/ws/camera/brief") as camera:
            camera.send_picture(JPEG)
            ear.wait_camera("brief", online=True, frames=1)
            start = time.monotonic()
        offline = ear.wait_camera("brief", online=False)
        assert time.monotonic() - start < 0.9, "not with the next announcement of the second, but at once"
        assert offline["offline_since_wall_ns"] > 0
        assert offline["frames"] == 1


def test_text_is_counted_ignored_and_logged_at_most_once_a_second(station):
    with station.ear("camera", "status") as ear, station.join("/ws/camera/chatty") as camera:
        start = time.monotonic()
        for number in range(100):
            camera.send(client_frame(TEXT, b'{"type":"meta","seq":%d,"pad":"%s"}' % (number, b"x" * 5000)))
        camera.send_picture(JPEG)
        ear.wait_camera("chatty", online=True, frames=1, dropped={})
        lines = [line for line in station.ingest.log().splitlines() if "chatty: text ignored" in line]
        assert 1 <= len(lines) <= time.monotonic() - start + 1
        assert all(len(line) < 400 for line in lines)
        ear.wait(
            lambda: any(record.get("counters", {}).get("texts", 0) >= 100 for record in ear.records("status")),
            "the texts counted",
        )


def test_dropped_messages_are_logged_as_a_count_at_most_once_a_second(station):
    with station.ear("camera") as ear, station.join("/ws/camera/broken") as camera:
        start = time.monotonic()
        for _ in range(500):
            camera.send_picture(JPEG[:-9])
        ear.wait_camera("broken", dropped={"truncated": 500})
        wait_until(lambda: "broken truncated" in station.ingest.log(), "the count in the log")
        lines = [line for line in station.ingest.log().splitlines() if "WARNING" in line and "broken" in line]
        assert len(lines) <= time.monotonic() - start + 1


@pytest.mark.parametrize("hostile", ["pings", "tiny fragments", "empty messages", "silent heads", "slow heads"])
def test_hostile_client_does_not_disturb_the_others(station, hostile):
    with station.ear("jpeg/calm/main") as ear, station.join("/ws/camera/calm") as calm:
        ear.listen(0.3)
        enemies = [_attack(station, hostile, number) for number in range(20)]
        latest_s = 0.0
        for number in range(20):
            start = time.monotonic()
            calm.send_picture(make_jpeg(number=number))
            ear.wait_frames("jpeg/calm/main", number + 1)
            latest_s = max(latest_s, time.monotonic() - start)
            for enemy in enemies:
                _go_on(enemy, hostile)
        for enemy in enemies:
            enemy.close()
    # What every one of 20 enemies costs in a round must not add up to a visible pause (measured: under 0.1 s).
    assert latest_s < 5


def _attack(station, hostile: str, number: int) -> socket.socket:
    if "heads" in hostile:
        return station.camera().socket
    return station.join(f"/ws/camera/enemy-{number}", f"127.0.1.{number + 1}").socket


def _go_on(enemy: socket.socket, hostile: str) -> None:
    wire = {
        "pings": client_frame(PING) * 5000,
        "tiny fragments": client_frame(CONT, b"\xff", fin=False) * 5000,
        "empty messages": client_frame(BINARY) * 5000,
        "silent heads": b"",
        "slow heads": b"G",
    }[hostile]
    try:
        enemy.settimeout(0.2)
        enemy.sendall(wire)
    except OSError:
        # It was reset: what it deserves.
        return


class QuietReception:
    """A reception that takes everybody and keeps what it is told."""

    message_limit_bytes = 1 << 20

    def __init__(self):
        self.read_buffer = memoryview(bytearray(1 << 16))
        self.departed = []
        self.arrived = []

    def mono_ns(self):
        return time.monotonic_ns()

    def arrive(self, connection):
        self.arrived.append(connection)

    def admit(self, connection, peer, name):
        now = Instant(1, 1)
        return Session(1, Origin(WS, peer, name), now, MediaClock(now), "host")

    def note_refusal(self, peer, refusal: Refusal):
        raise AssertionError(f"refused {peer}: {refusal.text}")

    def deliver(self, session, message, received_mono_ns):
        raise AssertionError("no message was sent")

    def depart(self, connection, session, reason):
        self.departed.append((session, reason))


async def connected_pair(reception) -> tuple[asyncio.Transport, CameraConnection, socket.socket]:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        accepted, _ = listener.accept()
    accepted.setblocking(False)
    transport, connection = await loop.connect_accepted_socket(lambda: CameraConnection(reception), accepted)
    return transport, connection, client


def test_dead_camera_is_found_by_tcp_itself():
    async def main():
        reception = QuietReception()
        transport, _, client = await connected_pair(reception)
        connected = transport.get_extra_info("socket")
        assert {option: connected.getsockopt(level, option) for level, option, _ in KEEPALIVE} == {
            socket.SO_KEEPALIVE: 1,
            socket.TCP_KEEPIDLE: 5,
            socket.TCP_KEEPINTVL: 2,
            socket.TCP_KEEPCNT: 2,
            socket.TCP_USER_TIMEOUT: 9000,
        }
        client.sendall("\r\n".join(("GET /ws/camera HTTP/1.1", *USUAL_HEADERS)).encode() + HEAD_END)
        client.setblocking(False)
        assert (await asyncio.get_running_loop().sock_recv(client, 1000)).startswith(b"HTTP/1.1 101 ")
        # Any end of the open connection resets it, that of the process by SIGKILL included.
        linger = connected.getsockopt(socket.SOL_SOCKET, socket.SO_LINGER, 8)
        assert struct.unpack("ii", linger) == (1, 0)
        transport.abort()
        await asyncio.sleep(0)
        client.close()

    asyncio.run(main())


def test_head_that_does_not_come_ends_the_connection(monkeypatch):
    monkeypatch.setattr("services.ingest.connection.HEAD_TIMEOUT_S", 0.05)
    refusals = []

    async def main():
        reception = QuietReception()
        reception.note_refusal = lambda peer, refusal: refusals.append(refusal.status)
        _, _, client = await connected_pair(reception)
        client.sendall(b"GET /ws/cam")
        client.setblocking(False)
        answer = await asyncio.get_running_loop().sock_recv(client, 1000)
        assert answer.startswith(b"HTTP/1.1 408 ")
        client.close()
        await asyncio.sleep(0.05)
        assert [reason for _, reason in reception.departed] == ["refused with 408"]

    asyncio.run(main())
    assert refusals == [408]
