"""Scale, rolling restarts and known cameras while a pipeline runs, and over its restart."""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from tests.helpers.pipeline import Pipeline
from tests.helpers.viewer import Viewer

pytestmark = pytest.mark.timeout(180)


@contextmanager
def probed(port, path="/status") -> Iterator[Counter]:
    """Ask on a new connection, some hundred times a second; yield how each ended, by kind."""
    outcomes: Counter = Counter()
    done = threading.Event()

    def probe() -> None:
        while not done.wait(0.01):
            try:
                outcomes[_ask_once(port, path)] += 1
            except OSError as error:
                outcomes[type(error).__name__] += 1

    threads = [threading.Thread(target=probe) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        yield outcomes
    finally:
        done.set()
        for thread in threads:
            thread.join()


def _ask_once(port, path) -> str:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        answer = connection.recv(32)
        while connection.recv(65536):
            pass
    return answer[9:12].decode() or "closed"


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Pipeline]:
    with Pipeline(tmp_path_factory.mktemp("shared")) as pipeline:
        yield pipeline


def pids(pipeline) -> dict[str, int]:
    return {row.name: row.pid for row in pipeline.table() if row.pid}


def test_scale_starts_and_stops_members_at_once_and_touches_no_other(tmp_path):
    with Pipeline(tmp_path) as pipeline:
        before = pids(pipeline)

        done = pipeline.make("scale", "fanout=3", "transcode=2")

        assert done.returncode == 0
        assert "fanout=3: fanout-0 fanout-1 fanout-2" in done.stdout
        assert "transcode=2: transcode-0 transcode-1" in done.stdout
        assert before.items() <= pids(pipeline).items()
        pipeline.wait_until(
            lambda: {"fanout-2", "transcode-1"} <= pipeline.process_names(), "the new processes in /status"
        )

        pipeline.make("scale", "fanout=1")

        pipeline.wait_until(lambda: "fanout-1" not in pids(pipeline), "the end of fanout-1")
        assert before.items() <= pids(pipeline).items()


def test_scale_is_kept_over_a_restart_of_the_pipeline(tmp_path):
    with Pipeline(tmp_path) as pipeline:
        pipeline.make("scale", "transcode=2", "fanout=2")
        pipeline.stop()
        pipeline.start()

        pipeline.wait_until(lambda: {"fanout-1", "transcode-1"} <= pipeline.process_names(), "the kept scale")


def test_keeper_that_was_killed_touches_nobody_and_keeps_the_scale(tmp_path):
    with Pipeline(tmp_path, scale={"fanout": 2}) as pipeline:
        before = pids(pipeline)
        old = pipeline.kill("keeper")
        pipeline.wait_until(lambda: pids(pipeline).get("keeper") not in (None, old), "a new keeper")
        pipeline.wait_until(lambda: pipeline.ask("GET", "/api/cameras")[0] == 200, "its answer")

        after = pids(pipeline)

        assert {name for name in before if after.get(name) != before[name]} == {"keeper"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["fanuot=3"], "unknown stage 'fanuot'; what scales is ingest, transcode, recorder and fanout"),
        (["fanout=99"], "fanout=99: expected a whole number from 1 to 8"),
        (["fanout=many"], "fanout=many: expected a whole number from 1 to 8"),
        (["broker=2"], "broker is one process by design"),
    ],
)
def test_scale_that_cannot_be_is_refused_in_a_sentence(shared, arguments, sentence):
    done = shared.make("scale", *arguments)

    assert done.returncode != 0
    assert sentence in done.stdout


def test_restart_of_an_unknown_stage_is_refused_in_a_sentence(shared):
    done = shared.make("restart", "STAGE=fanuot")

    assert done.returncode != 0
    assert "unknown stage 'fanuot'" in done.stdout


def joins_of(pipeline, camera) -> int:
    """Return how often ingest has seen a camera come."""
    return pipeline.log("ingest-0").count(f"camera {camera} joined")


@pytest.mark.parametrize("count", [1, 3])
def test_rolling_restart_of_fanout_refuses_nobody_tells_viewers_and_keeps_cameras(tmp_path, count):
    with Pipeline(tmp_path, scale={"fanout": count}) as pipeline, ExitStack() as stack:
        pipeline.mock_camera("porch", "--prerender", "30", fps=10, size="qvga")
        pipeline.wait_for_camera("porch")
        url = pipeline.url("/ws/viewer?camera=porch", "ws")
        viewers = [stack.enter_context(Viewer(url)) for _ in range(2 * count)]
        for viewer in viewers:
            viewer.wait_for(1, 60)
        before = pids(pipeline)
        with probed(pipeline.port) as outcomes:
            time.sleep(0.3)
            done = pipeline.make("restart", "STAGE=fanout")
            time.sleep(0.3)

        for viewer in viewers:
            pipeline.wait_until(lambda viewer=viewer: viewer.close_codes, "the viewer's close code")
            assert viewer.close_codes[0] == 1012, viewer.close_codes
            viewer.wait_for(2, 60)
        assert joins_of(pipeline, "porch") == 1
        after = pids(pipeline)
        assert done.returncode == 0, done.stdout
        changed = {name for name in before if after.get(name) != before[name]}
        assert changed == {f"fanout-{number}" for number in range(count)}
        assert set(outcomes) == {"200"}, outcomes
        assert outcomes["200"] > 20


