"""Headless Chromium for the tests of the pages: Debian's, driven by Playwright."""

import subprocess
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, sync_playwright

from tests.browser.screen import Screen
from tests.helpers.pipeline import Pipeline
from tests.helpers.tools import require_tool

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)


# Per module: while Playwright's loop runs in this thread no other test could use asyncio.run.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = require_tool("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Callable[..., Screen]]:
    """Return a function that opens an address in a browser of its own; `before` is code that runs before the page's."""
    contexts: list[BrowserContext] = []

    def open_page(address: str, *, before: str = "", width: int = 1280, height: int = 800) -> Screen:
        context = chromium.new_context(viewport={"width": width, "height": height})
        contexts.append(context)
        context.set_default_timeout(30_000)
        return Screen(context.new_page(), address, before)

    yield open_page
    for context in contexts:
        try:
            context.close()
        except Error as error:
            # The browser may be gone already, by a test's own doing.
            print(f"closing a page: {error}")


@pytest.fixture
def start_camera(pipeline: Pipeline) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Return a function that starts a simulated camera as `Pipeline.mock_camera` does; it ends with the test."""
    running: list[subprocess.Popen[bytes]] = []

    def start_camera(name: str, *flags: str, fps: float = 12, size: str = "vga") -> subprocess.Popen[bytes]:
        running.append(pipeline.mock_camera(name, *flags, fps=fps, size=size))
        return running[-1]

    yield start_camera
    for process in running:
        process.kill()
        process.wait()
