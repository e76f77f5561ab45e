"""How far the picture on the page is behind the newest frame sent, read from the screen of headless Chromium."""

import shutil
from importlib.util import find_spec
from typing import Final

from benchmarks.camera import camera
from benchmarks.rows import Row, Yardstick, not_measured
from benchmarks.run import Run
from benchmarks.stats import percentile

NAME: Final = "page"
_CAMERA: Final = "page"
_FPS: Final = 25
_TARGET_MS: Final = 300
_WHAT: Final = f"picture on the page behind the newest frame sent, {_FPS} fps, p95"
_SETTLE_MS: Final = 1000


def measure(run: Run) -> list[Row]:
    """Return p95 of a live page, and how long a frame takes to the screen."""
    path = shutil.which("chromium")
    if path is None or find_spec("playwright") is None:
        return [not_measured(NAME, _WHAT, "ms", "no chromium or no playwright here")]
    length_s = 3.0 if run.quick else 20.0
    behind_ms, latencies_ms, pictures = _watch(run, path, length_s)
    note = f"{pictures} pictures in {length_s:.0f} s; p50 {percentile(behind_ms, 50):.0f}, most {max(behind_ms):.0f} ms"
    stick = Yardstick("the camera's frame interval", 1000 / _FPS)
    return [
        Row(NAME, _WHAT, "ms", percentile(behind_ms, 95), _TARGET_MS, stick, note=note),
        Row(NAME, "from a frame's send to the screen, p50", "ms", percentile(latencies_ms, 50),
            note=f"p95 {percentile(latencies_ms, 95):.0f} ms"),
    ]  # fmt: skip


def _watch(run: Run, chromium: str, length_s: float) -> tuple[list[float], list[float], int]:
    """Return every few ms how far the page was behind, each picture's way to the screen, and how many were seen."""
    # The browser's tools are the tests'; without them all other figures can still be measured.
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import ARGUMENTS
    from tests.browser.delays import behind_ms, latencies_ms, read_sends
    from tests.browser.screen import Screen

    pipeline = run.pipeline()
    pipeline.forget_cameras()
    with (
        camera(run.folder, pipeline.port, _CAMERA, _FPS) as source,
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS) as browser,
    ):
        pipeline.wait_online(_CAMERA)
        screen = Screen(browser.new_page(), pipeline.url("/"))
        screen.wait_for_live(_CAMERA)
        screen.page.wait_for_timeout(_SETTLE_MS)
        seen = screen.read_for(_CAMERA, length_s)
        sent = read_sends(source.log)
    return behind_ms(sent, seen), latencies_ms(sent, seen), len(seen)