@pytest.mark.parametrize("count", [1, 3])
def test_rolling_restart_of_ingest_refuses_nobody(tmp_path, count):
    with Pipeline(tmp_path, scale={"ingest": count}) as pipeline:
        before = pids(pipeline)
        with probed(pipeline.ingest_port, "/ws/camera/nobody") as outcomes:
            time.sleep(0.3)
            done = pipeline.make("restart", "STAGE=ingest")
            time.sleep(0.3)

        after = pids(pipeline)
        assert done.returncode == 0, done.stdout
        assert {name for name in before if after.get(name) != before[name]} == {f"ingest-{n}" for n in range(count)}
        # No WebSocket request, and told so; never refused.
        assert set(outcomes) == {"426"}, outcomes


def test_restart_of_everything_replaces_each_process_once_and_refuses_nobody(tmp_path):
    with Pipeline(tmp_path, scale={"ingest": 2}) as pipeline:
        before = pids(pipeline)
        with probed(pipeline.port) as outcomes:
            done = pipeline.make("restart", timeout=120)

        after = pids(pipeline)
        assert done.returncode == 0, done.stdout
        assert {name for name in before if after.get(name) == before[name]} == {"fanout-8", "ingest-8"}
        assert [line.split()[0] for line in done.stdout.splitlines() if line.endswith("restarted")] == [
            "broker", "fanout-0", "transcode-0", "ingest-0", "ingest-1", "keeper",
        ]  # fmt: skip
        assert set(outcomes) == {"200"}, outcomes


def test_scaling_under_requests_refuses_nobody(tmp_path):
    with Pipeline(tmp_path) as pipeline, probed(pipeline.port) as outcomes:
        for count in (4, 1, 3, 1):
            pipeline.make("scale", f"fanout={count}")
            time.sleep(0.5)

    assert set(outcomes) == {"200"}, outcomes


def test_public_port_forwards_what_is_for_the_public_alone(shared):
    assert shared.ask("GET", "/api/cameras")[0] == 200
    for method, path in (("POST", "/api/scale"), ("GET", "/api/scale"), ("POST", "/api/restart")):
        assert shared.ask(method, path, {"fanout": 2})[0] == 404

    code, body = shared.ask("DELETE", "/api/cameras/nobody", Origin="http://evil.example")
    assert code == 403, body
    code, body = shared.ask("DELETE", "/api/cameras/NOBODY", Origin=f"http://127.0.0.1:{shared.port}")
    assert code == 404, body


def test_camera_stays_known_over_a_restart_until_it_is_forgotten(tmp_path):
    with Pipeline(tmp_path) as pipeline:
        camera = pipeline.mock_camera("porch")
        pipeline.wait_until(lambda: (pipeline.camera("porch") or {}).get("online"), "the camera online")
        assert pipeline.ask("DELETE", "/api/cameras/porch")[0] == 409
        camera.kill()
        camera.wait()
        pipeline.stop()

        pipeline.start()

        pipeline.wait_until(lambda: pipeline.camera("porch"), "the camera of the last run")
        assert pipeline.camera("porch")["online"] is False
        assert pipeline.ask("GET", "/cameras/porch/snapshot.jpg")[0] == 503
        assert pipeline.ask("GET", "/cameras/attic/snapshot.jpg")[0] == 404

        assert pipeline.ask("DELETE", "/api/cameras/porch")[0] == 200

        pipeline.wait_until(lambda: pipeline.ask("GET", "/cameras/porch/snapshot.jpg")[0] == 404, "the camera's end")
        assert json.loads(pipeline.ask("GET", "/api/cameras")[1]) == {"cameras": []}
        assert pipeline.ask("DELETE", "/api/cameras/porch")[0] == 404


def test_corrupt_state_is_set_aside_and_the_start_goes_on(tmp_path):
    pipeline = Pipeline(tmp_path)
    pipeline.state_dir.mkdir(parents=True)
    (pipeline.state_dir / "scale.json").write_text('{"version": 1, "content": {"fanout"')
    (pipeline.state_dir / "cameras.json").write_text("\0\0\0")

    with pipeline:
        assert pipeline.log("keeper").count("is unusable") == 2
        assert {"fanout-0", "transcode-0", "ingest-0"} <= set(pids(pipeline))
        assert (pipeline.state_dir / "scale.json.corrupt").exists()
