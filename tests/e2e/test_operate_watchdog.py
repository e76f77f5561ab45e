"""Processes that hang: each is replaced by itself, and nobody else is touched."""

import signal
import time

import pytest

from tests.helpers.pipeline import Pipeline

pytestmark = pytest.mark.timeout(180)

# Far beyond what is promised (5 s for ingest, 10 s for the rest): a loaded machine is no failure.
PATIENCE_S = 60.0


def pids(pipeline) -> dict[str, int]:
    return {row.name: row.pid for row in pipeline.table() if row.pid}


def wait_for_stamps(pipeline, *names) -> None:
    """Wait until the processes have stamped: before that they have a start's time, and not a hung one's."""
    for name in names:
        pipeline.wait_until((pipeline.run_dir / "alive" / name).exists, f"the stamp of {name}", PATIENCE_S)


def wait_for_replacement(pipeline, name, old) -> float:
    took_s = pipeline.wait_until(lambda: pids(pipeline).get(name) not in (None, old), f"a new {name}", PATIENCE_S)
    took_s += pipeline.wait_until(
        lambda: any(row["name"] == name and row["pid"] not in (0, old) for row in pipeline.status()["processes"]),
        f"{name} in /status",
        PATIENCE_S,
    )
    return took_s


def test_hung_process_of_every_stage_is_replaced_and_the_camera_is_back(tmp_path):
    names = ("ingest-0", "transcode-0", "fanout-0")
    with Pipeline(tmp_path, scale={"ingest": 2, "fanout": 2, "transcode": 2}) as pipeline:
        wait_for_stamps(pipeline, *names)
        pipeline.mock_camera("porch")
        pipeline.wait_for_camera("porch")
        before = pids(pipeline)
        began = time.monotonic()
        for name in names:
            pipeline.kill(name, signal.SIGSTOP)

        for name in names:
            # /status may be answered by the hung one's backlog only when that is gone.
            pipeline.wait_until(
                lambda name=name: pids(pipeline).get(name) not in (None, before[name]), f"a new {name}", PATIENCE_S
            )
            print(f"{name} was replaced after {time.monotonic() - began:.1f} s")
        pipeline.wait_until(lambda: (pipeline.camera("porch") or {}).get("online"), "the camera", PATIENCE_S)

        after = pids(pipeline)
        assert {name for name in before if after.get(name) != before[name]} == set(names)
        for name in names:
            assert pipeline.log("keeper").count(f"{name} (pid {before[name]}) hangs: no sign of life") == 1


def test_hung_broker_is_replaced_alone_and_a_hung_keeper_too(tmp_path):
    with Pipeline(tmp_path) as pipeline:
        wait_for_stamps(pipeline, "broker", "keeper")
        before = pids(pipeline)
        pipeline.kill("broker", signal.SIGSTOP)
        took_s = wait_for_replacement(pipeline, "broker", before["broker"])
        print(f"the broker was replaced after {took_s:.1f} s")

        pipeline.kill("keeper", signal.SIGSTOP)
        took_s = wait_for_replacement(pipeline, "keeper", before["keeper"])
        print(f"keeper was replaced after {took_s:.1f} s")

        after = pids(pipeline)
        assert {name for name in before if after.get(name) != before[name]} == {"broker", "keeper"}
        pipeline.wait_until(lambda: pipeline.ask("GET", "/api/cameras")[0] == 200, "keeper's answer")


def test_scale_and_restart_do_not_fight_the_watchdog(tmp_path):
    with Pipeline(tmp_path) as pipeline:
        wait_for_stamps(pipeline, "fanout-0")
        # Hung, and at once to be stopped: it ends, and stays away.
        pipeline.make("scale", "fanout=2")
        pipeline.wait_until(lambda: "fanout-1" in pipeline.process_names(), "fanout-1")
        pipeline.kill("fanout-1", signal.SIGSTOP)
        pipeline.make("scale", "fanout=1")
        pipeline.wait_until(lambda: "fanout-1" not in pids(pipeline), "the end of fanout-1", PATIENCE_S)

        # Hung, and then its turn in a restart: it is one process more, not two.
        old = pipeline.kill("transcode-0", signal.SIGSTOP)
        done = pipeline.make("restart", "STAGE=transcode", timeout=120)

        assert done.returncode == 0, done.stdout
        after = pids(pipeline)
        assert after["transcode-0"] != old
        assert "fanout-1" not in after
