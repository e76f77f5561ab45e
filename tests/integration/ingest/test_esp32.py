"""What ESP32 cameras need, point by point and by raw socket, and each library's handshake as it is on the wire."""

import base64
import hashlib
import itertools
import time

import pytest

from tests.helpers.jpegs import make_jpeg
from tests.helpers.raw_camera import HEAD_END, USUAL_HEADERS
from tests.helpers.rooms import wait_until
from tests.helpers.websocket import BINARY, CLOSE, CONT, PING, TEXT, client_frame, fragments

JPEG = make_jpeg(scan=b"\x5a" * 17_000)
MASK = b"\x9b\x01\xfe\x43"
_names = (f"cam{number}" for number in itertools.count())


def accept_of(key: str) -> bytes:
    return base64.b64encode(hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest())


def frames_after(station, name, wire, count=1):
    """Return the frames that the bus carries when a camera sends this."""
    with station.ear(f"jpeg/{name}/main") as ear, station.join(f"/ws/camera/{name}") as camera:
        ear.listen(0.3)
        camera.send(wire)
        return ear.wait_frames(f"jpeg/{name}/main", count)


@pytest.mark.parametrize(
    "headers",
    [
        ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: foo"),
        (*USUAL_HEADERS, "Origin: file://"),
        (*USUAL_HEADERS, "Origin: https://evil.example"),
        (*USUAL_HEADERS, "Origin: null", "User-Agent: "),
        ("Host: ", *USUAL_HEADERS[1:]),
        ("Host: not a host!", "Host: twice", *USUAL_HEADERS[1:]),
        ("Connection: keep-alive, Upgrade", "Upgrade: WebSocket", "Sec-WebSocket-Key: ==="),
        ("Upgrade: websocket", "Sec-WebSocket-Version: 8", "Sec-WebSocket-Key: b'tb4IfqY2SEcIEy0pv0opLQ=='"),
        ("upgrade:websocket", "sec-websocket-key:abc"),
    ],
)
def test_point_01_nothing_of_the_handshake_is_validated(station, headers):
    key = next(line.partition(":")[2].strip() for line in headers if line.lower().startswith("sec-websocket-key"))
    with station.camera() as camera:
        answer = camera.ask("/ws/camera/point-1", headers)
        assert answer.startswith(b"HTTP/1.1 101 ")
        assert b"Sec-WebSocket-Accept: " + accept_of(key) + b"\r\n" in answer


def test_point_01_lengths_need_not_be_minimal_nor_masks_random(station):
    name = next(_names)
    large = make_jpeg(scan=b"\x5a" * (65_535 - len(make_jpeg(scan=b""))))
    assert len(large) == 65_535
    wire = client_frame(BINARY, JPEG, length_bytes=8) + client_frame(BINARY, large, length_bytes=8)
    frames = frames_after(station, name, wire + client_frame(BINARY, JPEG, mask=MASK), 3)
    assert [frame.payload for frame in frames] == [JPEG, large, JPEG]


def test_point_02_reply_has_the_one_form_that_every_library_takes(station):
    with station.camera() as camera:
        answer = camera.ask("/ws/camera/point-2")
        assert camera.is_silent(0.3), "early data"
    lines = answer.removesuffix(HEAD_END).split(b"\r\n")
    assert lines[0] == b"HTTP/1.1 101 Switching Protocols"
    headers = dict(line.split(b": ", 1) for line in lines[1:])
    assert headers[b"Connection"] == b"Upgrade"
    assert headers[b"Upgrade"] == b"websocket"
    assert all(value and value == value.strip() for value in headers.values())
    assert b"Sec-WebSocket-Extensions" not in headers
    assert len(answer) < 1024


@pytest.mark.parametrize("offered", ["arduino", "camera, chat", "", "no token at all/\\"])
def test_point_03_any_subprotocol_is_taken_and_none_is_answered(station, offered):
    headers = (*USUAL_HEADERS, f"Sec-WebSocket-Protocol: {offered}", "Sec-WebSocket-Extensions: permessage-deflate")
    with station.camera() as camera:
        answer = camera.ask("/ws/camera/point-3", headers)
    assert answer.startswith(b"HTTP/1.1 101 ")
    assert b"Protocol:" not in answer
    assert b"Extensions:" not in answer


