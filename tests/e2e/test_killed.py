"""Every stage is killed (-9) under two cameras and four viewers: what should go on goes on, the rest is back by itself.

The seconds that each outage took are printed (`pytest -rP`), not asserted but for a generous deadline.
"""

import itertools
import time
from collections.abc import Iterator
from contextlib import ExitStack

import av
import pytest

from tests.helpers.pipeline import Pipeline
from tests.helpers.viewer import Received, Viewer

pytestmark = pytest.mark.timeout(180)

CAMERAS = ("porch", "garden")
# Generous: a loaded test machine. Unloaded, each of them is back within 1.5 s.
BACK_WITHIN_S = 15


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory) -> Iterator[Pipeline]:
    with Pipeline(tmp_path_factory.mktemp("killed")) as running:
        for camera in CAMERAS:
            running.mock_camera(camera, "--prerender", "60", fps=15, size="qvga")
            running.wait_for_camera(camera)
        yield running


@pytest.fixture
def viewers(pipeline) -> Iterator[dict[tuple[str, str], Viewer]]:
    with ExitStack() as stack:
        watching = {
            (camera, kind): stack.enter_context(
                Viewer(pipeline.url(f"/ws/viewer?camera={camera}&format={kind}&meta=1", "ws"))
            )
            for camera, kind in (("porch", "h264"), ("garden", "h264"), ("porch", "mp4"), ("porch", "jpeg"))
        }
        for viewer in watching.values():
            viewer.wait_for(10)
        yield watching


def kill_and_wait_back(pipeline: Pipeline, stage: str, viewers: dict[tuple[str, str], Viewer]) -> None:
    name = stage if stage == "broker" else f"{stage}-0"
    old = pipeline.process(name)
    killed_ns = time.monotonic_ns()
    pipeline.kill(name)
    pipeline.wait_for_new(name, old, BACK_WITHIN_S)
    for viewer in viewers.values():
        viewer.wait_for(15, BACK_WITHIN_S)
    for (camera, kind), viewer in viewers.items():
        arrivals = [picture.mono_ns for picture in viewer.pictures]
        outage_ns = max((b - a for a, b in itertools.pairwise(arrivals) if b >= killed_ns), default=0)
        print(f"{stage} killed: {camera} {kind} stood still for {outage_ns / 1e9:.2f} s")


def assert_times_go_on(pictures: list[Received]) -> None:
    """The camera's own times, across the outage: they grow, and no faster than the clock on the wall."""
    pictures = [picture for picture in pictures if picture.payload[4:8] != b"ftyp"]  # no picture: a stream's beginning
    first, last = pictures[0], pictures[-1]
    times = [picture.meta["media_time_ns"] for picture in pictures]
    assert all(b > a for a, b in itertools.pairwise(times))
    passed_s = (last.mono_ns - first.mono_ns) / 1e9
    assert (times[-1] - times[0]) / 1e9 == pytest.approx(passed_s, abs=0.5)


def assert_decodes(pictures: list[Received]) -> None:
    """Decode what one viewer received: no error, whatever happened in between."""
    decoder = av.CodecContext.create("h264", "r")
    shown = 0
    for picture in pictures:
        shown += len(decoder.decode(av.Packet(picture.payload)))
    shown += len(decoder.decode(None))
    assert shown == len(pictures)


def test_broker_killed_picture_goes_on_and_every_connection_stays(pipeline, viewers):
    kill_and_wait_back(pipeline, "broker", viewers)
    for viewer in viewers.values():
        assert viewer.connections == 1
        assert_times_go_on(viewer.pictures)
    assert_decodes(viewers["porch", "h264"].pictures)


def test_transcode_killed_viewers_stay_and_decode_on(pipeline, viewers):
    kill_and_wait_back(pipeline, "transcode", viewers)
    for viewer in viewers.values():
        assert viewer.connections == 1
        assert_times_go_on(viewer.pictures)
    assert_decodes(viewers["porch", "h264"].pictures)
    assert_decodes(viewers["garden", "h264"].pictures)
    jpeg = viewers["porch", "jpeg"].pictures
    gaps_ns = [b.mono_ns - a.mono_ns for a, b in itertools.pairwise(jpeg)]
    assert max(gaps_ns) < 1_000_000_000  # what transcode has no part in does not notice


def test_ingest_killed_its_cameras_come_back_and_viewers_stay(pipeline, viewers):
    kill_and_wait_back(pipeline, "ingest", viewers)
    for viewer in viewers.values():
        assert viewer.connections == 1
        assert_times_go_on(viewer.pictures)


def test_fanout_killed_cameras_do_not_notice_and_viewers_come_back(pipeline, viewers):
    before = {camera: pipeline.camera(camera)["frames"] for camera in CAMERAS}
    kill_and_wait_back(pipeline, "fanout", viewers)
    for viewer in viewers.values():
        assert viewer.connections == 2
        assert_times_go_on(viewer.pictures)
    for camera in CAMERAS:
        # Its frames are counted for each connection: a camera that had to connect again would begin at 0.
        assert pipeline.camera(camera)["frames"] > before[camera]


def test_keeper_killed_nobody_notices(pipeline, viewers):
    old = pipeline.process("keeper")
    pipeline.kill("keeper")
    pipeline.wait_for_new("keeper", old, BACK_WITHIN_S)
    for viewer in viewers.values():
        viewer.wait_for(15)
        assert viewer.connections == 1
        arrivals = [picture.mono_ns for picture in viewer.pictures]
        assert max(b - a for a, b in itertools.pairwise(arrivals)) < 1_000_000_000
