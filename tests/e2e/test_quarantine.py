"""A camera whose pictures crash the codec: put alone after the first crash, left out after the third, and let in again.

The others lose a moment once; the crash is a real one (SIGSEGV in a codec's thread).
"""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.crashing_codec import CRASH, crashing_codecs, marked
from tests.helpers.pipeline import Pipeline
from tests.helpers.viewer import Viewer
from tools.mock_camera.scene import Scene
from tools.mock_camera.sizes import Size

pytestmark = pytest.mark.timeout(180)

# Generous: a loaded test machine.
SOON_S = 30


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory) -> Iterator[Pipeline]:
    folder = tmp_path_factory.mktemp("quarantine")
    with Pipeline(folder, env=crashing_codecs(folder / "codecs")) as running:
        running.mock_camera("good", "--prerender", "30", fps=10, size="qvga")
        running.wait_for_camera("good")
        yield running


@pytest.fixture(scope="module")
def poison(tmp_path_factory) -> Path:
    folder: Path = tmp_path_factory.mktemp("poison")
    scene = Scene("bad", Size(320, 240))
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(marked(scene.jpeg(number, 0), CRASH))
    return folder


def test_camera_that_crashes_the_codec_is_left_out_and_the_others_go_on(pipeline, poison):
    with (
        Viewer(pipeline.url("/ws/viewer?camera=good&meta=1", "ws")) as good,
        Viewer(pipeline.url("/ws/viewer?camera=good&format=jpeg", "ws")) as jpeg,
    ):
        good.wait_for(10)
        before = pipeline.process("transcode-0")
        camera = pipeline.mock_camera("bad", "--images", str(poison), fps=5)
        pipeline.wait_for_camera("bad")
        with Viewer(pipeline.url("/ws/viewer?camera=bad", "ws")) as bad:
            pipeline.wait_until(lambda: "quarantine" in (pipeline.camera("bad") or {}), "the quarantine", SOON_S)
            pipeline.wait_until(lambda: bad.told("error"), "the viewer is told", SOON_S)
            assert not bad.pictures
            row = pipeline.camera("bad")
            assert row is not None
            assert row["quarantine"]["until"] > row["quarantine"]["since"]
            assert row["online"]
        # Once, by surprise; then the camera crashed a process of its own.
        after = pipeline.process("transcode-0")
        assert after != before
        good.wait_for(10)
        jpeg.wait_for(10)
        assert pipeline.process("transcode-0") == after
        assert (good.connections, jpeg.connections) == (1, 1)
        arrivals = [picture.mono_ns for picture in good.pictures]
        print(f"the other camera stood still for {max(b - a for a, b in itertools.pairwise(arrivals)) / 1e9:.2f} s")

        camera.kill()
        camera.wait()
        refused = pipeline.make("release", "CAMERA=good")
        assert refused.returncode != 0, refused.stdout
        assert "good" in refused.stdout
        assert "Traceback" not in refused.stdout
        camera = pipeline.mock_camera("bad", "--prerender", "30", fps=5, size="qvga")
        released = pipeline.make("release", "CAMERA=bad")
        assert released.returncode == 0, released.stdout
        with Viewer(pipeline.url("/ws/viewer?camera=bad", "ws")) as bad:
            bad.wait_for(3, SOON_S)
        pipeline.wait_until(lambda: "quarantine" not in (pipeline.camera("bad") or {}), "no quarantine", SOON_S)
        camera.kill()
        camera.wait()