def test_point_04_camera_that_never_reads_is_asked_for_nothing(station):
    # No ping ever goes out, so no pong can be missing; the kernel's keep-alive does the asking (see test_connection).
    with station.join("/ws/camera/point-4") as camera:
        for _ in range(20):
            camera.send_picture(JPEG)
        assert camera.is_silent(1.5)


def test_point_05_camera_that_says_close_is_reset(station):
    with station.join("/ws/camera/point-5") as camera:
        camera.send(client_frame(CLOSE, b"\x03\xe8"))
        assert camera.read_to_end() == (b"", True)


def test_point_05_replaced_camera_is_reset(station):
    with station.join("/ws/camera/point-5b") as old, station.join("/ws/camera/point-5b") as new:
        assert old.read_to_end() == (b"", True)
        assert new.is_silent(0.2)


def test_point_05_camera_beyond_the_limit_is_reset_before_its_bytes_are_read(station):
    with station.join("/ws/camera/point-5c") as camera:
        camera.send(client_frame(BINARY, bytes((2 << 20) + 1))[:14])
        assert camera.read_to_end() == (b"", True)
    wait_until(lambda: "camera point-5c left: oversize" in station.ingest.log(), "the reason in the log")


def test_point_06_fragments_with_empty_first_and_last_and_controls_between(station):
    name = next(_names)
    pieces = [JPEG[at : at + 1024] for at in range(0, len(JPEG), 1024)]
    wire = client_frame(BINARY, fin=False)
    for piece in pieces:
        wire += client_frame(CONT, piece, fin=False, mask=MASK) + client_frame(PING)
    (frame,) = frames_after(station, name, wire + client_frame(CONT))
    assert frame.payload == JPEG


def test_point_06_thousand_fragments_make_one_message(station):
    name = next(_names)
    large = make_jpeg(1600, 1200, scan=b"\x5a" * 1_040_000)
    pieces = fragments(large, 1024, mask=MASK)
    assert len(pieces) > 1000
    (frame,) = frames_after(station, name, b"".join(pieces))
    assert frame.payload == large


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"\xf2\x80" + bytes(4),
        b"\x82\x7f" + b"\xff" * 8,
        b"\x87\x80",
        client_frame(CONT, b"x"),
    ],
    ids=["JPEG in place of a header", "reserved bits", "absurd length, unmasked", "reserved opcode", "continuation"],
)
def test_point_07_stream_that_lost_its_step_is_reset_at_once(station, garbage):
    with station.join("/ws/camera/point-7") as camera:
        camera.send_picture(JPEG)
        camera.send(garbage)
        assert camera.read_to_end() == (b"", True)


def test_point_08_camera_is_always_read_though_nobody_takes_its_frames(station):
    # 60 MB: more than all buffers on the way hold. The ear subscribes and never reads.
    name = next(_names)
    large = make_jpeg(1600, 1200, scan=b"\x5a" * 300_000)
    with station.ear(f"jpeg/{name}/main"), station.ear("camera") as ear, station.join(f"/ws/camera/{name}") as camera:
        camera.socket.settimeout(10)
        for _ in range(200):
            camera.send_picture(large)
        ear.wait_camera(name, frames=200)


def test_point_09_refusals_are_cheap_and_logged_at_most_once_a_second(station):
    before = station.ingest.log().count("refused 127.0.0.1: 400")
    start, cpu_s = time.monotonic(), station.ingest.cpu_s()
    for _ in range(200):
        with station.camera() as camera:
            assert camera.ask("/ws/camera/").startswith(b"HTTP/1.1 400 ")
    elapsed_s = time.monotonic() - start
    lines = station.ingest.log().count("refused 127.0.0.1: 400") - before
    assert 0 <= lines <= elapsed_s + 1
    assert station.ingest.cpu_s() - cpu_s < 2


def test_point_10_only_small_unfragmented_unmasked_pongs_go_out(station):
    with station.join("/ws/camera/point-10") as camera:
        camera.send(client_frame(PING, b"a" * 125, mask=MASK) + client_frame(PING))
        assert camera.receive(129) == b"\x8a\x7d" + b"a" * 125 + b"\x8a\x00"
        camera.send(client_frame(TEXT, b'{"type":"hello"}'))
        camera.send_picture(JPEG)
        assert camera.is_silent(0.3)


