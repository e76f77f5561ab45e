"""More than the encoders can do: pictures stay young, a rule says what gives way and is shown; it ends by itself."""

import itertools
from contextlib import ExitStack

import pytest

from tests.helpers.pipeline import Pipeline
from tests.helpers.viewer import Viewer

pytestmark = pytest.mark.timeout(180)

CAMERAS = ("load1", "load2", "load3", "load4")
# Generous: a loaded test machine.
SOON_S = 40


def test_overload_is_said_and_kept_from_becoming_delay_and_ends_by_itself(tmp_path):
    # A preset that takes several times the default's work: few cameras are too much then, on any machine.
    with Pipeline(tmp_path, env={"CAM_TRANSCODE_PRESET": "medium"}) as pipeline, ExitStack() as stack:
        cameras = [pipeline.mock_camera(camera, "--prerender", "15", fps=30, size="hd") for camera in CAMERAS]
        for camera in CAMERAS:
            pipeline.wait_for_camera(camera)
        viewers = [
            stack.enter_context(Viewer(pipeline.url(f"/ws/viewer?camera={camera}&meta=1", "ws"))) for camera in CAMERAS
        ]
        for viewer in viewers:
            viewer.wait_for(5)
        pipeline.wait_until(lambda: pipeline.status()["overload"], "a rule in force", SOON_S)
        rule = pipeline.status()["overload"][0]
        assert rule["process"] == "transcode-0"
        assert rule["level"] >= 1
        assert rule["rule"]
        pipeline.wait_until(
            lambda: any(camera.get("limited") for camera in pipeline.status()["cameras"]), "a limited camera", SOON_S
        )
        for viewer in viewers:
            pictures = viewer.wait_for(20)
            offset_ns = min(each.mono_ns - each.meta["media_time_ns"] for each in viewer.pictures)
            ages_ns = sorted(each.mono_ns - each.meta["media_time_ns"] - offset_ns for each in pictures)
            assert ages_ns[len(ages_ns) // 2] < 1_000_000_000
            assert all(b.mono_ns > a.mono_ns for a, b in itertools.pairwise(pictures))
        for process in cameras[1:]:
            process.kill()
            process.wait()
        # What was limited is not any more: on a slow machine by a rule that lets one camera have what it wants.
        pipeline.wait_until(lambda: pipeline.status()["overload"] in ([], None) or alone(pipeline), "its end", SOON_S)
        viewers[0].wait_for(10)
        assert viewers[0].connections == 1
        assert "overload" in pipeline.log("transcode-0").lower()


def alone(pipeline: Pipeline) -> bool:
    return all(rule["level"] <= 1 for rule in pipeline.status()["overload"])
