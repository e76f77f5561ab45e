"""Each address of port 8080, and what is answered where there is nothing to show."""

import pytest

from tests.helpers.fanout import make_frame
from tests.helpers.fanout_house import a_house
from tests.helpers.http import RawClient, fetch
from tests.helpers.rooms import wait_until


@pytest.mark.parametrize("path", ["/", "/mjpeg", "/recordings"])
def test_page_is_served_with_a_strict_policy_and_revalidates(house, path):
    page = fetch(house.port, path)
    assert page.status == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    assert "aiohttp" not in page.headers["server"]
    again = fetch(house.port, path, f"If-None-Match: {page.headers['etag']}")
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/web/",
        "/web/nothing.js",
        "/web/../common/http.py",
        "/web/%2e%2e/common/http.py",
        "/web/..%2fcommon%2fhttp.py",
        "/web//etc/passwd",
        "/web/%00.js",
        "/cameras/porch/other.jpg",
        "/ws/cameras",
        "/ws/nothing",
        "/api/nothing",
    ],
)
def test_unknown_address_is_404_with_a_sentence(house, path):
    answer = fetch(house.port, path)
    assert answer.status == 404
    assert b"nothing is at" in answer.body


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/", "GET,HEAD"),
        ("DELETE", "/status", "GET,HEAD"),
        ("POST", "/recordings", "GET,HEAD"),
        ("GET", "/cameras/porch/frame.jpg", "POST"),
        ("POST", "/cameras/porch/snapshot.jpg", "GET,HEAD"),
        ("PUT", "/ws/viewer", "GET,HEAD"),
    ],
)
def test_wrong_method_is_405_and_says_which_is_right(house, method, path, allowed):
    answer = fetch(house.port, path, method=method)
    assert (answer.status, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("name", ["snapshot.jpg", "stream.mjpeg", "stream.mp4", "stream.h264"])
def test_camera_that_nobody_knows_is_404_and_an_offline_one_503(house, camera, name):
    assert fetch(house.port, f"/cameras/{camera}/{name}").status == 404
    house.feeder.come(camera)
    house.wait_online(camera)
    house.feeder.go(camera)
    wait_until(lambda: fetch(house.port, f"/cameras/{camera}/{name}").status == 503, "503")
    answer = fetch(house.port, f"/cameras/{camera}/{name}", method="HEAD")
    assert answer.status == 503


def test_impossible_camera_name_is_400_naming_the_rule(house):
    answer = fetch(house.port, f"/cameras/{'x' * 33}/snapshot.jpg")
    assert answer.status == 400
    assert b"1 to 32 characters" in answer.body


@pytest.mark.parametrize(
    "line", [b"\x16\x03\x01\x02\x00", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 100 + b"\r\n\r\n"]
)
def test_what_is_no_request_is_refused_without_a_traceback(house, line):
    with RawClient(house.port) as client:
        client.socket.sendall(line)
        client.socket.settimeout(20)
        answer = client.read_to_end()
    assert answer == b"" or answer.startswith(b"HTTP/1.")
    assert b"Traceback" not in answer
    assert "Traceback" not in house.fanout.log()
    assert fetch(house.port, "/status").status == 200


def test_request_line_and_headers_are_limited(house):
    assert fetch(house.port, "/" + "x" * 9000).status == 400
    assert fetch(house.port, "/status", *(f"X-{n}: y" for n in range(200))).status == 400


def test_status_shows_camera_and_processes(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    page = house.status()
    assert set(page) >= {"cameras", "viewers", "processes"}
    wait_until(lambda: {"fanout-0", "broker", "keeper"} <= {row["name"] for row in house.status()["processes"]}, "all")


def test_capitals_in_a_cameras_name_are_lowered(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)
    assert fetch(house.port, f"/cameras/{camera.upper()}/snapshot.jpg").status == 200


def test_snapshot_is_one_jpeg_and_head_has_no_body(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)
    answer = fetch(house.port, f"/cameras/{camera}/snapshot.jpg")
    assert (answer.status, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.body.startswith(b"jpeg ")
    assert len(answer.body) == 4000
    with RawClient(house.port) as client:
        client.ask("HEAD", f"/cameras/{camera}/snapshot.jpg", "Connection: close")
        assert client.read_head().status == 200
        assert client.read_to_end() == b""


def test_snapshot_asks_for_the_newest_picture_of_a_silent_camera(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    with RawClient(house.port) as client:
        client.ask("GET", f"/cameras/{camera}/snapshot.jpg")
        wait_until(lambda: house.feeder.requests(camera), "request for a picture")
        assert house.feeder.requests(camera)[0]["reason"] == "join"
        house.feeder.publish(camera, "jpeg", make_frame(7, "jpeg", repeat=True))
        assert client.read_answer().body.startswith(b"jpeg 7 ")


def test_jpeg_of_a_camera_that_sends_none_is_refused_with_the_reason(house, camera):
    house.feeder.come(camera, kind="h264")
    house.wait_online(camera)
    for name in ("snapshot.jpg", "stream.mjpeg"):
        answer = fetch(house.port, f"/cameras/{camera}/{name}")
        assert answer.status == 503
        assert b"sends H.264" in answer.body


def test_connection_is_kept_for_the_next_request(house):
    with RawClient(house.port) as client:
        for _ in range(3):
            client.ask("GET", "/status")
            assert client.read_answer().status == 200


def test_origins_that_are_allowed_may_read_from_their_pages():
    with a_house(CAM_ALLOWED_ORIGINS="https://home.example") as house:
        allowed = fetch(house.port, "/status", "Origin: https://home.example")
        other = fetch(house.port, "/status", "Origin: https://evil.example")
    assert allowed.headers["access-control-allow-origin"] == "https://home.example"
    assert "access-control-allow-origin" not in other.headers
