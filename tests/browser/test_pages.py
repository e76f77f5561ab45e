"""Both pages show moving pictures of the right cameras, whatever the browser lacks."""

import pytest

from tests.helpers.picture import patch_errors
from tests.helpers.pipeline import Pipeline

pytestmark = [pytest.mark.timeout(120), pytest.mark.requires_tool("chromium")]

# Labels come from people: any language, and never markup.
SETTINGS = """
[camera.porch]
label = 'Вход <img src=x onerror="document.title=1"> 玄関'
"""


PICTURES = 15


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    (folder / "settings.toml").write_text(SETTINGS, encoding="utf-8")
    with Pipeline(folder) as running:
        for camera, size, fps in (("porch", "vga", 15), ("garden", "qvga", 15), ("wide", "1280x720", 4)):
            running.mock_camera(camera, fps=fps, size=size)
            running.wait_for_camera(camera)
        yield running


def increasing(seen):
    numbers = [picture.number for picture in seen]
    assert numbers == sorted(set(numbers)), f"pictures came back: {numbers}"
    return numbers


def test_live_page_shows_a_moving_picture(pipeline, open_page):
    screen = open_page(pipeline.url("/"))
    screen.wait_for_live("porch")
    increasing(screen.read_some("porch", PICTURES))
    assert screen.all_complaints() == []


def test_simple_page_shows_a_moving_picture(pipeline, open_page):
    screen = open_page(pipeline.url("/mjpeg?camera=porch"))
    screen.wait_for_live("porch", "jpeg")
    increasing(screen.read_some("porch", PICTURES))
    assert screen.all_complaints() == []


def test_two_cameras_do_not_mix(pipeline, open_page):
    screen = open_page(pipeline.url("/"))
    for camera in ("porch", "garden"):
        screen.wait_for_live(camera)
        screen.watch(camera)
    for camera in ("porch", "garden"):
        screen.wait_for_pictures(camera, PICTURES)
    # `read` fails on a picture that bears another camera's mark.
    for camera in ("porch", "garden"):
        increasing(screen.read(camera))


def test_video_plays_where_webcodecs_is_absent(pipeline, open_page):
    screen = open_page(pipeline.url("/"), before="delete window.VideoDecoder; delete window.EncodedVideoChunk;")
    screen.wait_for_live("porch", "mp4")
    increasing(screen.read_some("porch", PICTURES))


def test_video_plays_where_no_picture_is_announced_by_callback(pipeline, open_page):
    screen = open_page(pipeline.url("/"), before="delete HTMLVideoElement.prototype.requestVideoFrameCallback;")
    screen.wait_for_live("porch", "mp4")
    increasing(screen.read_some("porch", PICTURES))


@pytest.mark.parametrize("missing", ["createImageBitmap", "VideoDecoder"])
def test_canvas_takes_over_where_media_source_is_absent(pipeline, open_page, missing):
    before = f"delete window.MediaSource; delete window.ManagedMediaSource; delete window.{missing};"
    screen = open_page(pipeline.url("/"), before=before)
    screen.wait_for_live("porch", "jpeg")
    increasing(screen.read_some("porch", PICTURES))
    assert screen.all_complaints() == []


def test_managed_media_source_is_used_where_there_is_no_other(pipeline, open_page):
    before = "window.ManagedMediaSource = window.MediaSource; delete window.MediaSource;"
    screen = open_page(pipeline.url("/"), before=before)
    screen.wait_for_live("porch", "mp4")
    assert screen.player("porch", "player.picture.disableRemotePlayback") is True


def test_label_is_shown_as_text(pipeline, open_page):
    screen = open_page(pipeline.url("/"))
    screen.wait_for_live("porch")
    titles = screen.page.eval_on_selector_all(".tile h2", "titles => titles.map(title => title.textContent)")
    assert 'Вход <img src=x onerror="document.title=1"> 玄関' in titles
    assert screen.page.evaluate("document.querySelectorAll('.tile h2 img').length") == 0


def test_tile_tells_size_rate_bitrate_and_age(pipeline, open_page):
    screen = open_page(pipeline.url("/"))
    screen.wait_for_live("garden")
    tile = screen.page.locator('.tile:has(camera-player[camera="garden"])')
    screen.wait_until(
        """['size', 'rate', 'bitrate', 'age'].every((fact) => document.querySelector(
             `.tile:has(camera-player[camera="garden"]) [data-fact=${fact}]:not([hidden]) dd`)?.textContent)""",
        "all four figures",
    )
    assert tile.locator("[data-fact=size] dd").text_content() == "320 \u00d7 240"
    assert tile.locator("[data-fact=rate] dd").text_content().endswith("fps")
    assert tile.locator("[data-fact=bitrate] dd").text_content().endswith("bit/s")


def test_colours_are_right_at_hd(pipeline, open_page):
    screen = open_page(pipeline.url("/"))
    screen.wait_for_live("wide")
    assert screen.player("wide", "[player.shown.width, player.shown.height]") == [1280, 720]

    def error():
        # The pages' timers run while Playwright waits, and only then.
        screen.page.wait_for_timeout(200)
        return max(patch_errors(screen.patches("wide")).values())

    # The encoder's first picture is coarse; those that follow refine it.
    pipeline.wait_until(lambda: error() <= 4, "the right colours")


def test_viewer_tells_the_server_the_age_of_what_it_shows(pipeline, open_page):
    screen = open_page(pipeline.url("/mjpeg?camera=garden"))
    screen.wait_for_live("garden", "jpeg")

    def ages():
        rows = pipeline.status()["viewers"]
        return [row["age_s"] for row in rows if row["camera"] == "garden" and row["format"] == "jpeg"]

    pipeline.wait_until(lambda: any(age is not None for age in ages()), "an age in /status")
    screen.page.wait_for_timeout(100)


def test_picture_is_saved_as_the_camera_sent_it(pipeline, open_page):
    screen = open_page(pipeline.url("/#camera=porch"))
    screen.wait_for_live("porch")
    with screen.page.expect_download() as download:
        screen.page.click(".tile.is-large .save")
    assert download.value.suggested_filename.startswith("porch-")
    assert download.value.suggested_filename.endswith(".jpg")
    content = download.value.path().read_bytes()
    assert content.startswith(b"\xff\xd8")
    assert content.endswith(b"\xff\xd9")


def test_page_follows_a_change_of_size(pipeline, open_page, start_camera):
    screen = open_page(pipeline.url("/"))
    start_camera("growing", "--resize", "svga:5", fps=8, size="qvga")
    screen.wait_for_player("growing", "player.shown?.width === 320", "small")
    screen.wait_for_player("growing", "player.shown?.width === 800", "large")
    screen.wait_for_live("growing")
    screen.read_some("growing", 5)
    assert screen.all_complaints() == []
