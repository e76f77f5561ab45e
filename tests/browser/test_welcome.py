"""What the pages say before the first camera came."""

import pytest

from tests.helpers.pipeline import Pipeline

pytestmark = [pytest.mark.timeout(90), pytest.mark.requires_tool("chromium")]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("welcome")) as running:
        yield running


@pytest.mark.parametrize("page", ["/", "/mjpeg"])
def test_page_without_a_camera_says_what_to_do(pipeline, open_page, page):
    screen = open_page(pipeline.url(page))
    welcome = screen.page.locator(".welcome")
    welcome.wait_for(state="visible")
    text = welcome.text_content()
    assert "No camera yet" in text
    assert f":{pipeline.port}/ws/camera" in text
    assert "sendBIN(" in text
    assert "make mock-camera" in text
    welcome.get_by_role("button", name="Copy the address").click()
    screen.page.get_by_text("Copied").wait_for()
    assert screen.all_complaints() == []


def test_first_camera_takes_the_place_of_the_welcome(pipeline, open_page, start_camera):
    screen = open_page(pipeline.url("/"))
    screen.page.locator(".welcome").wait_for(state="visible")
    start_camera("attic", fps=4, size="qvga")
    screen.wait_for_live("attic")
    screen.page.locator(".welcome").wait_for(state="hidden")
