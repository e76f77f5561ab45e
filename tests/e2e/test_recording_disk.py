"""A disk of 8 MB fills up: the oldest footage goes; protected footage stays, and then recording stops and says why."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.recordings.rows import Reason
from common.units import NS_PER_S
from tests.helpers.recording import complaints
from tests.helpers.recording_account import overlaps, silent_times
from tests.helpers.recording_pipeline import RecordedPipeline, rfc3339
from tests.helpers.surroundings import free_bytes, small_disk
from tests.helpers.viewer import Viewer

pytestmark = pytest.mark.timeout(180)

CAMERA = "porch"
DISK_BYTES = 8 << 20
STOOD_STILL_NS = 3 * NS_PER_S


@pytest.fixture
def pipeline(tmp_path) -> Iterator[RecordedPipeline]:
    wrapper = small_disk(tmp_path / "recordings", DISK_BYTES)
    with RecordedPipeline(tmp_path, segment_s=2, wrapper=wrapper, env={"CAM_TRANSCODE_GOP_S": "1"}) as running:
        running.look_through(running.process("supervisord"))
        running.logged_camera(CAMERA, fps=15, size="vga")
        running.wait_for_footage(CAMERA)
        running.wait_for_library()
        yield running


def fill(pipeline: RecordedPipeline, left_bytes: int) -> Path:
    """Take the room on the disk but for so much."""
    ballast = pipeline.seen_at / "ballast"
    with ballast.open("ab") as file:
        file.write(bytes(max(0, free_bytes(pipeline.seen_at) - left_bytes)))
    return ballast


def test_disk_fills_oldest_goes_protected_stays_and_recording_resumes_when_it_is_freed(pipeline):
    with Viewer(pipeline.url(f"/ws/viewer?camera={CAMERA}&format=h264&meta=1", "ws")) as viewer:
        pipeline.wait_until(lambda: len(pipeline.files(CAMERA)) >= 3, "three files", 40)
        oldest = pipeline.files(CAMERA)[0]
        ballast = fill(pipeline, left_bytes=150_000)
        pipeline.wait_until(lambda: oldest.name not in names(pipeline), "the oldest footage gone", 60)
        pipeline.wait_for_seconds(CAMERA, 1)
        # On a full disk not even that may find room, which is said; recording makes some again and again.
        pipeline.wait_until(lambda: protect_everything(pipeline), "everything protected", 40)
        kept = names(pipeline)
        fill(pipeline, left_bytes=0)
        pipeline.wait_for_state(CAMERA, 60, state="stopped")
        assert pipeline.recording_state(CAMERA)["reason"] == Reason.PROTECTED
        seen = len(viewer.pictures)
        viewer.wait_for(seen + 15)
        ballast.unlink()
        pipeline.wait_for_state(CAMERA, 30, state="recording")
        pipeline.wait_for_seconds(CAMERA, 1)
        assert viewer.connections == 1
        arrivals = [picture.mono_ns for picture in viewer.pictures]
        assert max(b - a for a, b in itertools.pairwise(arrivals)) < STOOD_STILL_NS
    assert set(kept) <= set(names(pipeline))
    pipeline.set_mode(CAMERA, "off")
    pipeline.wait_all_done(CAMERA)
    rows, gaps = pipeline.files(CAMERA), pipeline.gaps(CAMERA)
    assert Reason.PROTECTED in {gap.reason for gap in gaps}
    assert not overlaps(rows)
    assert not silent_times(rows, gaps, NS_PER_S)
    for row in rows:
        assert complaints(pipeline.folder_of(CAMERA) / row.name) == "", row
    pipeline.assert_clean("after the disk was full")


def names(pipeline: RecordedPipeline) -> list[str]:
    return [row.name for row in pipeline.files(CAMERA)]


def protect_everything(pipeline: RecordedPipeline) -> bool:
    """Protect what there is, and what comes within the next hour; return whether there was room to write that down."""
    rows = pipeline.files(CAMERA)
    until_ns = rows[-1].end_ns + 3600 * NS_PER_S
    order = {"from": rfc3339(rows[0].start_ns), "to": rfc3339(until_ns), "protected": True, "name": "burglary"}
    code, body = pipeline.ask("POST", f"/api/recordings/{CAMERA}/protect", order)
    assert code in (200, 503), body
    return code == 200
