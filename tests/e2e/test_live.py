"""The main job through real processes: what a camera sends is what a viewer gets, and idleness costs nothing."""

import itertools
import time
import urllib.error
import urllib.request

import av
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from common.bus import Bus
from common.config import load
from tests.helpers.picture import read_stamp
from tests.helpers.pipeline import Pipeline
from tests.helpers.viewer import Viewer

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("live")) as running:
        for camera, size in (("porch", "vga"), ("garden", "qvga")):
            running.mock_camera(camera, fps=20, size=size)
            running.wait_for_camera(camera)
        yield running


def read_numbers(payloads: list[bytes], codec: str) -> list[tuple[int, int]]:
    """Return number and camera mark of every picture, decoded and read as a person would."""
    decoder = av.CodecContext.create(codec, "r")
    stamps = []
    for payload in payloads:
        for picture in decoder.decode(av.Packet(payload)):
            luma = picture.planes[0]
            stamp = read_stamp(bytes(luma), picture.width, picture.height, luma.line_size)
            assert stamp is not None, "the number in the picture cannot be read"
            stamps.append((stamp.number, stamp.camera_hash))
    return stamps


@pytest.mark.parametrize(("kind", "codec"), [("h264", "h264"), ("jpeg", "mjpeg")])
def test_every_picture_is_seen_once_and_in_order(pipeline, kind, codec):
    with Viewer(pipeline.url(f"/ws/viewer?camera=porch&format={kind}", "ws")) as viewer:
        viewer.wait_for(40)
        stamps = read_numbers([picture.payload for picture in list(viewer.pictures)], codec)
    numbers = [number for number, _ in stamps]
    assert len(numbers) >= 39
    assert all(later > earlier for earlier, later in itertools.pairwise(numbers[1:]))  # the first may be from before
    missing = numbers[-1] - numbers[1] + 1 - len(numbers[1:])
    # On a starved machine the encoder may skip to the newest frame; then it says so.
    pipeline.wait_until(lambda: sum(pipeline.camera("porch")["dropped"].values()) >= missing, "an explanation", 5)
    assert missing <= len(numbers) // 4


def test_two_cameras_do_not_mix(pipeline):
    marks = {}
    with (
        Viewer(pipeline.url("/ws/viewer?camera=porch", "ws")) as porch,
        Viewer(pipeline.url("/ws/viewer?camera=garden", "ws")) as garden,
    ):
        for name, viewer in (("porch", porch), ("garden", garden)):
            viewer.wait_for(20)
            stamps = read_numbers([picture.payload for picture in list(viewer.pictures)], "h264")
            marks[name] = {mark for _, mark in stamps}
    assert len(marks["porch"]) == len(marks["garden"]) == 1
    assert marks["porch"] != marks["garden"]


def test_viewer_without_a_camera_gets_the_one_connected_longest(pipeline):
    with Viewer(pipeline.url("/ws/viewer", "ws")) as viewer:
        viewer.wait_for(3)
        (hello,) = viewer.told("hello")
    assert (hello["camera"], hello["format"], hello["online"]) == ("porch", "h264", True)


def test_nobody_watches_then_no_encoder_works_and_no_jpeg_crosses_the_bus(pipeline):
    with Viewer(pipeline.url("/ws/viewer?camera=porch", "ws")) as viewer:
        viewer.wait_for(5)
        pipeline.wait_until(lambda: pipeline.camera("porch")["h264_bytes_per_s"] > 0, "the encoder works", 10)
    pipeline.wait_until(lambda: pipeline.camera("porch")["h264_bytes_per_s"] == 0, "the encoder rests", 30)
    # A publisher of jpeg/porch/main would see demand; a fresh one on the same bus sees none.
    with Bus(load(pipeline.environment()).bus_addresses) as bus:
        deadline = time.monotonic() + 10
        while not bus.connected and time.monotonic() < deadline:
            bus.wait(0.1)
            bus.drain()
        for _ in range(10):
            bus.wait(0.1)
            bus.drain()
        assert bus.is_wanted("camera/x/y")
        assert not bus.is_wanted("jpeg/porch/main")
        assert not bus.is_wanted("h264/porch/main")


