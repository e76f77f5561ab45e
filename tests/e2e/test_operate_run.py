"""Starting and ending a pipeline: from nothing, twice, side by side, and after everything was killed."""

import os
import signal
import stat
import subprocess
import time

import pytest

from common.config import PROJECT_DIR
from tests.helpers.kernel import processes_of, wait_until_gone
from tests.helpers.pipeline import Pipeline

pytestmark = pytest.mark.timeout(120)

STAGES = ("broker", "fanout-0", "ingest-0", "keeper", "supervisord", "transcode-0")


def test_pipeline_starts_from_nothing_and_tells_of_every_process(tmp_path):
    with Pipeline(tmp_path) as pipeline:
        rows = {row["name"]: row for row in pipeline.status()["processes"]}
        pipeline.wait_until(lambda: "esp32-stream is up" in pipeline.output(), "the addresses on the terminal")

        assert sorted(rows) == sorted(STAGES)
        for name, row in rows.items():
            assert row["pid"] == pipeline.process(name), name
            assert row["rss_bytes"] > 1 << 20, name
            assert row["uptime_s"] >= 0, name
        assert f"http://127.0.0.1:{pipeline.port}/" in pipeline.output()
        assert f":{pipeline.port}/ws/camera/<name>" in pipeline.output()
        assert str(pipeline.run_dir / "logs") in pipeline.output()
        assert stat.S_IMODE(pipeline.run_dir.stat().st_mode) == 0o700
        assert stat.S_IMODE((pipeline.run_dir / "supervisord.sock").stat().st_mode) == 0o700


def test_make_status_shows_processes_and_make_stop_leaves_none(tmp_path):
    with Pipeline(tmp_path) as pipeline:
        shown = pipeline.make("status")
        assert shown.returncode == 0
        for name in STAGES:
            assert name in shown.stdout
        assert "no camera was seen yet" in shown.stdout

        stopped = pipeline.make("stop")

        assert "stopped" in stopped.stdout
        assert wait_until_gone(pipeline.processes(), 5) == []


def test_ctrl_c_in_the_terminal_of_make_run_all_ends_everything(tmp_path):
    pipeline = Pipeline(tmp_path)
    make = subprocess.Popen(
        ["make", "run-all"], cwd=PROJECT_DIR, env=pipeline.environment(), stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        pipeline.wait_until(lambda: "fanout-0" in pipeline.process_names(), "the first status")

        os.killpg(make.pid, signal.SIGINT)

        make.communicate(timeout=30)
        assert wait_until_gone(pipeline.processes(), 5) == []
    finally:
        make.kill()
        make.wait()
        make.stdout.close()


def test_closed_terminal_ends_everything(tmp_path):
    with Pipeline(tmp_path) as pipeline:
        pipeline.stop(signal.SIGHUP)

        assert wait_until_gone(pipeline.processes(), 5) == []


def test_second_start_in_the_same_run_folder_is_refused_with_the_first_ones_id(tmp_path):
    with Pipeline(tmp_path) as pipeline:
        second = pipeline.make("run-all", "CAM_PORT=1", "CAM_INGEST_PORT=2")

        assert second.returncode != 0
        assert (
            f"runs in {pipeline.run_dir} already (supervisord, pid {pipeline.process('supervisord')})" in second.stdout
        )
        assert pipeline.ask("GET", "/status")[0] == 200


def test_two_pipelines_live_side_by_side(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with Pipeline(tmp_path / "a") as first, Pipeline(tmp_path / "b") as second:
        first.mock_camera("porch")
        first.wait_until(lambda: (first.camera("porch") or {}).get("online"), "the camera in the first pipeline")

        assert second.camera("porch") is None
        first.stop()
        assert second.ask("GET", "/status")[0] == 200


def test_killed_supervisord_leaves_no_process_and_the_next_start_works(tmp_path):
    with Pipeline(tmp_path, demo=True) as pipeline:
        pipeline.wait_for_camera("demo-1")
        before = pipeline.processes()
        assert any("mock_camera" in command for command in before.values())
        pipeline.kill("supervisord")

        assert wait_until_gone(before, 8) == []
        pipeline.start()

        assert set(STAGES) <= pipeline.process_names()


def test_killed_supervisord_leaves_no_process_that_hung_and_the_next_start_works(tmp_path):
    with Pipeline(tmp_path) as pipeline:
        before = pipeline.processes()
        hung = [pipeline.kill(name, signal.SIGSTOP) for name in ("broker", "fanout-0", "ingest-0", "keeper")]
        pipeline.kill("supervisord")

        left = wait_until_gone(before, 5)
        for pid in set(hung) & set(left):
            os.kill(pid, signal.SIGCONT)
        assert left == []
        pipeline.start()

        assert set(STAGES) <= pipeline.process_names()


@pytest.mark.parametrize("name", ["broker", "keeper", "fanout-0", "transcode-0", "ingest-0", "fanout-8"])
def test_killed_process_is_back_by_itself(tmp_path, name):
    with Pipeline(tmp_path) as pipeline:
        # supervisord counts a death in the first second as a failed start, and waits.
        time.sleep(1.1)
        old = pipeline.kill(name)

        def is_back():
            return any(row.name == name and row.pid not in (0, old) for row in pipeline.table())

        took_s = pipeline.wait_until(is_back, f"{name} under a new id")
        if name != "fanout-8":
            pids = {}
            took_s += pipeline.wait_until(
                lambda: (
                    pids.update((row["name"], row["pid"]) for row in pipeline.status()["processes"])
                    or pids.get(name) not in (None, old)
                ),
                f"{name} in /status under its new id",
            )
        print(f"{name} was back after {took_s:.1f} s")


def test_demo_shows_two_moving_cameras_and_ends_with_them(tmp_path):
    with Pipeline(tmp_path, demo=True) as pipeline:
        pipeline.wait_until(
            lambda: sum(row["online"] and row["frames"] > 5 for row in pipeline.status()["cameras"]) == 2,
            "two simulated cameras",
        )
        pipeline.wait_until(lambda: "two simulated cameras" in pipeline.output(), "the terminal to say so")

        pipeline.stop(signal.SIGINT)

        assert wait_until_gone(processes_of(pipeline.run_dir), 5) == []


def test_mock_camera_target_shows_cameras_of_the_given_name(tmp_path):
    with Pipeline(tmp_path) as pipeline:
        server = f"SERVER=127.0.0.1:{pipeline.port}"
        flags = ("CAMERA=porch", "CAMERAS=2", "FPS=10", "SIZE=qvga", "ARGS=--jitter 5 --frames 15")

        done = pipeline.make("mock-camera", server, *flags)

        assert done.returncode == 0, done.stdout
        rows = {row["id"]: row for row in pipeline.status()["cameras"]}
        assert {name: (row["width"], row["height"]) for name, row in rows.items()} == {
            "porch-1": (320, 240),
            "porch-2": (320, 240),
        }
