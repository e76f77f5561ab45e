"""supervisord stands still, and with it everybody's log: the picture goes on."""

import os
import signal
from contextlib import suppress

import pytest

from tests.helpers.pipeline import Pipeline
from tests.helpers.viewer import Viewer

pytestmark = pytest.mark.timeout(180)

FPS = 20
# Eight seconds of the camera.
FRAMES = 8 * FPS
PATIENCE_S = 60.0
WRITERS = ("broker", "fanout-0", "ingest-0", "transcode-0", "keeper")


def fill_log_pipe(pid: int) -> int:
    """Write to a process's standard error until its pipe is full, so that its very next line finds no room."""
    fd = os.open(f"/proc/{pid}/fd/2", os.O_WRONLY | os.O_NONBLOCK)
    written = 0
    try:
        for size in (4096, 1):
            with suppress(BlockingIOError):
                while True:
                    written += os.write(fd, b"." * (size - 1) + b"\n")
    finally:
        os.close(fd)
    return written


def left_out(pipeline: Pipeline, viewer: Viewer) -> int:
    """Return how many frames were left out on purpose; what the bus lost is not among them."""
    dropped = (pipeline.camera("porch") or {}).get("dropped", {})
    skipped = sum(text.get("frames", 0) for text in viewer.told("dropped"))
    return skipped + sum(count for cause, count in dropped.items() if cause not in ("bus", "unwanted"))


def test_stopped_supervisord_and_full_logs_cost_no_frame(tmp_path):
    with Pipeline(tmp_path, env={"CAM_LOG_LEVEL": "debug"}) as pipeline:
        pipeline.mock_camera("porch", "--prerender", "40", fps=FPS, size="qvga")
        pipeline.wait_for_camera("porch")
        url = pipeline.url("/ws/viewer?camera=porch&meta=1", "ws")
        with Viewer(url) as viewer:
            viewer.wait_for(FPS, PATIENCE_S)
            processes = {name: pipeline.process(name) for name in WRITERS}
            supervisord = pipeline.kill("supervisord", signal.SIGSTOP)
            try:
                for name, pid in processes.items():
                    assert fill_log_pipe(pid) > 0, name
                left_out_before = left_out(pipeline, viewer)
                during = viewer.wait_for(FRAMES // 2, PATIENCE_S)
                # Whoever comes and goes is a line in a log.
                for _ in range(5):
                    with Viewer(url) as visitor:
                        visitor.wait_for(1, PATIENCE_S)
                during += viewer.wait_for(FRAMES // 2, PATIENCE_S)
            finally:
                os.kill(supervisord, signal.SIGCONT)
            numbers = [picture.meta["seq"] for picture in viewer.pictures if picture.meta]
            first, last = during[0].meta["seq"], during[-1].meta["seq"]
            missing = set(range(first, last + 1)) - set(numbers)
            # None, but for what a starved machine leaves out, and says so.
            pipeline.wait_until(
                lambda: left_out(pipeline, viewer) - left_out_before >= len(missing), f"words on frames {missing}"
            )
            assert viewer.close_codes == []

        pipeline.wait_until(
            lambda: len({row.pid for row in pipeline.table()} & set(processes.values())) == len(WRITERS),
            "the same processes as before",
        )
        with Viewer(url) as visitor:
            visitor.wait_for(1, PATIENCE_S)
        pipeline.wait_until(lambda: "log lines lost: reader stalled" in pipeline.log("fanout-0"), "the lines lost")