def test_status_has_every_field_that_is_promised(pipeline):
    with Viewer(pipeline.url("/ws/viewer?camera=porch", "ws")) as viewer:
        viewer.wait_for(30)
        pipeline.wait_until(lambda: pipeline.camera("porch")["viewers"] == 1, "the viewer is counted", 10)
        pipeline.wait_until(lambda: pipeline.camera("porch")["encode_ms"] > 0, "encoding is timed", 10)
        status = pipeline.status()
    porch = next(camera for camera in status["cameras"] if camera["id"] == "porch")
    assert set(porch) >= {
        "id", "label", "online", "stalled", "source", "fps", "width", "height", "jpeg_bytes_per_s",
        "h264_bytes_per_s", "frames", "dropped", "encode_ms", "viewers", "last_frame_age_s",
    }  # fmt: skip
    assert (porch["width"], porch["height"], porch["online"], porch["stalled"]) == (640, 480, True, False)
    assert porch["fps"] == pytest.approx(20, rel=0.3)
    assert porch["last_frame_age_s"] < 2
    assert {"id", "camera", "format", "age_s", "dropped"} <= set(status["viewers"][0])
    processes = {process["name"]: process for process in status["processes"]}
    assert {"broker", "keeper", "supervisord", "ingest-0", "transcode-0", "fanout-0"} <= set(processes)
    for process in processes.values():
        assert {"name", "pid", "uptime_s", "rss_bytes", "cpu_percent"} <= set(process)
        assert process["rss_bytes"] > 1 << 20


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/cameras/nobody/snapshot.jpg", 404),
        ("GET", "/cameras/nobody/stream.mp4", 404),
        ("GET", "/ws/viewer?camera=porch", 426),
        ("GET", "/web/../pyproject.toml", 404),
        ("GET", "/web/%2e%2e/pyproject.toml", 404),
        ("POST", "/", 405),
        ("DELETE", "/status", 405),
        ("GET", "/cameras/porch/frame.jpg", 405),
    ],
)
def test_wrong_request_is_refused_in_a_sentence(pipeline, method, path, status):
    request = urllib.request.Request(pipeline.url(path), method=method)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=5)
    with caught.value as answer:
        text = answer.read().decode()
    assert answer.code == status
    assert "Traceback" not in text
    assert len(text.strip()) > 10
    assert "\n" not in text.strip()


@pytest.mark.parametrize(
    ("query", "status"), [("camera=nobody", 404), ("camera=NO/BODY!", 404), ("camera=porch&format=avi", 400)]
)
def test_viewer_of_what_does_not_exist_is_refused_at_the_handshake(pipeline, query, status):
    with pytest.raises(InvalidStatus) as caught, connect(pipeline.url(f"/ws/viewer?{query}", "ws")):
        pass
    assert caught.value.response.status_code == status


def test_posted_picture_makes_a_camera_and_junk_is_refused(pipeline):
    with urllib.request.urlopen(pipeline.url("/cameras/porch/snapshot.jpg"), timeout=5) as answer:
        jpeg = answer.read()
    url = pipeline.url("/cameras/sleeper/frame.jpg")
    with urllib.request.urlopen(urllib.request.Request(url, jpeg, method="POST"), timeout=5) as answer:
        assert answer.status == 204
    pipeline.wait_for_camera("sleeper")
    with urllib.request.urlopen(pipeline.url("/cameras/sleeper/snapshot.jpg"), timeout=5) as answer:
        assert answer.read() == jpeg
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(urllib.request.Request(url, jpeg[:-100], method="POST"), timeout=5)
    with caught.value as refused:
        assert refused.code == 400
        assert "truncated" in refused.read().decode()


@pytest.mark.parametrize("kind", ["h264", "mp4", "jpeg"])
def test_camera_between_two_pictures_is_shown_at_once_although_nobody_watched(pipeline, kind):
    slow = f"slow-{kind}"
    camera = pipeline.mock_camera(slow, "--prerender", "3", fps=0.05, size="qvga")
    pipeline.wait_for_camera(slow)
    with Viewer(pipeline.url(f"/ws/viewer?camera={slow}&format={kind}", "ws")) as viewer:
        # The camera's next picture is 20 s away.
        viewer.wait_for(1, 8)
    camera.kill()
    camera.wait()
