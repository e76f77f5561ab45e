"""What a page tells the server of itself, and what it shows of a camera besides its pictures."""

import json

import pytest

from tests.helpers.pipeline import Pipeline

pytestmark = [pytest.mark.timeout(120), pytest.mark.requires_tool("chromium")]

# Keeps the page's WebSockets with all that they say, and lets a test put fields into the camera's row of /status.
SPY = """
window.links = [];
window.fields = {};
window.WebSocket = class extends WebSocket {
  said = [];
  constructor(address) {
    super(address);
    window.links.push(this);
  }
  send(text) {
    this.said.push(JSON.parse(text));
    super.send(text);
  }
};
const ask = window.fetch;
window.fetch = async (address, ...rest) => {
  const answer = await ask(address, ...rest);
  if (!String(address).endsWith("/status")) return answer;
  const status = await answer.json();
  for (const row of status.cameras) Object.assign(row, window.fields);
  return new Response(JSON.stringify(status));
};
"""
HEAR = "(message) => window.links.at(-1).onmessage({ data: JSON.stringify(message) })"
TILE = ".tile:has(camera-player[camera=porch])"
DELAYS = {
    "ingest": {"p50": 0.2, "p95": 0.9},
    "transcode": {"p50": 3.4, "p95": 6.1},
    "whole": {"p50": 5.2, "p95": 11},
    "shown": {"p50": 31, "p95": 48},
}


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("told")) as running:
        running.mock_camera("porch", fps=8, size="qvga")
        running.wait_for_camera("porch")
        yield running


@pytest.fixture
def screen(pipeline, open_page):
    screen = open_page(pipeline.url("/"), before=SPY)
    screen.wait_for_live("porch")
    return screen


def told_views(screen):
    """Return what the newest connection told of the picture's size: in its address first."""
    return screen.page.evaluate(
        """() => {
          const link = window.links.at(-1);
          const later = link.said.filter((message) => message.type === "view").map((message) => message.view);
          return [new URL(link.url).searchParams.get("view"), ...later];
        }"""
    )


def wait_for_notice(screen, text):
    notice = screen.page.locator(f"{TILE} [role=status].notice")
    screen.wait_until(
        f"document.querySelector('{TILE} .notice').textContent.includes({json.dumps(text)})", f"the notice {text!r}"
    )
    return notice


def set_fields(screen, fields):
    screen.page.evaluate("(fields) => { window.fields = fields; }", fields)


def test_page_says_when_a_camera_is_shown_large_and_when_as_a_tile(screen):
    assert told_views(screen) == ["tile"]
    screen.page.click(f"{TILE} .open")
    assert told_views(screen) == ["tile", "large"]
    screen.page.keyboard.press("Escape")
    screen.wait_until("!document.querySelector('.is-large')", "the grid")
    assert told_views(screen) == ["tile", "large", "tile"]


def test_camera_that_comes_back_large_says_so_when_it_connects(screen):
    screen.page.click(f"{TILE} .open")
    screen.page.evaluate("window.links.at(-1).close()")
    screen.wait_until("window.links.length === 2", "a new connection")
    assert told_views(screen) == ["large"]


def test_simple_page_shows_its_camera_large(pipeline, open_page):
    screen = open_page(pipeline.url("/mjpeg"), before=SPY)
    screen.wait_for_live("porch", "jpeg")
    assert told_views(screen) == ["large"]


def test_page_says_that_the_server_is_busy_and_when_that_is_over(screen):
    set_fields(screen, {"limited": {"reason": "overload", "fps": 5}})
    notice = wait_for_notice(screen, "Server busy: 5 pictures a second")
    assert notice.is_visible()
    set_fields(screen, {})
    screen.wait_until(f"document.querySelector('{TILE} .notice').textContent === ''", "no notice")
    assert screen.player("porch", "player.state") == "live"


def test_page_says_until_when_a_camera_is_left_out(screen):
    set_fields(screen, {"quarantine": {"since": 1_795_000_000, "until": 1_795_003_600, "reason": "crash"}})
    notice = wait_for_notice(screen, ": its pictures crash the decoder")
    assert notice.is_visible()
    screen.page.click(f"{TILE} .open")
    assert notice.is_visible()


def test_page_says_why_a_camera_has_no_video(screen):
    sentence = "the pictures of camera porch cannot be encoded: 1 x 1"
    # No picture comes after it that would prove the contrary.
    screen.page.evaluate(
        "() => { const link = window.links.at(-1); const take = link.onmessage; "
        "link.onmessage = (event) => typeof event.data === 'string' && take(event); }"
    )
    screen.page.evaluate(HEAR, {"type": "error", "message": sentence})
    assert wait_for_notice(screen, sentence).is_visible()
    assert screen.player("porch", "player.state") == "failed"
    screen.page.click(f"{TILE} .open")
    screen.wait_for_player("porch", f"player.shadowRoot.textContent.includes({json.dumps(sentence)})", "the sentence")
    screen.page.evaluate(HEAR, {"type": "online"})
    screen.wait_for_player("porch", "player.state !== 'failed'", "the end of it")


def test_keyboard_unfolds_where_the_time_goes(screen):
    set_fields(screen, {"delay_ms": DELAYS})
    screen.page.click(f"{TILE} .open")
    summary = screen.page.locator(f"{TILE} summary")
    summary.wait_for(state="visible")
    table = screen.page.locator(f"{TILE} .delays table")
    assert not table.is_visible()
    screen.page.locator(".is-large .back").focus()
    for _ in range(8):
        screen.page.keyboard.press("Tab")
        if summary.evaluate("(summary) => summary === document.activeElement"):
            break
    screen.page.keyboard.press("Enter")
    table.wait_for(state="visible")
    row = f"[...document.querySelectorAll('{TILE} .delays tr')].find((row) => row.cells[0].textContent === 'Encoding')"
    texts = f"{row} && [...{row}.cells].map((cell) => cell.textContent).join()"
    screen.wait_until(f"({texts}) === 'Encoding,3.4 ms,6.1 ms'", "the encoder's delays")


def test_tile_tells_the_age_that_the_server_measures(screen):
    set_fields(screen, {"delay_ms": DELAYS})
    shown = f"document.querySelector('{TILE} [data-fact=age] dd').textContent"
    # The page's own knowledge would be "under 1 s".
    screen.wait_until(f"/^[\\d.]+ m?s$/.test({shown})", "an age")
    panel = f"document.querySelector('{TILE} .delays').textContent"
    screen.wait_until(f"{panel}.includes('From the camera to this page')", "the age in the panel")
