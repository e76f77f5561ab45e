"""Recording as pages show it: switched on where nothing was recorded, half a minute back from live, and live again."""

import pytest

from tests.helpers.pipeline import Pipeline

pytestmark = [pytest.mark.timeout(200), pytest.mark.requires_tool("chromium")]

TILE = '.tile:has(camera-player[camera="porch"])'


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    env = {"CAM_RECORDING_MIN_FREE_MIB": "0", "CAM_RECORDING_SEGMENT_S": "4"}
    with Pipeline(tmp_path_factory.mktemp("rec"), env=env) as running:
        running.mock_camera("porch", fps=8, size="qvga")
        running.wait_for_camera("porch")
        yield running


@pytest.fixture
def recorded(pipeline):
    """The camera is being recorded, and some seconds are on disk."""
    assert pipeline.ask("POST", "/api/cameras/porch/recording", {"mode": "continuous"})[0] == 200
    pipeline.wait_until(lambda: newest(pipeline), "footage", 40)
    first = newest(pipeline)
    pipeline.wait_until(lambda: newest(pipeline) > first + 4, "more footage", 40)


def newest(pipeline):
    recording = (pipeline.camera("porch") or {}).get("recording", {})
    return recording.get("newest", 0) if recording.get("state") == "recording" else 0


# The first: nothing must have been recorded before it.
def test_page_offers_to_record_where_nothing_was_recorded(pipeline, open_page):
    live = open_page(pipeline.url("/"))
    live.wait_for_live("porch")
    assert live.page.locator(f"{TILE} .rec").is_hidden()
    assert live.page.locator(f"{TILE} .frame > .back-30").is_hidden()
    screen = open_page(pipeline.url("/recordings"))
    screen.page.get_by_text("Nothing is recorded yet").wait_for()
    screen.page.get_by_role("button", name="Record porch all the time").click()
    screen.page.locator(".lane-names [data-look=recording]").wait_for(state="visible", timeout=60_000)
    screen.wait_until("document.querySelector('.playback video.is-front')", "a picture", 40)


def test_half_a_minute_back_and_live_again_without_a_reload(pipeline, recorded, open_page):
    screen = open_page(pipeline.url("/"))
    screen.wait_for_live("porch")
    screen.page.evaluate("window.isStillTheSamePage = true")
    screen.page.locator(f"{TILE} .rec[data-look=recording]").wait_for(state="visible")
    screen.page.hover(f"{TILE} .frame")
    screen.page.click(f"{TILE} .frame > .back-30")
    live_number = screen.number("porch")
    number = screen.wait_for_footage("porch", 0, 1 << 20)
    assert live_number is None or number <= live_number
    screen.wait_for_footage("porch", number + 4, 1 << 20)
    assert screen.page.locator(f"{TILE}.is-large").count() == 1
    screen.page.get_by_role("button", name="Live", exact=True).click()
    screen.wait_for_live("porch")
    screen.wait_for_number("porch", number + 5)
    assert screen.page.locator(".replay").count() == 0
    assert screen.page.evaluate("window.isStillTheSamePage") is True
    assert screen.all_complaints() == []


def test_timeline_grows_and_leads_to_live_and_back(pipeline, recorded, open_page):
    screen = open_page(pipeline.url("/recordings"))
    screen.page.locator(".lane-names button[data-camera=porch]").wait_for(state="visible")
    screen.page.keyboard.press("l")
    screen.wait_for_live("porch")
    number = screen.number("porch")
    screen.page.keyboard.press("ArrowLeft")
    shown = screen.wait_for_footage("porch", 0, 1 << 20)
    assert number is None or shown <= number + 8
    assert screen.page.locator("camera-player").count() == 0
    # What is recorded only now is played without being asked for again.
    screen.wait_for_footage("porch", shown + 40, 1 << 20, timeout_s=40)
    assert screen.all_complaints() == []


def test_event_is_triggered_by_hand_and_marked(pipeline, recorded, open_page):
    screen = open_page(pipeline.url("/recordings"))
    screen.page.select_option("#mode", "event")
    screen.page.get_by_role("button", name="Trigger an event").click()
    screen.page.get_by_text("An event of 10 s was triggered").wait_for()
    screen.page.locator(".happenings summary", has_text="1 event").wait_for()
    pipeline.wait_until(lambda: newest(pipeline), "the event's footage", 40)
    screen.page.select_option("#mode", "continuous")
    screen.page.locator(".state[data-look=recording]").wait_for()
