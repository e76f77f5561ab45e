"""The live page as a whole: one camera large, many at once, by keyboard, in a phone's width."""

import pytest

from tests.helpers.pipeline import Pipeline

pytestmark = [pytest.mark.timeout(150), pytest.mark.requires_tool("chromium")]

MANY = 20
LIVE = "[...document.querySelectorAll('camera-player')].filter((player) => player.state === 'live').length"


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("grid")) as running:
        yield running


@pytest.fixture(scope="module")
def cameras(pipeline):
    for camera in ("attic", "barn", "cellar"):
        pipeline.mock_camera(camera, fps=4, size="qvga")
        pipeline.wait_for_camera(camera)


@pytest.fixture
def screen(pipeline, cameras, open_page):
    screen = open_page(pipeline.url("/"))
    screen.wait_until(f"{LIVE} === 3", "three live cameras")
    return screen


def focused(screen):
    return screen.page.evaluate(
        "document.activeElement.closest('.tile')?.querySelector('camera-player').getAttribute('camera')"
    )


def large(screen):
    return screen.page.evaluate("document.querySelector('.is-large camera-player')?.getAttribute('camera') ?? null")


def test_click_shows_one_large_and_back_returns(screen):
    screen.page.click('.tile:has(camera-player[camera="barn"]) .open')
    assert large(screen) == "barn"
    screen.page.go_back()
    screen.wait_until("!document.querySelector('.is-large')", "the grid")
    assert focused(screen) == "barn"
    assert screen.all_complaints() == []


def test_address_of_a_large_camera_leads_to_it(pipeline, cameras, open_page):
    screen = open_page(pipeline.url("/#camera=cellar"))
    screen.wait_for_live("cellar")
    assert large(screen) == "cellar"
    screen.page.click(".is-large .back")
    screen.wait_until("!document.querySelector('.is-large')", "the grid")


def test_keyboard_reaches_everything(screen):
    keyboard = screen.page.keyboard
    screen.page.locator(".open").first.focus()
    assert focused(screen) == "attic"
    keyboard.press("ArrowRight")
    assert focused(screen) == "barn"
    keyboard.press("End")
    assert focused(screen) == "cellar"
    keyboard.press("Home")
    keyboard.press("Tab")
    assert focused(screen) == "barn"
    keyboard.press("Enter")
    assert large(screen) == "barn"
    # The others are out of reach while one is large.
    for _ in range(8):
        keyboard.press("Tab")
        assert focused(screen) in ("barn", None)
    keyboard.press("ArrowRight")
    assert large(screen) == "cellar"
    keyboard.press("ArrowRight")
    assert large(screen) == "attic"
    keyboard.press("Escape")
    screen.wait_until("!document.querySelector('.is-large')", "the grid")
    assert focused(screen) == "attic"


def test_screen_reader_is_told_what_there_is(screen):
    assert screen.page.get_by_role("button", name="barn, Live. Show large").count() == 1
    assert screen.page.get_by_role("img", name="Live picture of barn").count() == 1
    assert screen.page.get_by_role("heading", name="barn").count() == 1
    summary = "document.querySelector('[role=status]').textContent"
    screen.wait_until(f"{summary} === '3 cameras live'", "how many are live")


def test_large_camera_fills_the_screen_and_gives_it_back(screen):
    screen.page.click('.tile:has(camera-player[camera="barn"]) .open')
    screen.page.click(".is-large .full")
    screen.wait_until("document.fullscreenElement?.matches('.frame')", "full screen")
    screen.page.evaluate("document.exitFullscreen()")
    screen.wait_until("!document.fullscreenElement", "the page again")
    assert large(screen) == "barn"


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1440, 900)])
def test_page_does_not_scroll_sideways(pipeline, cameras, open_page, width, height):
    screen = open_page(pipeline.url("/"), width=width, height=height)
    screen.wait_until(f"{LIVE} > 0", "a live camera")
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= width
    screen.page.locator(".open").first.click()
    assert screen.page.evaluate("document.querySelector('.is-large').scrollWidth") <= width


def test_simple_page_lets_choose_the_camera(pipeline, cameras, open_page):
    screen = open_page(pipeline.url("/mjpeg"))
    screen.page.get_by_role("link", name="cellar").click()
    screen.wait_for_live("cellar", "jpeg")
    assert screen.page.url.endswith("/mjpeg?camera=cellar")
    screen.page.get_by_role("link", name="barn").click()
    screen.wait_for_live("barn", "jpeg")
    screen.page.go_back()
    screen.wait_for_live("cellar", "jpeg")
    assert screen.all_complaints() == []


def test_player_of_an_unknown_camera_says_so(pipeline, cameras, open_page):
    screen = open_page(pipeline.url("/mjpeg"))
    screen.page.evaluate(
        """() => {
          const player = document.createElement("camera-player");
          player.setAttribute("camera", "nobody");
          document.querySelector("main").prepend(player);
        }"""
    )
    screen.wait_for_player("nobody", "player.state === 'unknown'", "unknown")


def test_player_without_a_name_shows_the_camera_connected_longest(pipeline, cameras, open_page):
    screen = open_page(pipeline.url("/mjpeg?camera=barn"))
    screen.page.evaluate(
        """() => {
          const player = Object.assign(document.createElement("camera-player"), { id: "any" });
          document.querySelector("main").prepend(player);
        }"""
    )
    screen.wait_until("document.getElementById('any').state === 'live'", "live")
    assert screen.page.evaluate("document.getElementById('any').camera") == "attic"


# Last: these cameras are remembered.
def test_twenty_cameras_are_live_at_once(pipeline, cameras, open_page, start_camera):
    already = 3
    start_camera("many", "--cameras", str(MANY - already), "--prerender", "8", fps=2, size="qvga")
    for number in range(1, MANY - already + 1):
        pipeline.wait_for_camera(f"many-{number}")
    screen = open_page(pipeline.url("/"), width=1440, height=4000)
    screen.wait_until(f"{LIVE} === {MANY}", "twenty live cameras", 60)
    numbers = {f"many-{number}": screen.wait_for_number(f"many-{number}", 0) for number in (1, MANY - already)}
    for camera, before in numbers.items():
        screen.wait_for_number(camera, before + 1)
    assert screen.all_complaints() == []
