"""A camera that pushes H.264 and makes keyframes when it likes: whoever comes between two of them sees it at once."""

import threading
import time
from contextlib import contextmanager
from fractions import Fraction

import av
import pytest
from websockets.sync.client import connect

from common import fmp4
from common.h264 import parse_access_unit
from tests.helpers.pipeline import Pipeline
from tests.helpers.video import decode_h264
from tests.helpers.viewer import Viewer

pytestmark = pytest.mark.timeout(120)

FPS = 20
# Far longer than a newcomer may wait.
GROUP_S = 8
AT_ONCE_S = 3.0
# The keyframe is old enough that fanout does not keep what followed it.
MIDDLE_S = 1.0


def encode_groups(count):
    """Return the access units of some groups of pictures that grow brighter, each with one keyframe."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = 320, 240, "yuv420p"
    context.time_base = Fraction(1, FPS)
    context.gop_size = FPS * GROUP_S
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "scenecut=0:repeat-headers=1"}
    units = []
    for number in range(count * FPS * GROUP_S):
        picture = av.VideoFrame(320, 240, "yuv420p")
        for plane in picture.planes:
            plane.update(bytes([16 + number % 200]) * plane.buffer_size)
        picture.pts = number
        units += [bytes(packet) for packet in context.encode(picture)]
    keys = [number for number, unit in enumerate(units) if parse_access_unit(unit).is_key]
    assert keys == [number * FPS * GROUP_S for number in range(count)]
    return units


class Camera:
    """Pushes the units again and again; `sent` are all so far, `key_s` is when the last keyframe went out."""

    def __init__(self, url, units):
        self.key_s = 0.0
        self._url, self._units = url, units
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def wait_for_the_middle(self):
        """Wait until the last keyframe is neither fresh nor the next one near."""
        deadline = time.monotonic() + 3 * GROUP_S
        while not MIDDLE_S < time.monotonic() - self.key_s < GROUP_S - AT_ONCE_S - 1:
            assert time.monotonic() < deadline, "the camera does not send"
            time.sleep(0.05)

    def _run(self):
        keys = {number for number, unit in enumerate(self._units) if parse_access_unit(unit).is_key}
        with connect(self._url, compression=None) as connection:
            due_s = time.monotonic()
            number = 0
            while not self._ended.wait(max(0.0, due_s - time.monotonic())):
                at = number % len(self._units)
                connection.send(self._units[at])
                if at in keys:
                    self.key_s = time.monotonic()
                number, due_s = number + 1, due_s + 1 / FPS

    @contextmanager
    def running(self):
        self._thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            self._thread.join(10)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("h264"), scale={"fanout": 2}) as running:
        yield running


@pytest.fixture(scope="module")
def camera(pipeline):
    with Camera(pipeline.url("/ws/camera/porch", "ws"), encode_groups(2)).running() as running:
        pipeline.wait_for_camera("porch")
        yield running


def watch(pipeline, format_):
    return Viewer(pipeline.url(f"/ws/viewer?camera=porch&format={format_}&meta=1", "ws"))


def check_h264(viewer):
    """The first picture is a keyframe, all can be decoded, and none is missing, doubled or out of order."""
    pictures = list(viewer.pictures)
    assert pictures[0].meta["key"]
    assert parse_access_unit(pictures[0].payload).is_key
    check_order(pictures)
    assert len(decode_h264(picture.payload for picture in pictures)) == len(pictures)


def check_mp4(viewer, path):
    """The same of an init segment and what follows it, read as a file."""
    init, *fragments = list(viewer.pictures)
    assert init.payload[4:8] == b"ftyp"
    assert fragments[0].meta["key"]
    check_order(fragments)
    path.write_bytes(b"".join(each.payload for each in (init, *fragments)))
    with av.open(str(path)) as container:
        pictures = list(container.decode(video=0))
    assert len(pictures) == len(fragments)
    times = [int.from_bytes(each.payload[fmp4.TFDT_OFFSET :][:8], "big") for each in fragments]
    assert times == sorted(set(times))


def check_order(pictures):
    numbers = [picture.meta["seq"] for picture in pictures]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_viewers_who_come_between_two_keyframes_see_the_camera_at_once(pipeline, camera, tmp_path):
    with watch(pipeline, "h264") as first:
        first.wait_for(1)
        # The kernel chooses which of the two fanout processes a connection goes to: several, so that both get some.
        for number in range(4):
            camera.wait_for_the_middle()
            with watch(pipeline, "h264") as h264, watch(pipeline, "mp4") as mp4:
                for viewer in (h264, mp4):
                    viewer.wait_for(FPS, AT_ONCE_S)
                camera.wait_for_the_middle()
                with watch(pipeline, "mp4") as second_mp4:
                    second_mp4.wait_for(FPS, AT_ONCE_S)
                    for viewer in (h264, mp4):
                        viewer.wait_for(FPS)
                check_h264(h264)
                for name, viewer in (("first", mp4), ("second", second_mp4)):
                    check_mp4(viewer, tmp_path / f"{number}-{name}.mp4")
        check_h264(first)
    watched_by = {row["name"] for row in pipeline.status()["processes"] if row["name"].startswith("fanout")}
    assert watched_by == {"fanout-0", "fanout-1"}
