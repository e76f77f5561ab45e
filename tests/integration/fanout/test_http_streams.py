"""Plain HTTP viewers: what curl, ffmpeg and a browser's <img> get."""

import pytest

from services.fanout.framing import read_tfdt
from tests.helpers.fanout import TFDT_OFFSET, make_frame, numbers
from tests.helpers.http import RawClient, fetch
from tests.helpers.rooms import wait_until


def opened(house, path, **how):
    client = RawClient(house.port)
    client.ask("GET", path, **how)
    return client, client.read_head()


def test_h264_is_the_access_units_one_after_the_other(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)
    client, head = opened(house, f"/cameras/{camera}/stream.h264")
    with client:
        assert (head.status, head.headers["content-type"]) == (200, "video/h264")
        assert head.headers["transfer-encoding"] == "chunked"
        assert head.headers["cache-control"] == "no-store"
        got = [numbers(client.read_chunk())[0] for _ in range(8)]
    assert got == list(range(got[0], got[0] + 8))


def test_http_1_0_gets_the_bare_bytes(house, camera):
    house.feeder.start(camera, size=50)
    house.wait_online(camera)
    client, head = opened(house, f"/cameras/{camera}/stream.h264", version="1.0")
    with client:
        assert "transfer-encoding" not in head.headers
        data = client.read_exactly(500)
    got = numbers(data)
    assert data.startswith(b"h264 %d " % got[0])
    assert got == list(range(got[0], got[0] + 10))


def test_mjpeg_parses_as_multipart(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)
    client, head = opened(house, f"/cameras/{camera}/stream.mjpeg")
    kind, _, boundary = head.headers["content-type"].partition("; boundary=")
    with client:
        assert kind == "multipart/x-mixed-replace"
        assert client.read_chunk() == f"--{boundary}\r\n".encode()
        got = []
        for _ in range(5):
            part_head, _, rest = client.read_chunk().partition(b"\r\n\r\n")
            fields = dict(line.split(": ") for line in part_head.decode().split("\r\n"))
            size = int(fields["Content-Length"])
            assert fields["Content-Type"] == "image/jpeg"
            # The next part's boundary comes with this one, so that nobody waits a frame for it.
            assert rest[size:] == f"\r\n--{boundary}\r\n".encode()
            got.append(numbers(rest[:size], "jpeg")[0])
    assert got == list(range(got[0], got[0] + 5))


def test_mp4_starts_with_its_init_segment_and_times_near_zero(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)
    client, head = opened(house, f"/cameras/{camera}/stream.mp4")
    with client:
        assert head.headers["content-type"] == "video/mp4"
        fragments = [client.read_chunk()]
        if fragments[0].startswith(b"init-1"):
            fragments = [fragments[0].removeprefix(b"init-1")] if len(fragments[0]) > 6 else [client.read_chunk()]
        fragments += [client.read_chunk() for _ in range(4)]
    assert [read_tfdt(fragment, TFDT_OFFSET) for fragment in fragments] == [0, 3600, 7200, 10800, 14400]


def test_mp4_ends_properly_when_the_init_segment_changes(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    client, _ = opened(house, f"/cameras/{camera}/stream.mp4")
    with client:
        wait_until(lambda: house.feeder.wants(camera, "mp4"), "wanted")
        old = [make_frame(0, "mp4", key=True), make_frame(1, "mp4")]
        new = [make_frame(2, "mp4", key=True, init=b"init-2"), make_frame(3, "mp4")]
        house.feeder.publish(camera, "mp4", *old, *new)
        body = b""
        while chunk := client.read_chunk():
            body += chunk
        assert numbers(body, "mp4") == [0, 1]
        assert client.read_to_end() == b""


def test_h264_and_mjpeg_go_on_when_the_size_changes(house, camera):
    house.feeder.come(camera)
    house.wait_online(camera)
    client, _ = opened(house, f"/cameras/{camera}/stream.h264")
    with client:
        wait_until(lambda: house.feeder.wants(camera, "h264"), "wanted")
        later = make_frame(1, key=True, out_seq=0, encoder_start_ns=9, width=800, height=600)
        house.feeder.publish(camera, "h264", make_frame(0, key=True), later)
        assert [numbers(client.read_chunk())[0] for _ in range(2)] == [0, 1]


@pytest.mark.parametrize("name", ["stream.mjpeg", "stream.mp4", "stream.h264"])
def test_head_answers_headers_only_and_starts_nothing(house, camera, name):
    house.feeder.start(camera)
    house.wait_online(camera)
    answer = fetch(house.port, f"/cameras/{camera}/{name}", method="HEAD")
    assert answer.status == 200
    assert not any(house.feeder.wants(camera, format_) for format_ in ("h264", "mp4", "jpeg"))


def test_viewers_over_http_are_counted(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)

    def viewers():
        return [row["format"] for row in house.status()["viewers"] if row["camera"] == camera]

    client, _ = opened(house, f"/cameras/{camera}/stream.mjpeg")
    with client:
        wait_until(lambda: viewers() == ["jpeg"], "viewer counted")
    wait_until(lambda: viewers() == [], "viewer gone")


def test_stream_goes_on_when_the_camera_was_away(house, camera):
    house.feeder.start(camera)
    house.wait_online(camera)
    client, _ = opened(house, f"/cameras/{camera}/stream.h264")
    with client:
        client.read_chunk()
        house.feeder.stop(camera)
        house.feeder.go(camera)
        house.wait_online(camera, False)
        house.feeder.come(camera)
        last = make_frame(1_000_000, key=True, encoder_start_ns=99)
        house.feeder.publish(camera, "h264", last)
        while numbers(client.read_chunk()) != [1_000_000]:
            pass
