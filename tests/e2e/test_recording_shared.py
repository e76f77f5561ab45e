"""Two recorders share six cameras: each is recorded once, whoever dies or leaves."""

from collections.abc import Iterator

import pytest

from common.config import load
from common.recordings.rows import Reason
from common.units import NS_PER_S
from tests.helpers.bus_ear import BusEar
from tests.helpers.recording_account import silent_times
from tests.helpers.recording_chaos import assert_explained, assert_in_order, kill_once, settled_account
from tests.helpers.recording_pipeline import RecordedPipeline

pytestmark = pytest.mark.timeout(180)

CAMERAS = tuple(f"cam-{number}" for number in range(1, 7))
RECORDERS = ("recorder-0", "recorder-1")


@pytest.fixture
def pipeline(tmp_path) -> Iterator[RecordedPipeline]:
    with RecordedPipeline(tmp_path, segment_s=5, scale={"recorder": 2}) as running:
        for camera in CAMERAS:
            running.logged_camera(camera, fps=5)
        for camera in CAMERAS:
            running.wait_for_footage(camera)
        yield running


def owners(ear: BusEar) -> dict[str, set[str]]:
    """Return who told last that it records what."""
    newest = {record["name"]: record for record in ear.records("status") if "recordings" in record}
    return {name: set(record["recordings"]) for name, record in newest.items()}


def wait_shared(pipeline: RecordedPipeline, among: tuple[str, ...]) -> dict[str, set[str]]:
    """Wait until each camera has one owner, among these."""
    with BusEar(load(pipeline.environment()).bus_addresses, "status") as ear:

        def is_shared() -> bool:
            found = {name: cameras for name, cameras in owners(ear).items() if name in among}
            told = sorted(camera for cameras in found.values() for camera in cameras)
            return found.keys() == set(among) and told == sorted(CAMERAS)

        ear.wait(is_shared, f"each camera with one of {among}", 40)
        return owners(ear)


def test_each_camera_is_recorded_once_when_a_recorder_dies_and_when_one_leaves(pipeline):
    shared = wait_shared(pipeline, RECORDERS)
    assert all(shared[name] for name in RECORDERS), shared
    kill_once(pipeline, CAMERAS, "recorder-1", "a recorder of two killed")
    done = pipeline.make("scale", "recorder=1")
    assert done.returncode == 0, done.stdout
    wait_shared(pipeline, RECORDERS[:1])
    for camera in CAMERAS:
        pipeline.wait_for_seconds(camera, 1 if camera == CAMERAS[0] else 0)
    pipeline.assert_clean("with one recorder left")
    for camera in CAMERAS:
        pipeline.set_mode(camera, "off")
    for camera in CAMERAS:
        pipeline.wait_all_done(camera)
        settled = settled_account(pipeline, camera)
        assert_in_order(pipeline, camera, settled)
        assert_explained(pipeline, camera, settled)
        assert not silent_times(pipeline.files(camera), pipeline.gaps(camera), NS_PER_S)
    down = [camera for camera in CAMERAS if Reason.RECORDER_DOWN in {gap.reason for gap in pipeline.gaps(camera)}]
    assert set(down) >= shared["recorder-1"]
