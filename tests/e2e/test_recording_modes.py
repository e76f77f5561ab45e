"""Modes are switched while everything runs; in mode event the footage begins exactly as long before as it should."""

import json
import time
from collections.abc import Iterator

import pytest

from common.recordings.rows import Kind, Reason
from common.units import NS_PER_S
from tests.helpers.recording import complaints
from tests.helpers.recording_account import account, between, silent_times
from tests.helpers.recording_chaos import ROOM_NS, assert_explained, assert_in_order, settled_account
from tests.helpers.recording_pipeline import RecordedPipeline, parsed_ns

pytestmark = pytest.mark.timeout(180)

CAMERA = "porch"
PRE_S, POST_S, EVENT_S = 2.0, 1.0, 1.5
FPS = 10


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory) -> Iterator[RecordedPipeline]:
    env = {
        "CAM_RECORDING_PRE_ROLL_S": str(PRE_S),
        "CAM_RECORDING_POST_ROLL_S": str(POST_S),
        "CAM_RECORDING_KEEP_ORIGINAL": "yes",
    }
    with RecordedPipeline(tmp_path_factory.mktemp("modes"), mode="off", env=env) as running:
        for camera in (CAMERA, "garden"):
            running.logged_camera(camera, "--jitter", "40", fps=FPS)
        for camera in (CAMERA, "garden"):
            running.wait_for_camera(camera)
        yield running


def raise_event(pipeline: RecordedPipeline, camera: str, seconds: float) -> tuple[int, int]:
    """Let an event of that length begin now; return its start and end."""
    order = {"name": "motion", "duration_s": seconds}
    code, body = pipeline.ask("POST", f"/api/cameras/{camera}/events", order)
    assert code == 202, body
    answer = json.loads(body)
    return parsed_ns(answer["start"]), parsed_ns(answer["end"])


def wait_sent(pipeline: RecordedPipeline, camera: str, seconds: float) -> None:
    """Wait until a camera has sent for so long from now."""
    until_ns = time.time_ns() + round(seconds * NS_PER_S)
    pipeline.wait_until(lambda: pipeline.sent(camera)[-1].time_ns > until_ns, f"frames of {seconds} s", 40)


def test_nothing_runs_for_recording_until_it_is_switched_on(pipeline):
    assert not {"recorder-0", "library"} & pipeline.process_names()
    pipeline.set_mode("garden", "continuous")
    pipeline.wait_for_footage("garden")
    pipeline.wait_until(lambda: {"recorder-0", "library"} <= pipeline.process_names(), "recorder and library")
    assert not pipeline.files(CAMERA)


def test_event_is_recorded_with_its_pre_roll_and_nothing_is_encoded_before(pipeline):
    pipeline.set_mode(CAMERA, "event")
    pipeline.wait_for_state(CAMERA, mode="event", state="waiting")
    wait_sent(pipeline, CAMERA, PRE_S + 1.5)
    row = pipeline.camera(CAMERA)
    assert row is not None
    assert row["encode_ms"] is None
    start_ns, end_ns = raise_event(pipeline, CAMERA, EVENT_S)
    wait_sent(pipeline, CAMERA, EVENT_S + POST_S + 0.5)
    pipeline.wait_for_footage(CAMERA, end_ns, 60)
    pipeline.wait_all_done(CAMERA)
    rows, pictures, sent = pipeline.files(CAMERA), pipeline.pictures(CAMERA), pipeline.sent(CAMERA)
    first_ns, last_ns = start_ns - round(PRE_S * NS_PER_S), end_ns + round(POST_S * NS_PER_S)
    inner = between(sent, first_ns + ROOM_NS // 2, last_ns - ROOM_NS // 2)
    found = account(sent, pictures)
    numbers = {picture.number for picture in pictures}
    assert {frame.number for frame in inner} <= numbers
    assert (found.twice, found.unknown) == ([], [])
    assert not found.misplaced(ROOM_NS)
    # Exact: no more than a busy machine's delay is before and after.
    assert pictures[0].time_ns >= first_ns - ROOM_NS
    assert pictures[-1].time_ns <= last_ns + ROOM_NS
    assert [event.name for event in pipeline.events(CAMERA)] == ["motion"]
    assert sum(original.frames for original in pipeline.files(CAMERA, Kind.ORIGINALS)) == len(pictures)
    for video in rows:
        assert complaints(pipeline.folder_of(CAMERA) / video.name) == "", video


def test_recorder_killed_during_an_event_its_spool_is_encoded_afterwards(pipeline):
    pipeline.set_mode(CAMERA, "event")
    pipeline.wait_for_state(CAMERA, mode="event", state="waiting")
    wait_sent(pipeline, CAMERA, PRE_S + 0.5)
    start_ns, _ = raise_event(pipeline, CAMERA, 20)
    wait_sent(pipeline, CAMERA, 4)
    killed_ns = time.time_ns()
    old = pipeline.kill("recorder-0")
    pipeline.wait_for_new("recorder-0", old)
    pipeline.set_mode(CAMERA, "off")
    pipeline.wait_all_done(CAMERA)
    numbers = {picture.number for picture in pipeline.pictures(CAMERA)}
    received = between(pipeline.sent(CAMERA), start_ns - round((PRE_S - 0.5) * NS_PER_S), killed_ns - 2 * NS_PER_S)
    assert received
    assert {frame.number for frame in received} <= numbers
    pipeline.assert_clean("after a kill during an event")


def test_modes_take_turns_and_every_time_is_explained(pipeline):
    for mode in ("continuous", "event", "off", "continuous", "off"):
        pipeline.set_mode("garden", mode)
        pipeline.wait_for_state("garden", mode=mode)
        wait_sent(pipeline, "garden", 2)
    pipeline.wait_all_done("garden")
    settled = settled_account(pipeline, "garden")
    assert_in_order(pipeline, "garden", settled)
    assert_explained(pipeline, "garden", settled)
    rows, gaps = pipeline.files("garden"), pipeline.gaps("garden")
    assert not silent_times(rows, gaps, NS_PER_S)
    assert {Reason.OFF, Reason.NO_EVENT} <= {gap.reason for gap in gaps}
    pipeline.assert_clean("after all modes")
