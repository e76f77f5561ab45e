"""play.mp4 in a browser: exactly as long as it says, beginning with the right picture, over every border."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import sync_playwright

from common.clock import SystemClock
from common.http import Response
from common.recordings.rows import GapRow, Reason
from common.units import NS_PER_S as S
from services.library.catalogue import Catalogue
from services.library.player import Player
from services.library.programmes import Programmes
from tests.helpers.footage import EVENING_NS, Footage, coded, level_of
from tests.helpers.library import parts_on_port
from tests.helpers.tools import require_tool

ARGUMENTS = ("--headless", "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required")
# Loads an address, seeks to each time and tells the grey that is shown then; plays the rest at four times the speed.
SCRIPT = """
async ([address, times]) => {
  const video = document.querySelector("video");
  const canvas = document.createElement("canvas").getContext("2d");
  const failed = new Promise((_, reject) => { video.onerror = () => reject(new Error(video.error.message)); });
  const happens = (name) => Promise.race([failed, new Promise((done) => { video["on" + name] = done; })]);
  // A picture that is there already need not be presented once more.
  const presented = () => Promise.race([failed, new Promise((done) => {
    video.requestVideoFrameCallback(done);
    setTimeout(done, 3000);
  })]);
  const grey = () => { canvas.drawImage(video, 0, 0, 9, 9); return canvas.getImageData(4, 4, 1, 1).data[0]; };
  video.src = address;
  await happens("loadeddata");
  const greys = [];
  for (const time of times) {
    const shown = presented();
    video.currentTime = time;
    await happens("seeked");
    await shown;
    greys.push(grey());
  }
  const duration = video.duration;
  video.playbackRate = 4;
  const ended = happens("ended");
  await video.play();
  await ended;
  return {duration, greys, end: video.currentTime};
}
"""


class Page:
    def routes(self):
        return {("GET", "/"): self._page}

    async def run(self):
        pass

    async def _page(self, _request):
        return Response(text="<video muted></video>", content_type="text/html")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recordings")
    footage = Footage(folder)
    footage.add(EVENING_NS, coded(90))
    footage.add(EVENING_NS + 6 * S, coded(90))
    footage.gap(GapRow(EVENING_NS + 12 * S, EVENING_NS + 20 * S, Reason.OFFLINE))
    footage.add(EVENING_NS + 20 * S, coded(90, 96, 80))
    footage.close()
    with ThreadPoolExecutor(2) as executor, parts_on_port([Page(), player_of(folder, executor)]) as port:
        yield f"http://127.0.0.1:{port}"


def player_of(folder, executor):
    catalogue = Catalogue(folder)
    return Player(catalogue, Programmes(catalogue), SystemClock(), executor)


# Playwright keeps a loop in this thread: it ends with this module.
@pytest.fixture(scope="module")
def page(address):
    path = require_tool("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        page = browser.new_page()
        page.set_default_timeout(30_000)
        page.goto(address)
        yield page
        browser.close()


def shown(page, from_s, to_s, *times):
    query = f"from={EVENING_NS // S + from_s}&to={EVENING_NS // S + to_s}"
    return page.evaluate(SCRIPT, [f"/api/recordings/porch/play.mp4?{query}", times])


def numbers(greys):
    """Return which of 24 pictures have these greys; a browser shows limited range as full."""
    return [round(((grey * 219 / 255 + 16) - level_of(0)) / 8) for grey in greys]


def test_movie_begins_with_the_picture_of_its_beginning(page):
    # Picture 52 is seen at 3.5 s, and begins the movie; a keyframe was 22 pictures before.
    found = shown(page, 3.5, 6, 0.001, 0.1, 1.0, 2.5)
    assert found["duration"] == pytest.approx(6 - 52 / 15, abs=0.001)
    assert numbers(found["greys"]) == [number % 24 for number in (52, 53, 67, 89)]
    assert found["end"] == pytest.approx(found["duration"], abs=0.001)


def test_movie_goes_on_over_files_gaps_and_sizes(page):
    found = shown(page, 0, 26, 5.99, 6.01, 11.99, 12.01, 17.9)
    assert found["duration"] == pytest.approx(18, abs=0.001)
    assert numbers(found["greys"]) == [number % 24 for number in (89, 0, 89, 0, 88)]
    assert found["end"] == pytest.approx(18, abs=0.001)
