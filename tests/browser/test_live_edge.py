"""After a stall of any length the page is at the live edge again, without a reload, and its picture moves on."""

import os
import signal
from contextlib import ExitStack

import pytest

from tests.browser.delays import behind_ms, bound_ms, now_mono_ms, read_sends, spread
from tests.browser.slack_path import SlackPath
from tests.helpers.pipeline import Pipeline

pytestmark = [pytest.mark.timeout(180), pytest.mark.requires_tool("chromium")]

FPS = 12
STALLS_S = (0.3, 2.0, 8.0)
BACK_WITHIN_S = 2.5
# Pictures that are looked at before a stall, and after it.
PICTURES = 8
BEHIND_AT_MOST_MS = 400
# Far longer than a stall: what is shown after it, no keyframe that was due anyhow has brought.
LONG_GOP = {"CAM_TRANSCODE_GOP_S": "60"}
# As little as a path with hardly a buffer keeps: the server itself feels the stall, and leaves out what is old.
NARROW_BYTES = 16 << 10
COMPUTE = """(ms) => {
  const compute = () => { for (const end = performance.now() + ms; performance.now() < end; ); };
  setTimeout(compute, 0);
}"""


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("edge"), env=LONG_GOP) as running:
        running.mock_camera("porch", "--log-sends", str(running.folder / "porch.log"), fps=FPS)
        running.wait_for_camera("porch")
        yield running


class Watch:
    """A page that shows the camera, from a calm moment before a stall to some time after it."""

    def __init__(self, pipeline, screen, format_="mp4"):
        self.log = pipeline.folder / "porch.log"
        self.screen = screen
        screen.wait_for_live("porch", format_)
        screen.player("porch", "player.isSame = true")

    def begin(self):
        self.screen.watch("porch")

    def assert_live_again(self, what, began_ms, ended_ms):
        """Fail unless the picture was close behind the newest frame all the time from `BACK_WITHIN_S` after the end."""
        seen, sent = self.screen.read("porch"), read_sends(self.log)
        calm = spread(behind_ms(sent, [picture for picture in seen if picture.mono_ms < began_ms]))
        after = [picture for picture in seen if picture.mono_ms > ended_ms + BACK_WITHIN_S * 1000]
        behind = spread(behind_ms(sent, after))
        print(f"{what}: before {calm}; again {behind}; lost {self.screen.player('porch', 'player.lost')}")
        # A machine that is too busy to be prompt without a stall is not prompt after one.
        bound = max(bound_ms(BEHIND_AT_MOST_MS, self.screen.refresh_ms()), 2 * calm.most)
        assert behind.p50 <= bound, f"{what}: not back at the live edge"
        assert self.screen.player("porch", "player.isSame"), f"{what}: the player was made anew"


def stall(watches, stall_s, begin, end):
    """Return when a stall began and ended; the picture moves before it, and again some time after it."""
    pause = watches[-1].screen.page.wait_for_timeout
    for watch in watches:
        watch.begin()
    for watch in watches:
        watch.screen.wait_for_pictures("porch", PICTURES)
    began_ms = now_mono_ms()
    begin()
    pause(stall_s * 1000)
    end()
    ended_ms = now_mono_ms()
    pause(BACK_WITHIN_S * 1000)
    for watch in watches:
        watch.screen.wait_for_pictures("porch", PICTURES)
    return began_ms, ended_ms


@pytest.mark.parametrize("stall_s", STALLS_S)
def test_page_is_live_again_after_a_stall_of_itself_or_of_its_path(pipeline, open_page, stall_s):
    with ExitStack() as ends:
        wide = ends.enter_context(SlackPath(pipeline.port))
        narrow = ends.enter_context(SlackPath(pipeline.port, room_bytes=NARROW_BYTES))
        watches = {
            "its own pause": Watch(pipeline, open_page(pipeline.url("/"))),
            "a path that keeps all": Watch(pipeline, open_page(f"http://127.0.0.1:{wide.port}/")),
            "a path that keeps little": Watch(pipeline, open_page(f"http://127.0.0.1:{narrow.port}/")),
        }

        def begin():
            wide.stop()
            narrow.stop()
            watches["its own pause"].screen.page.evaluate(COMPUTE, stall_s * 1000)

        def end():
            wide.go_on()
            narrow.go_on()

        times = stall([*watches.values()], stall_s, begin, end)
        for what, watch in watches.items():
            watch.assert_live_again(f"{what}, {stall_s} s", *times)


def test_simple_page_is_live_again_after_a_stall_of_its_path(pipeline, open_page):
    with SlackPath(pipeline.port) as path:
        watch = Watch(pipeline, open_page(f"http://127.0.0.1:{path.port}/mjpeg?camera=porch"), "jpeg")
        times = stall([watch], 2.0, path.stop, path.go_on)
        watch.assert_live_again("JPEGs, 2 s", *times)


def test_page_is_live_again_after_its_server_process_was_stopped(pipeline, open_page):
    watch = Watch(pipeline, open_page(pipeline.url("/")))
    pid = pipeline.process("fanout-0")
    times = stall([watch], 1.5, lambda: os.kill(pid, signal.SIGSTOP), lambda: os.kill(pid, signal.SIGCONT))
    watch.assert_live_again("a stopped process, 1.5 s", *times)
