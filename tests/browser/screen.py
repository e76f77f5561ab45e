"""One open page, as a person sees it: what its players show, what it says, and what it complains of."""

import base64
import time
from pathlib import Path
from typing import Any, Final, NamedTuple

from playwright.sync_api import ConsoleMessage, Page

from tests.helpers.picture import read_patches
from tools.mock_camera.stamp import STAMP_BITS, Stamp, camera_hash, parse_stamp

READER: Final = (Path(__file__).parent / "reader.js").read_text(encoding="utf-8")
# Told by the browser for each rule of the Content-Security-Policy that the page breaks.
COMPLAINTS: Final = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) =>
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
"""
POLL_S: Final = 0.05
CLOCK_TRIES: Final = 20


class Seen(NamedTuple):
    """A picture that came onto the screen: when, on this machine's CLOCK_MONOTONIC, and its number."""

    mono_ms: float
    number: int


class Screen:
    """A page."""

    def __init__(self, page: Page, address: str, before: str = "") -> None:
        self.page = page
        self.complaints: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.add_init_script(COMPLAINTS + before)
        # The code that reads pictures is the test's: it comes in after the page, by the debugger.
        page.goto(address)
        page.evaluate(READER)

    def all_complaints(self) -> list[str]:
        """Return errors, warnings and broken rules."""
        return [*self.complaints, *self.page.evaluate("window.violations")]

    def wait_until(self, expression: str, what: str, timeout_s: float = 20.0) -> None:
        """Wait until an expression is true in the page."""
        deadline = time.monotonic() + timeout_s
        while not self.page.evaluate(expression):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {timeout_s:.0f} s in vain for {what}; {self.complaints}")
            self.page.wait_for_timeout(POLL_S * 1000)

    def player(self, camera: str, expression: str) -> Any:
        """Return the value of an expression on a camera's player, called `player` in it."""
        return self.page.evaluate(
            f"""(camera) => {{
              const player = document.querySelector(`camera-player[camera="${{camera}}"]`);
              return {expression};
            }}""",
            camera,
        )

    def wait_for_player(self, camera: str, expression: str, what: str, timeout_s: float = 20.0) -> None:
        """Wait until an expression on a camera's player is true."""
        deadline = time.monotonic() + timeout_s
        while not self.player(camera, f"player && ({expression})"):
            if time.monotonic() > deadline:
                state = self.player(camera, "player && [player.state, player.format, player.shown]")
                raise AssertionError(f"waited {timeout_s:.0f} s in vain for {camera} {what}: {state} {self.complaints}")
            self.page.wait_for_timeout(POLL_S * 1000)

    def wait_for_live(self, camera: str, format_: str = "mp4", timeout_s: float = 20.0) -> None:
        """Wait until a camera's moving picture is shown; its number can be read then."""
        self.wait_for_player(camera, f"player.state === 'live' && player.format === '{format_}'", "live", timeout_s)
        element = "video" if format_ == "mp4" else "canvas"
        self.wait_for_player(camera, f"player.picture?.localName === '{element}'", f"on a <{element}>", timeout_s)
        self.wait_for_player(camera, "player.shown?.mediaTimeS", "shown", timeout_s)

    def number(self, camera: str) -> int | None:
        """Return the number in the picture that a camera's player shows; AssertionError when it is another camera's."""
        words = self.page.evaluate("(camera) => reader.now(camera)", camera)
        return None if words is None else _number(words, camera)

    def wait_for_number(self, camera: str, least: int, timeout_s: float = 20.0) -> int:
        """Wait until a camera's picture has this number or a later one; return it."""
        deadline = time.monotonic() + timeout_s
        while (number := self.number(camera)) is None or number < least:
            if time.monotonic() > deadline:
                raise AssertionError(f"{camera}: picture {least} was not shown within {timeout_s:.0f} s but {number}")
            self.page.wait_for_timeout(POLL_S * 1000)
        return number

    def wait_for_pictures(self, camera: str, count: int, timeout_s: float = 20.0) -> None:
        """Wait until a camera's player showed so many pictures since `watch`, or since this was called before."""
        expression = f"reader.lines({camera!r}).length"
        least = self.page.evaluate(expression) + count
        self.wait_until(f"{expression} >= {least}", f"{count} pictures of {camera}", timeout_s)

    def read_some(self, camera: str, count: int) -> list[Seen]:
        """Return the next pictures that come onto the screen, so many at least."""
        self.watch(camera)
        self.wait_for_pictures(camera, count)
        return self.read(camera)

    def refresh_ms(self) -> float:
        """Return how long a refresh of the screen takes at most (p95) since `watch`: how busy this machine is."""
        return float(self.page.evaluate("reader.refreshMs()"))

    def read_for(self, camera: str, seconds: float) -> list[Seen]:
        """Return every picture that came onto the screen within so long."""
        self.watch(camera)
        self.page.wait_for_timeout(seconds * 1000)
        return self.read(camera)

    def watch(self, camera: str) -> None:
        """Begin to keep what a camera's player shows."""
        self.page.evaluate("(camera) => reader.watch(camera)", camera)

    def read(self, camera: str) -> list[Seen]:
        """Return what came onto the screen since `watch`."""
        offset_ms = self._clock_offset_ms()
        lines = self.page.evaluate("(camera) => reader.lines(camera)", camera)
        return [Seen(line[0] + offset_ms, _number(line[1:], camera)) for line in lines]

    def footage_number(self, camera: str) -> int | None:
        """Return the number in the recorded picture that is shown; None while it is another camera's."""
        words = self.page.evaluate("reader.footage()")
        stamp = _stamp(words) if words else None
        return stamp.number if stamp and stamp.camera_hash == camera_hash(camera) else None

    def wait_for_footage(self, camera: str, first: int, last: int, timeout_s: float = 20.0) -> int:
        """Wait until a recorded picture with a number of this range is shown; return it."""
        deadline = time.monotonic() + timeout_s
        while (number := self.footage_number(camera)) is None or not first <= number <= last:
            if time.monotonic() > deadline:
                raise AssertionError(f"{camera}: no picture of {first} to {last} within {timeout_s:.0f} s but {number}")
            self.page.wait_for_timeout(POLL_S * 1000)
        return number

    def footage_numbers(self, camera: str) -> list[int]:
        """Return the numbers of the recorded pictures that came onto the screen since `reader.watchFootage()`."""
        return [_number(line[1:], camera) for line in self.page.evaluate("reader.footageLines()")]

    def patches(self, camera: str) -> dict[str, Any]:
        """Return the colours of the test patches in the shown picture."""
        picture = self.page.evaluate("(camera) => reader.pixels(camera)", camera)
        return dict(read_patches(base64.b64decode(picture["pixels"]), picture["width"], picture["height"]))

    def _clock_offset_ms(self) -> float:
        """Return what to add to performance.now() for CLOCK_MONOTONIC; the quickest of several questions tells best."""
        answers = []
        for _ in range(CLOCK_TRIES):
            before = time.monotonic()
            page_ms = self.page.evaluate("performance.now()")
            after = time.monotonic()
            answers.append((after - before, (before + after) / 2 * 1000 - page_ms))
        return float(min(answers)[1])

    def _hear(self, message: ConsoleMessage) -> None:
        # A browser that cannot keep up on a busy machine, and begins anew, is no fault of the page.
        if message.type in ("error", "warning") and not message.text.endswith(": the browser is behind"):
            self.complaints.append(f"{message.type}: {message.text}")


def _number(words: list[int], camera: str) -> int:
    """Return the number of a picture; a wrong checksum or camera is a fault of the page."""
    stamp = _stamp(words)
    assert stamp is not None, f"the picture of {camera} cannot be read: {words}"
    assert stamp == Stamp(stamp.number, camera_hash(camera)), f"the player of {camera} shows another camera: {stamp}"
    return stamp.number


def _stamp(words: list[int]) -> Stamp | None:
    word = (words[0] << 12 | words[1]) << 12 | words[2]
    return parse_stamp([bool(word >> bit & 1) for bit in range(STAMP_BITS - 1, -1, -1)])
