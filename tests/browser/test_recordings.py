"""The page of recordings, on footage that is known to the picture: timeline, playing, stepping, ranges, exports."""

import json
import time
from itertools import pairwise

import pytest

from common.recordings.rows import Reason
from common.units import NS_PER_S
from tests.browser.stored import film, stored
from tests.helpers.pipeline import Pipeline

pytestmark = [pytest.mark.timeout(150), pytest.mark.requires_tool("chromium")]

FPS = 5
# Two runs of footage of 30 s in files of 10 s, with a minute between them in which the camera was away.
RUN_S, FILE_S, AWAY_S = 30, 10, 60
PICTURES = 2 * RUN_S * FPS
HALF = RUN_S * FPS


@pytest.fixture(scope="module")
def begin_s():
    """When the footage begins: early enough that all of it is past, in whole seconds."""
    return int(time.time()) - 1200


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory, begin_s):
    running = Pipeline(tmp_path_factory.mktemp("library"), env={"CAM_RECORDING_MIN_FREE_MIB": "0"})
    fill(running.recording_dir, begin_s * NS_PER_S)
    with running:
        running.wait_until(lambda: running.ask("GET", "/api/recordings")[0] == 200, "the library", 30)
        running.wait_until(lambda: owned(running) >= {"porch", "shed"}, "the owner of the recordings", 30)
        yield running


def fill(recordings, begin_ns):
    whole = film("porch", begin_ns, PICTURES, FPS)
    with stored(recordings, "porch") as porch:
        for first in range(0, PICTURES, FILE_S * FPS):
            at_ns = begin_ns + first * NS_PER_S // FPS + (AWAY_S * NS_PER_S if first >= HALF else 0)
            porch.fill(at_ns, whole.part(first, first + FILE_S * FPS))
        away_ns = begin_ns + RUN_S * NS_PER_S
        porch.gap(away_ns, away_ns + AWAY_S * NS_PER_S, Reason.OFFLINE)
        porch.event("bell", "somebody rings", begin_ns + 12 * NS_PER_S, begin_ns + 15 * NS_PER_S)
        porch.event("car", "a car", away_ns + (AWAY_S + 20) * NS_PER_S, away_ns + (AWAY_S + 22) * NS_PER_S)
    with stored(recordings, "shed") as shed:
        for at in range(3):
            shed.fill(begin_ns + at * FILE_S * NS_PER_S, film("shed", begin_ns, FILE_S * FPS, FPS))


def owned(pipeline):
    code, body = pipeline.ask("GET", "/api/recordings")
    rows = json.loads(body)["cameras"] if code == 200 else []
    return {row["camera"] for row in rows if row["state"]}


def moment(begin_s, offset_s):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begin_s + offset_s))


@pytest.fixture
def open_at(pipeline, open_page, begin_s):
    """Return a function that opens the page at so many seconds after the footage's beginning, a few minutes in view."""

    def open_at(offset_s, camera="porch", **how):
        screen = open_page(pipeline.url(f"/recordings#camera={camera}&at={moment(begin_s, offset_s)}"), **how)
        screen.page.locator(".lane-names button[data-camera=porch]").wait_for(state="visible")
        screen.wait_until("document.querySelector('.playback video.is-front')", "a picture")
        return screen

    return open_at


def zoom_in(screen, span_s=300):
    for _ in range(20):
        if in_view(screen)[1] - in_view(screen)[0] <= span_s:
            return
        screen.page.keyboard.press("+")
        screen.page.wait_for_timeout(50)
    raise AssertionError(f"{in_view(screen)} is not {span_s} s")


def in_view(screen):
    area = screen.page.locator(".lane-area")
    return [float(area.get_attribute(f"aria-value{end}") or 0) for end in ("min", "max")]


def place_of(screen, camera, time_s):
    """Return where a time of a camera lies in the window."""
    row = screen.page.evaluate(
        "(id) => [...document.querySelectorAll('.lane-names button')].findIndex((one) => one.dataset.camera === id)",
        camera,
    )
    area = screen.page.locator(".lane-area")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    names = screen.page.locator(".lane-names li").nth(row).bounding_box()
    start, end = in_view(screen)
    return box["x"] + (time_s - start) / (end - start) * box["width"], names["y"] + names["height"] - 12


def wait_for_text(screen, selector, text, timeout_ms=20_000):
    screen.page.locator(selector, has_text=text).first.wait_for(state="visible", timeout=timeout_ms)


