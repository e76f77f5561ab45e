"""The pure modules of the pages, in the browser that runs them, without a server."""

import base64
import re
from pathlib import Path

import pytest

from common import fmp4
from common.config import PROJECT_DIR
from common.h264 import AccessUnit
from common.units import HZ_90K
from tests.helpers.annex_b import IDR, PPS, SLICE, SPS_VGA

pytestmark = pytest.mark.requires_tool("chromium")

HOST = "http://pages.test"
MODULES = Path(__file__).parent / "modules"
FOLDERS = {"web": PROJECT_DIR / "web", "tests": MODULES}
KEY, DELTA = AccessUnit((SPS_VGA, PPS, IDR)), AccessUnit((SLICE,))
# Beyond 32 bits, as every time is that began in 1970.
TIME_90K = 1_795_000_000 * HZ_90K + 1


def names_of_tests(path):
    return re.findall(r"^export (?:async )?function (\w+)", path.read_text(encoding="utf-8"), re.MULTILINE)


CASES = [(path.name, name) for path in sorted(MODULES.glob("*.test.js")) for name in names_of_tests(path)]


@pytest.fixture(scope="module")
def blank(chromium):
    """A page of a site that consists of web/ and the tests' modules."""

    def answer(route):
        folder, _, name = route.request.url.removeprefix(f"{HOST}/").partition("/")
        if folder not in FOLDERS:
            route.fulfill(body="<!doctype html><title>tests</title>", content_type="text/html")
            return
        route.fulfill(path=FOLDERS[folder] / name, content_type="text/javascript")

    # A zone whose clocks are changed, in both directions within the year.
    page = chromium.new_page(timezone_id="Europe/Berlin", locale="en-GB")
    page.route("**/*", answer)
    page.goto(HOST)
    yield page
    page.close()


@pytest.mark.parametrize(("module", "name"), CASES)
def test_module(blank, module, name):
    blank.evaluate("async ([module, name]) => (await import(module))[name]()", [f"/tests/{module}", name])


def read_fragment(page, data):
    return page.evaluate(
        """async (text) => {
          const { Fragment } = await import("/web/player/fmp4.js");
          const fragment = new Fragment(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
          const read = [fragment.decodeTime, fragment.isKey];
          fragment.retime(5_000_000_000, 45_000);
          return [...read, btoa(String.fromCharCode(...fragment.bytes))];
        }""",
        base64.b64encode(data).decode(),
    )


@pytest.mark.parametrize(("unit", "is_key"), [(KEY, True), (DELTA, False)])
def test_page_reads_and_retimes_the_fragments_of_the_server(blank, unit, is_key):
    time, key, written = read_fragment(blank, fmp4.fragment(unit, 7, TIME_90K, 3600))
    assert (time, key) == (TIME_90K, is_key)
    assert base64.b64decode(written) == fmp4.fragment(unit, 7, 5_000_000_000, 45_000)


def test_page_reads_the_init_segments_of_the_server(blank):
    read = blank.evaluate(
        """async ([init, fragment]) => {
          const { isInitSegment, readTimescale } = await import("/web/player/fmp4.js");
          const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
          return [isInitSegment(bytes(init)), readTimescale(bytes(init)), isInitSegment(bytes(fragment))];
        }""",
        [base64.b64encode(data).decode() for data in (fmp4.init_segment(KEY), fmp4.fragment(KEY, 1, 0, 1))],
    )
    assert read == [True, HZ_90K, False]


@pytest.mark.parametrize("cut", [0, 7, 30, 60, 80])
def test_page_refuses_a_fragment_that_is_cut(blank, cut):
    whole = fmp4.fragment(KEY, 1, TIME_90K, 3600)
    with pytest.raises(Exception, match=r"box|decode time|bounds"):
        read_fragment(blank, whole[:cut])


def test_pages_hold_no_inline_code_or_style_and_no_foreign_address():
    served = (path for path in (PROJECT_DIR / "web").rglob("*") if path.suffix in (".html", ".css", ".js", ".svg"))
    for path in served:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".html":
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text), path
        assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write", text), path
        assert not re.search(r"https?://(?!www\.w3\.org/)", text), path
