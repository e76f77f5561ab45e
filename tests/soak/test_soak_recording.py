"""Recordings for minutes at changing rates, and 50 kills: no picture that the rows do not explain, none twice.

`make soak-recording MINUTES=10` runs it at length; by itself it takes well under a minute.
"""

import itertools
import os
import random
import time
from collections.abc import Iterator

import pytest

from common.units import NS_PER_S
from tests.helpers.recording import complaints
from tests.helpers.recording_account import losses, silent_times
from tests.helpers.recording_chaos import (
    assert_explained,
    assert_in_order,
    kill_often,
    settled_account,
    worst_of,
)
from tests.helpers.recording_pipeline import RecordedPipeline

MINUTES = float(os.environ.get("SOAK_MINUTES") or 0)
SOAK_S = MINUTES * 60 or 12.0
KILLS = 50 if MINUTES else 3
LOST_AT_MOST_S = 2.0 if MINUTES else 4.0

pytestmark = pytest.mark.timeout(2 * SOAK_S + KILLS * 30 + 240)

FLAGS = {
    "changing": ("--rates", "5,15,30,0.2,2:7"),
    "slow": ("--rates", "0.2,1:20"),
    "jumpy": ("--rates", "15,10:11", "--jitter", "60", "--stall", "2:30"),
    "weak": ("--rates", "12", "--corrupt", "truncated,junk:0.02", "--vanish", "40:3"),
}
STEADY = ("porch", "garden", "gate", "yard")


@pytest.fixture
def changing(tmp_path) -> Iterator[RecordedPipeline]:
    with RecordedPipeline(tmp_path, segment_s=20 if MINUTES else 4) as running:
        for camera, flags in FLAGS.items():
            running.logged_camera(camera, *flags)
        for camera in FLAGS:
            running.wait_for_footage(camera)
        yield running


@pytest.fixture
def steady(tmp_path) -> Iterator[RecordedPipeline]:
    with RecordedPipeline(tmp_path, segment_s=5) as running:
        for number, camera in enumerate(STEADY):
            running.logged_camera(camera, fps=(5, 10, 15, 15)[number])
        for camera in STEADY:
            running.wait_for_footage(camera)
        yield running


def test_recording_at_changing_rates_has_every_picture_once_or_says_why_not(changing):
    time.sleep(SOAK_S)
    end(changing, FLAGS)
    for camera in FLAGS:
        settled = settled_account(changing, camera)
        within = sum(late_ns <= one_ns for late_ns, one_ns in zip(settled.late_ns, settled.intervals_ns, strict=True))
        print(f"{camera}: {settled.told()}; {within} of {len(settled.late_ns)} within one frame of their time")
        assert_in_order(changing, camera, settled)
        assert_explained(changing, camera, settled)
        # A file of a slow camera says only for how long at least its last picture stands: until the next one.
        assert not silent_times(changing.files(camera), changing.gaps(camera), 6 * NS_PER_S)
        for row in changing.files(camera):
            assert complaints(changing.folder_of(camera) / row.name) == "", row
    changing.assert_clean("at the end")


def test_recorder_killed_again_and_again_loses_no_more_than_two_seconds(steady):
    kills = kill_often(steady, STEADY, "recorder-0", KILLS, random.Random(int(SOAK_S)))
    end(steady, STEADY)
    found = []
    for camera in STEADY:
        settled = settled_account(steady, camera)
        print(f"{camera}: {settled.told()}")
        found += losses(camera, kills, steady.sent(camera), settled.missing)
        assert_in_order(steady, camera, settled)
        assert_explained(steady, camera, settled)
    print(worst_of(found))
    for before_s, group in itertools.groupby(sorted(round(loss.before_s, 1) for loss in found)):
        print(f"  oldest lost frame {before_s:.1f} s old: {len(list(group))} times")
    assert max(loss.before_s for loss in found) < LOST_AT_MOST_S
    steady.assert_clean("after all kills")


def end(pipeline: RecordedPipeline, cameras) -> None:
    """Switch recording off, and wait until nothing is open."""
    for camera in cameras:
        pipeline.set_mode(camera, "off")
    for camera in cameras:
        pipeline.wait_all_done(camera)