def test_address_leads_to_its_moment_and_plays(open_at):
    screen = open_at(5)
    number = screen.wait_for_footage("porch", 5 * FPS - 1, 12 * FPS)
    screen.wait_for_footage("porch", number + 2, HALF)
    wait_for_text(screen, ".zone", "Times: ")
    assert screen.all_complaints() == []


def test_click_plays_from_there(open_at, begin_s):
    screen = open_at(1)
    screen.page.keyboard.press("k")
    zoom_in(screen)
    screen.page.mouse.click(*place_of(screen, "shed", begin_s + 22))
    # Ends of the view are told in whole seconds.
    screen.wait_for_footage("shed", 0, 8 * FPS)
    assert screen.page.locator(".lane-names [aria-pressed=true]").get_attribute("data-camera") == "shed"


def test_playing_goes_on_across_files_without_a_seam(open_at):
    screen = open_at(8)
    screen.page.evaluate("reader.watchFootage()")
    screen.wait_for_footage("porch", 12 * FPS, HALF)
    numbers = screen.footage_numbers("porch")
    assert numbers == sorted(set(numbers)), "out of order"
    border = [number for number in numbers if 9 * FPS <= number <= 11 * FPS]
    # A busy browser skips one now and then; a seam would cost more.
    assert all(after - before <= 3 for before, after in pairwise(border)), border


def test_gap_is_skipped_with_its_reason(open_at):
    screen = open_at(RUN_S - 3)
    screen.wait_for_footage("porch", HALF, HALF + 5 * FPS)
    wait_for_text(screen, ".note", "Left out 60 s without footage: the camera was not connected")


def test_gap_says_its_reason_under_the_pointer_and_in_the_list(open_at, begin_s):
    screen = open_at(1)
    zoom_in(screen)
    screen.page.mouse.move(*place_of(screen, "porch", begin_s + RUN_S + 30))
    wait_for_text(screen, ".readout", "The camera was not connected")
    wait_for_text(screen, ".preview", "The camera was not connected")
    screen.page.click(".happenings summary")
    wait_for_text(screen, ".happenings li", "The camera was not connected")


def test_preview_shows_the_picture_under_the_pointer(open_at, begin_s):
    screen = open_at(1)
    zoom_in(screen)
    screen.page.mouse.move(*place_of(screen, "porch", begin_s + 20))
    screen.wait_until("document.querySelector('.preview img:not([hidden])')?.naturalHeight === 120", "a preview")


def test_steps_lead_from_picture_to_picture_across_files(open_at):
    screen = open_at(FILE_S - 1)
    screen.page.keyboard.press("k")
    screen.wait_until("document.querySelector('.playback video.is-front').paused", "a pause")
    screen.page.wait_for_timeout(200)
    number = screen.footage_number("porch")
    for by, key in [*[(1, ".")] * 6, *[(-1, ",")] * 8]:
        screen.page.keyboard.press(key)
        number += by
        screen.wait_for_footage("porch", number, number)


def test_steps_lead_over_a_gap_and_back(open_at):
    screen = open_at(RUN_S + AWAY_S - 1)
    screen.wait_for_footage("porch", HALF, PICTURES)
    screen.page.keyboard.press("k")
    for _ in range(40):
        if screen.footage_number("porch") == HALF - 1:
            break
        shown = screen.footage_number("porch")
        screen.page.keyboard.press(",")
        screen.wait_until(f"reader.footage()?.[0] * 4096 + reader.footage()?.[1] !== {shown}", "another picture")
        screen.page.wait_for_timeout(100)
    screen.wait_for_footage("porch", HALF - 1, HALF - 1)
    screen.page.keyboard.press(".")
    screen.wait_for_footage("porch", HALF, HALF)


def test_events_are_jumped_to(open_at):
    screen = open_at(1)
    screen.page.keyboard.press("n")
    wait_for_text(screen, ".note", "somebody rings")
    screen.wait_for_footage("porch", 10 * FPS - 1, 14 * FPS)
    screen.page.keyboard.press("n")
    wait_for_text(screen, ".note", "a car")
    screen.wait_for_footage("porch", HALF + 18 * FPS - 1, HALF + 23 * FPS)


