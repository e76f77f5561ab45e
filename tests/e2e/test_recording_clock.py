"""The system's clock is set forward by an hour, and back: recordings never overlap, and live viewers notice nothing."""

import itertools
from collections.abc import Iterator

import pytest

from common.recordings.rows import Reason
from common.units import NS_PER_MS, NS_PER_S
from tests.helpers.recording import complaints
from tests.helpers.recording_account import overlaps, silent_times
from tests.helpers.recording_chaos import settled_account
from tests.helpers.recording_pipeline import RecordedPipeline
from tests.helpers.surroundings import SettableClock
from tests.helpers.viewer import Viewer

pytestmark = pytest.mark.timeout(180)

CAMERA = "porch"
HOUR_S = 3600
STEP_S = 3.0
# Nothing of live may stand still for so long; a loaded machine may.
STOOD_STILL_NS = 3 * NS_PER_S


@pytest.fixture
def clock(tmp_path) -> Iterator[SettableClock]:
    clock = SettableClock(tmp_path)
    yield clock
    clock.clean_up()


@pytest.fixture
def pipeline(tmp_path, clock) -> Iterator[RecordedPipeline]:
    # The recorder looks at the clock with each keyframe.
    env = {**clock.environment(), "CAM_TRANSCODE_GOP_S": "1"}
    with RecordedPipeline(tmp_path, segment_s=4, env=env) as running:
        running.logged_camera(CAMERA)
        running.wait_for_footage(CAMERA)
        yield running


def record_on(pipeline: RecordedPipeline, frames: int = round(STEP_S * 10)) -> None:
    """Wait until so many more frames are recorded, whatever the clock says."""

    def recorded() -> int:
        return sum(row.frames for row in pipeline.files(CAMERA))

    wanted = recorded() + frames
    pipeline.wait_until(lambda: recorded() >= wanted, f"{frames} more frames recorded", 40)


def test_clock_set_by_an_hour_both_ways_no_footage_overlaps_and_live_goes_on(pipeline, clock):
    with Viewer(pipeline.url(f"/ws/viewer?camera={CAMERA}&format=h264&meta=1", "ws")) as viewer:
        viewer.wait_for(5)
        record_on(pipeline)
        clock.set(HOUR_S)
        record_on(pipeline)
        ahead_files = len(pipeline.files(CAMERA))
        clock.set(0)
        record_on(pipeline)
        pipeline.wait_until(lambda: pipeline.recording_state(CAMERA).get("shift_s", 0) > HOUR_S - 60, "the shift shown")
        kill_recorder(pipeline)
        record_on(pipeline)
        assert viewer.connections == 1
        arrivals = [picture.mono_ns for picture in viewer.pictures]
        assert max(b - a for a, b in itertools.pairwise(arrivals)) < STOOD_STILL_NS
    pipeline.set_mode(CAMERA, "off")
    pipeline.wait_all_done(CAMERA)
    rows = pipeline.files(CAMERA)
    assert not overlaps(rows)
    assert [row.shift_ns > 0 for row in rows[:ahead_files]] == [False] * ahead_files
    shifted = [row.shift_ns / NS_PER_S for row in rows[ahead_files:]]
    assert shifted
    assert all(HOUR_S - 60 < shift_s <= HOUR_S + 60 for shift_s in shifted), shifted
    clock_gaps = [gap for gap in pipeline.gaps(CAMERA) if gap.reason is Reason.CLOCK]
    assert [round((gap.end_ns - gap.start_ns) / NS_PER_S / 60) for gap in clock_gaps] == [60]
    assert not silent_times(rows, pipeline.gaps(CAMERA), NS_PER_S)
    settled = settled_account(pipeline, CAMERA)
    assert (settled.twice, settled.unknown) == ([], [])
    # Each picture is at its time, or an hour on from it.
    off_ms = [min(late_ns, abs(late_ns - HOUR_S * NS_PER_S)) / NS_PER_MS for late_ns in settled.late_ns]
    assert max(off_ms) < 2000
    for row in rows:
        assert complaints(pipeline.folder_of(CAMERA) / row.name) == "", row
    pipeline.assert_clean("after the clock's jumps")


def kill_recorder(pipeline: RecordedPipeline) -> None:
    """Kill the recorder while its time runs ahead of the clock."""
    old = pipeline.kill("recorder-0")
    pipeline.wait_for_new("recorder-0", old)