def test_point_11_frames_are_judged_by_structure_and_sized_by_their_header(station):
    name = next(_names)
    small = make_jpeg(320, 240)
    wire = b"".join(
        client_frame(BINARY, message)
        for message in (
            b"HMR2" + bytes(12) + JPEG,
            JPEG[:-2],
            JPEG[: len(JPEG) // 2],
            JPEG[:-300] + JPEG,
            b"no picture",
            b"",
            JPEG + b"\0" * 600,
            small + b"\xd9\xd9",
            make_jpeg(65_500, 65_500),
            small,
        )
    )
    with station.ear("camera", f"jpeg/{name}/main") as ear, station.join(f"/ws/camera/{name}") as camera:
        ear.listen(0.3)
        camera.send(wire)
        frames = ear.wait_frames(f"jpeg/{name}/main", 4)
        announced = ear.wait_camera(name, width=320, frames=4)
        assert camera.is_silent(0.1)
    assert [frame.payload for frame in frames] == [JPEG, JPEG, small, small]
    assert [(frame.width, frame.height) for frame in frames] == [(640, 480)] * 2 + [(320, 240)] * 2
    assert [frame.seq for frame in frames] == [0, 6, 7, 9]
    assert frames[1].skipped == {"truncated": 2, "spliced": 1, "junk": 2}
    assert announced["dropped"] == {"truncated": 2, "spliced": 1, "junk": 2, "oversize": 1}


# The requests of section 1 of the wire notes: header by header as the libraries send them.
HANDSHAKES = {
    "Links2004 arduinoWebSockets": (
        "GET /ws/camera HTTP/1.1\r\nHost: 127.0.0.1:18080\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: o5eiVVO+8fz5eWtSFBPp4g==\r\n"
        "Sec-WebSocket-Protocol: arduino\r\nOrigin: file://\r\nUser-Agent: arduino-WebSocket-Client\r\n"
        "Authorization: Bearer xyz\r\n\r\n"
    ),
    "gilmaimon ArduinoWebsockets": (
        "GET /ws/camera?id=g1 HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
        "Authorization: Bearer tok123\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "User-Agent: TinyWebsockets Client\r\nOrigin: https://github.com/gilmaimon/TinyWebsockets\r\n\r\n"
    ),
    "esp_websocket_client": (
        "GET /ws/camera?id=esp1 HTTP/1.1\r\nConnection: Upgrade\r\nHost: 127.0.0.1:18110\r\n"
        "User-Agent: ESP32 Websocket Client\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: kU3Mq3Jc6oXWk3q7mKQ3Yw==\r\n\r\n"
    ),
    "MicroPython aiohttp until 2024": (
        "GET /ws/camera?id=mp&token=t HTTP/1.1\r\nSec-WebSocket-Key: b'tb4IfqY2SEcIEy0pv0opLQ=='\r\n"
        "Origin: http://127.0.0.1:8081\r\nHost: 127.0.0.1:8081\r\nSec-WebSocket-Version: 13\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    ),
    "uwebsockets": (
        "GET /ws/camera/uw HTTP/1.1\r\nHost: 127.0.0.1:8081\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: 9RbPw0c7H0nNPnH1bB5v9g==\r\nSec-WebSocket-Version: 13\r\n"
        "Origin: http://localhost\r\n\r\n"
    ),
    "MicroPython websocket_helper": (
        "GET /ws/camera/helper HTTP/1.1\r\nHost: echo.websocket.org\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Key: foo\r\n\r\n"
    ),
}


@pytest.mark.parametrize("library", HANDSHAKES)
def test_library_gets_in_and_its_picture_arrives(station, library):
    request = HANDSHAKES[library]
    key = next(line[19:] for line in request.split("\r\n") if line.startswith("Sec-WebSocket-Key: "))
    with station.ear("camera", "jpeg") as ear, station.camera() as camera:
        ear.listen(0.3)
        camera.send(request.encode())
        answer = camera.read_answer()
        assert answer.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
        assert accept_of(key) in answer
        picture = make_jpeg(number=len(library))
        camera.send_picture(picture)
        ear.wait(lambda: any(message.payload == picture for message in ear.messages), "its picture")