def test_speed_is_that_of_the_video(open_at):
    screen = open_at(1)
    screen.page.select_option(".rates", "4")
    screen.wait_until("document.querySelector('.playback video.is-front').playbackRate === 4", "four times as fast")
    screen.page.keyboard.press("[")
    screen.wait_until("document.querySelector('.playback video.is-front').playbackRate === 2", "twice as fast")


def mark(screen, begin_s, camera, from_s, to_s):
    zoom_in(screen)
    screen.page.keyboard.down("Shift")
    screen.page.mouse.move(*place_of(screen, camera, begin_s + from_s))
    screen.page.mouse.down()
    screen.page.mouse.move(*place_of(screen, camera, begin_s + (from_s + to_s) / 2))
    screen.page.mouse.move(*place_of(screen, camera, begin_s + to_s))
    screen.page.mouse.up()
    screen.page.keyboard.up("Shift")
    screen.page.locator(".range .actions").wait_for(state="visible")


def test_marked_range_is_downloaded_and_exported(pipeline, open_at, begin_s):
    screen = open_at(1)
    mark(screen, begin_s, "porch", 4, 16)
    with screen.page.expect_download() as download:
        screen.page.click(".range a[download]")
    assert b"moov" in download.value.path().read_bytes()[:200_000]
    screen.page.click(".range button:has-text('Timelapse')")
    wait_for_text(screen, ".exports li", "timelapse 60")
    screen.wait_until("document.querySelector('.exports a[href]:not([hidden])')", "the finished export", 40)
    address = screen.page.locator(".exports a[href]:not([hidden])").first.get_attribute("href")
    code, body = pipeline.ask("GET", address)
    assert code == 200
    assert b"ftyp" in body[:32]
    screen.page.get_by_role("button", name="Remove this export").first.click()
    screen.wait_until("document.querySelector('.exports').children.length === 0", "no export")


def test_range_is_protected_and_deleted(open_at, begin_s):
    screen = open_at(1, camera="shed")
    mark(screen, begin_s, "shed", 13, 17)
    screen.page.click(".range button:has-text('Protect')")
    wait_for_text(screen, ".range .said", "1 file")
    wait_for_text(screen, ".range button", "End protection")
    screen.page.click(".range button:has-text('Delete')")
    wait_for_text(screen, ".range .said", "end that first")
    screen.page.click(".range button:has-text('End protection')")
    wait_for_text(screen, ".range .said", "no longer protected")
    screen.page.click(".range button:has-text('Delete')")
    wait_for_text(screen, "dialog", "1 file goes")
    screen.page.click("dialog button:has-text('Cancel')")
    screen.page.locator("dialog").wait_for(state="detached")
    screen.page.click(".range button:has-text('Delete')")
    screen.page.click("dialog button.danger")
    wait_for_text(screen, ".range .said", "deleted")
    wait_for_text(screen, ".range", "no footage")
    assert screen.all_complaints() == []


def test_help_lists_the_keys_and_closes(open_at):
    screen = open_at(1)
    screen.page.keyboard.press("?")
    wait_for_text(screen, "dialog", "Play or pause")
    screen.page.keyboard.press("Escape")
    screen.page.locator("dialog").wait_for(state="detached")


def test_phone_shows_everything_without_scrolling_sideways(open_at):
    screen = open_at(1, width=390, height=844)
    assert screen.page.evaluate("document.documentElement.scrollWidth") <= 390
    for name in ("Play", "Pause"):
        if screen.page.get_by_role("button", name=name, exact=True).count():
            break
    else:
        raise AssertionError("nothing to play with")
    assert screen.all_complaints() == []


def test_page_waits_for_a_library_that_is_starting(pipeline, open_page):
    screen = open_page("about:blank")
    answers = iter([503, 503])

    def answer(route):
        if next(answers, 200) == 503:
            route.fulfill(status=503, json={"error": "the library starts in a moment"})
        else:
            route.continue_()

    screen.page.route("**/api/recordings?**", answer)
    screen.page.goto(pipeline.url("/recordings"))
    screen.page.locator(".lane-names button[data-camera=porch]").wait_for(state="visible")


def test_refusal_of_a_video_is_told_in_words(open_at, begin_s):
    screen = open_at(1)
    refusal = {"error": "footage has just been deleted"}
    screen.page.route("**/play.mp4?**", lambda route: route.fulfill(status=404, json=refusal))
    zoom_in(screen)
    screen.page.mouse.click(*place_of(screen, "shed", begin_s + 5))
    wait_for_text(screen, ".note", "footage has just been deleted")
