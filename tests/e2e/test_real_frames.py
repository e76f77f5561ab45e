"""Frames that real cameras made run through the pipeline. They have no licence, so they are not in the project."""

import os
from pathlib import Path

import av
import pytest

from common.config import PROJECT_DIR
from tests.helpers.pipeline import Pipeline
from tests.helpers.viewer import Viewer

CAPTURES = Path(os.environ.get("REAL_CAPTURES", PROJECT_DIR.parent / "shared/data/jpegs"))

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(not CAPTURES.is_dir(), reason=f"no real captures in {CAPTURES}"),
]


@pytest.mark.parametrize(("pattern", "size"), [("ov2640_vga_*", (640, 480)), ("ov2640_svga_*", (800, 600))])
def test_real_camera_s_frames_are_seen(tmp_path, pattern, size):
    folder = tmp_path / "jpegs"
    folder.mkdir()
    for capture in CAPTURES.glob(f"{pattern}.jpg"):
        (folder / capture.name).symlink_to(capture)
    with Pipeline(tmp_path) as pipeline:
        pipeline.mock_camera("real", "--images", str(folder), fps=10)
        pipeline.wait_for_camera("real")
        with Viewer(pipeline.url("/ws/viewer?camera=real", "ws")) as viewer:
            pictures = viewer.wait_for(20)
        assert pipeline.camera("real")["dropped"] == {}
    decoder = av.CodecContext.create("h264", "r")
    shown = [frame for picture in viewer.pictures for frame in decoder.decode(av.Packet(picture.payload))]
    assert len(pictures) == 20
    assert {(frame.width, frame.height) for frame in shown} == {size}
