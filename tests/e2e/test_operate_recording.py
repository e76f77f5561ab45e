"""Recorders and the library as processes: started on demand, scaled, restarted, replaced, and nothing is forgotten."""

import json
import os
import signal
from pathlib import Path

import pytest

from tests.helpers.pipeline import Pipeline

pytestmark = pytest.mark.timeout(180)

# Far beyond what is promised: a loaded machine is no failure.
PATIENCE_S = 60.0


def pids(pipeline) -> dict[str, int]:
    return {row.name: row.pid for row in pipeline.table() if row.pid}


def recorders(pipeline) -> set[str]:
    return {name for name in pids(pipeline) if name.startswith("recorder-")}


def recording(pipeline, camera) -> dict:
    return (pipeline.camera(camera) or {}).get("recording", {})


def footage(pipeline, camera) -> list[Path]:
    return list((pipeline.recording_dir / camera).glob("*/*.mp4"))


def open_footage(pipeline, name) -> list[str]:
    """Return the files of footage that a process has open."""
    found = []
    for fd in Path(f"/proc/{pipeline.process(name)}/fd").iterdir():
        try:
            found.append(os.readlink(fd))
        except FileNotFoundError:
            continue
    return [
        path for path in found if path.startswith(str(pipeline.recording_dir)) and path.endswith((".mp4", ".spool"))
    ]


def wait_for_footage(pipeline, camera) -> None:
    """Wait until footage is told of that is newer than any now."""
    before = recording(pipeline, camera).get("newest") or 0
    pipeline.wait_until(
        lambda: (recording(pipeline, camera).get("newest") or 0) > before, f"new footage of {camera}", PATIENCE_S
    )


def wait_for_successor(pipeline, name, old) -> None:
    pipeline.wait_until(
        lambda: any(row["name"] == name and row["pid"] not in (0, old) for row in pipeline.status()["processes"]),
        f"another {name}",
        PATIENCE_S,
    )


def test_recording_is_switched_on_and_off_over_the_api_and_remembered(tmp_path):
    with Pipeline(tmp_path) as pipeline:
        pipeline.mock_camera("porch", fps=10)
        pipeline.wait_for_camera("porch")
        assert not recorders(pipeline)
        assert "library" not in pids(pipeline)
        status, body = pipeline.ask("GET", "/api/recordings")
        assert (status, b"nothing is recorded here yet" in body) == (404, True)

        scaled = pipeline.make("scale", "recorder=2")
        assert (scaled.returncode, "as soon as a camera is recorded" in scaled.stdout) == (0, True)
        assert not recorders(pipeline)

        assert pipeline.set_mode("porch", "continuous") == {"camera": "porch", "mode": "continuous", "was": "off"}
        pipeline.wait_until(lambda: recorders(pipeline) == {"recorder-0", "recorder-1"}, "two recorders", PATIENCE_S)
        pipeline.wait_until(
            lambda: recording(pipeline, "porch").get("state") == "recording", "the recording", PATIENCE_S
        )
        wait_for_footage(pipeline, "porch")
        assert footage(pipeline, "porch")
        pipeline.wait_until(lambda: pipeline.ask("GET", "/api/recordings")[0] == 200, "the library", PATIENCE_S)
        assert "continuous" in pipeline.make("status").stdout

        pipeline.set_mode("porch", "off")
        pipeline.wait_until(
            lambda: not any(open_footage(pipeline, name) for name in recorders(pipeline)), "closed files", PATIENCE_S
        )
        # Nobody records any more, and what there is can be looked at.
        pipeline.wait_until(lambda: recording(pipeline, "porch").get("mode") in ("off", None), "its end", PATIENCE_S)
        before = {path: path.stat().st_size for path in footage(pipeline, "porch")}

        pipeline.stop()
        pipeline.start()

        assert recorders(pipeline) == {"recorder-0", "recorder-1"}
        assert pipeline.ask("GET", "/api/cameras/porch/recording")[0] == 200
        answer = json.loads(pipeline.ask("GET", "/api/cameras/porch/recording")[1])
        assert answer == {"camera": "porch", "mode": "off", "from": "here"}
        pipeline.wait_until(lambda: pipeline.ask("GET", "/api/recordings")[0] == 200, "the library", PATIENCE_S)
        assert before.keys() <= {*footage(pipeline, "porch")}


def test_recording_goes_on_when_recorder_and_library_hang_are_scaled_and_restarted(tmp_path):
    with Pipeline(tmp_path, env={"CAM_RECORDING_MODE": "continuous"}) as pipeline:
        for name in ("recorder-0", "library"):
            pipeline.wait_until((pipeline.run_dir / "alive" / name).exists, f"the stamp of {name}", PATIENCE_S)
        pipeline.mock_camera("porch", fps=10)
        pipeline.wait_for_camera("porch")
        wait_for_footage(pipeline, "porch")
        before = pids(pipeline)

        for name in ("recorder-0", "library"):
            pipeline.kill(name, signal.SIGSTOP)
        for name in ("recorder-0", "library"):
            wait_for_successor(pipeline, name, before[name])
            assert f"{name} (pid {before[name]}) hangs: no sign of life" in pipeline.log("keeper")
        wait_for_footage(pipeline, "porch")

        pipeline.make("scale", "recorder=2")
        pipeline.wait_until(lambda: "recorder-1" in pipeline.process_names(), "the second recorder", PATIENCE_S)
        pipeline.make("scale", "recorder=1")
        pipeline.wait_until(lambda: recorders(pipeline) == {"recorder-0"}, "the end of the second recorder", PATIENCE_S)
        wait_for_footage(pipeline, "porch")

        old = pids(pipeline)
        done = pipeline.make("restart", "STAGE=recorder", timeout=120)
        assert (done.returncode, "recorder-0 restarted" in done.stdout) == (0, True), done.stdout
        done = pipeline.make("restart", "STAGE=library", timeout=120)
        assert (done.returncode, "library restarted" in done.stdout) == (0, True), done.stdout
        after = pids(pipeline)
        assert {name for name in old if after.get(name) != old[name]} == {"recorder-0", "library"}
        assert {name for name in before if after.get(name) != before[name]} == {"recorder-0", "library"}
        wait_for_footage(pipeline, "porch")


def test_folder_that_cannot_be_used_is_said_and_live_runs_and_recording_begins_when_it_can(tmp_path):
    (tmp_path / "taken").touch()
    folder = str(tmp_path / "taken" / "footage")
    with Pipeline(tmp_path, env={"CAM_RECORDING_MODE": "continuous", "CAM_RECORDING_DIR": folder}) as pipeline:
        assert f"CAM_RECORDING_DIR='{folder}'" in pipeline.output()
        assert "live runs" in pipeline.output()
        pipeline.mock_camera("porch", fps=10)
        pipeline.wait_for_camera("porch")
        pipeline.wait_until(
            lambda: recording(pipeline, "porch").get("reason") == "unwritable", "the reason", PATIENCE_S
        )
        assert pipeline.ask("GET", "/cameras/porch/snapshot.jpg")[0] == 200
        assert "unwritable" in pipeline.make("status").stdout

        (tmp_path / "taken").unlink()
        (tmp_path / "taken" / "footage").mkdir(parents=True)

        wait_for_footage(pipeline, "porch")
