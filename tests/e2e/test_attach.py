"""Programs attach to the bus while everything runs, and nothing else notices."""

import subprocess
import sys

import pytest

from common.config import PROJECT_DIR
from tests.helpers.outputs import decode_errors
from tests.helpers.pipeline import Pipeline
from tests.helpers.viewer import Viewer

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("attach")) as running:
        running.mock_camera("porch", fps=20, size="qvga")
        running.wait_for_camera("porch")
        yield running


def run(pipeline: Pipeline, *command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *command],
        cwd=PROJECT_DIR,
        env=pipeline.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=check,
    )


def test_save_frames_saves_whole_frames_and_a_viewer_does_not_notice(pipeline, tmp_path):
    with Viewer(pipeline.url("/ws/viewer?camera=porch&meta=1", "ws")) as viewer:
        viewer.wait_for(5)
        environ = {**pipeline.environment(), "PYTHONPATH": str(PROJECT_DIR)}
        command = [sys.executable, "examples/save_frames.py", "porch", "10", str(tmp_path)]
        said = subprocess.run(command, cwd=PROJECT_DIR, env=environ, text=True, capture_output=True, check=True)
        viewer.wait_for(5)
        numbers = [picture.meta["seq"] for picture in viewer.pictures]
    saved = sorted(tmp_path.glob("porch-*.jpg"))
    assert len(saved) == 10, said.stdout
    assert all(path.read_bytes().startswith(b"\xff\xd8") and path.read_bytes().endswith(b"\xff\xd9") for path in saved)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def test_save_frames_is_documented_as_it_is():
    source = (PROJECT_DIR / "examples/save_frames.py").read_text()
    assert source in (PROJECT_DIR / "docs/attach.md").read_text()
    code = [line for line in source.splitlines() if line and not line.startswith('"""')]
    assert len(code) <= 12


@pytest.mark.parametrize("kind", ["h264", "mp4", "jpeg"])
def test_program_without_our_code_takes_part_from_wire_md_alone(pipeline, tmp_path, kind):
    path = tmp_path / f"porch.{'mjpeg' if kind == 'jpeg' else kind}"
    source = (PROJECT_DIR / "examples/plain_pyzmq.py").read_text()
    assert "common" not in [line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith("from")]
    # Isolated (-I) and elsewhere: our modules cannot be imported.
    said = run(pipeline, "-I", "examples/plain_pyzmq.py", f"ipc://{pipeline.run_dir}", "porch", kind, "40", str(path))
    assert "40 messages" in said.stdout
    assert decode_errors(path) == ""


def test_demand_of_an_attached_program_starts_and_stops_the_encoder(pipeline, tmp_path):
    run(
        pipeline,
        "-I",
        "examples/plain_pyzmq.py",
        f"ipc://{pipeline.run_dir}",
        "porch",
        "h264",
        "5",
        str(tmp_path / "x"),
    )
    pipeline.wait_until(lambda: pipeline.camera("porch")["h264_bytes_per_s"] == 0, "the encoder rests", 30)
