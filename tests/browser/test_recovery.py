"""The page comes back by itself, whatever went away: a process, the server, the camera, the viewer's attention."""

import signal

import pytest

from tests.browser.slack_path import SlackPath
from tests.helpers.pipeline import Pipeline

pytestmark = [pytest.mark.timeout(150), pytest.mark.requires_tool("chromium")]

FPS = 12
# What a page would be told if its tab went to the back or came to the front. Headless, a tab is always in front.
SET_VISIBILITY = """(state) => {
  Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


# Looks for the picture all the time.
NOTE_ABSENCE = """() => {
  window.absences = 0;
  const player = document.querySelector("camera-player");
  setInterval(() => { window.absences += player.picture ? 0 : 1; }, 10);
}"""
# Without them only what is under test can bring the picture back: the patience for a silent connection is longer.
NO_LONG_TIMERS = """
const later = window.setTimeout;
window.setTimeout = (work, ms, ...rest) => (ms >= 10_000 ? 0 : later(work, ms, ...rest));
"""


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("recovery")) as running:
        running.mock_camera("porch", fps=FPS)
        running.wait_for_camera("porch")
        yield running


def viewers(pipeline, camera="porch"):
    return [row for row in pipeline.status()["viewers"] if row["camera"] == camera]


def assert_moves(screen, camera="porch"):
    number = screen.wait_for_number(camera, 0)
    screen.wait_for_number(camera, number + FPS // 2)


@pytest.mark.parametrize(("page", "format_"), [("/", "mp4"), ("/mjpeg", "jpeg")])
def test_page_recovers_when_fanout_was_killed(pipeline, open_page, page, format_):
    screen = open_page(pipeline.url(page))
    screen.wait_for_live("porch", format_)
    # Neither the page nor the player may be another one afterwards.
    screen.player("porch", "player.isSame = true")
    number = screen.wait_for_number("porch", 0)
    old = pipeline.kill("fanout-0")
    pipeline.wait_for_new("fanout-0", old)
    screen.wait_for_number("porch", number + 5 * FPS)
    screen.wait_for_live("porch", format_)
    assert_moves(screen)
    assert screen.player("porch", "player.isSame"), "the player was made anew"


def test_page_keeps_its_picture_while_fanout_restarts(pipeline, open_page):
    screen = open_page(pipeline.url("/"))
    screen.wait_for_live("porch")
    screen.page.evaluate(NOTE_ABSENCE)
    number = screen.wait_for_number("porch", 0)
    # What a process does that ends in order: viewers are told 1012 and come back at once.
    old = pipeline.kill("fanout-0", signal.SIGTERM)
    pipeline.wait_for_new("fanout-0", old)
    screen.wait_for_number("porch", number + FPS)
    screen.wait_for_live("porch")
    assert screen.page.evaluate("window.absences") == 0, "the picture was gone meanwhile"


def test_page_leaves_a_connection_that_is_dead_while_the_camera_goes_on(pipeline, open_page):
    with SlackPath(pipeline.port) as path:
        screen = open_page(f"http://127.0.0.1:{path.port}/", before=NO_LONG_TIMERS)
        screen.wait_for_live("porch")
        number = screen.wait_for_number("porch", 0)
        screen.wait_for_number("porch", number + 2 * FPS)
        # As after a dead spot: nobody says that the connection has ended.
        path.forget()
        number = screen.wait_for_number("porch", 0)
        screen.wait_for_number("porch", number + 4 * FPS)
        screen.wait_for_live("porch")


def test_page_keeps_the_last_picture_while_the_server_is_away(tmp_path, open_page):
    with Pipeline(tmp_path) as pipeline:
        pipeline.mock_camera("porch", fps=FPS)
        pipeline.wait_for_camera("porch")
        check_absence(pipeline, open_page(pipeline.url("/")))


def check_absence(pipeline, screen):
    screen.wait_for_live("porch")
    pipeline.stop()
    screen.wait_for_player("porch", "player.state === 'away'", "away")
    assert screen.number("porch") is not None, "the last picture is gone"
    assert screen.player("porch", "player.shadowRoot.querySelector('.stage').classList.contains('old')")
    assert screen.player("porch", "player.shadowRoot.querySelector('.age').textContent").endswith("old")
    screen.page.wait_for_selector("#away", state="visible")
    pipeline.start()
    screen.wait_for_live("porch", timeout_s=40)
    screen.page.wait_for_selector("#away", state="hidden")
    assert_moves(screen)


def test_page_says_that_a_camera_is_offline_and_shows_it_when_it_is_back(pipeline, open_page, start_camera):
    camera = start_camera("shed", fps=FPS)
    pipeline.wait_for_camera("shed")
    screen = open_page(pipeline.url("/"))
    screen.wait_for_live("shed")
    camera.kill()
    camera.wait()
    screen.wait_for_player("shed", "player.state === 'offline'", "offline")
    assert screen.number("shed") is not None, "the last picture is gone"
    tile = screen.page.locator('.tile:has(camera-player[camera="shed"])')
    assert tile.locator(".word").text_content() == "Offline"
    start_camera("shed", fps=FPS)
    screen.wait_for_live("shed")
    assert_moves(screen, "shed")


def test_hidden_tab_stops_its_streams(pipeline, open_page):
    screen = open_page(pipeline.url("/"))
    screen.wait_for_live("porch")
    pipeline.wait_until(lambda: screen.page.wait_for_timeout(20) or viewers(pipeline), "the viewer in /status")
    screen.page.evaluate(SET_VISIBILITY, "hidden")
    pipeline.wait_until(lambda: screen.page.wait_for_timeout(20) or not viewers(pipeline), "no viewer in /status")
    before = screen.wait_for_number("porch", 0)
    screen.page.wait_for_timeout(1000)
    assert screen.number("porch") == before, "the picture moved in a hidden tab"
    screen.page.evaluate(SET_VISIBILITY, "visible")
    # The snapshot: a newer picture, before any video.
    screen.wait_for_number("porch", before + 1)
    screen.wait_for_live("porch")
    assert_moves(screen)


def test_tile_out_of_view_stops_its_stream(pipeline, open_page):
    screen = open_page(pipeline.url("/"), height=500)
    screen.wait_for_live("porch")
    pipeline.wait_until(lambda: screen.page.wait_for_timeout(20) or viewers(pipeline), "the viewer in /status")
    screen.page.evaluate(
        """() => {
          const tall = Object.assign(document.createElement("div"), { id: "tall" });
          tall.style.height = "4000px";
          document.querySelector("main").prepend(tall);
        }"""
    )
    pipeline.wait_until(lambda: screen.page.wait_for_timeout(20) or not viewers(pipeline), "no viewer in /status")
    screen.page.evaluate("document.getElementById('tall').remove()")
    screen.wait_for_live("porch")
    assert_moves(screen)


def test_large_camera_stops_the_streams_of_the_others(pipeline, open_page, start_camera):
    start_camera("hall", fps=FPS, size="qvga")
    pipeline.wait_for_camera("hall")
    screen = open_page(pipeline.url("/"))
    screen.wait_for_live("porch")
    screen.wait_for_live("hall")
    screen.page.click('.tile:has(camera-player[camera="porch"]) .open')
    pipeline.wait_until(lambda: screen.page.wait_for_timeout(20) or not viewers(pipeline, "hall"), "no viewer of hall")
    assert_moves(screen)
    screen.page.keyboard.press("Escape")
    screen.wait_for_live("hall")


def test_player_is_mended_when_the_browser_refuses_a_fragment(pipeline, open_page):
    screen = open_page(pipeline.url("/"))
    screen.wait_for_live("porch")
    # As a browser does that ran out of room.
    screen.page.evaluate(
        """() => {
          const append = SourceBuffer.prototype.appendBuffer;
          SourceBuffer.prototype.appendBuffer = function () {
            SourceBuffer.prototype.appendBuffer = append;
            throw new DOMException("full", "QuotaExceededError");
          };
        }"""
    )
    number = screen.wait_for_number("porch", 0)
    screen.wait_for_number("porch", number + 2 * FPS)
    screen.wait_for_live("porch", "mp4")


def test_player_takes_to_jpeg_when_video_keeps_breaking(pipeline, open_page):
    before = "SourceBuffer.prototype.appendBuffer = () => { throw new DOMException('no', 'InvalidStateError'); };"
    screen = open_page(pipeline.url("/"), before=before)
    screen.wait_for_live("porch", "jpeg")
    assert_moves(screen)
