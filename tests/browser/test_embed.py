"""The player on somebody else's page: another origin, two lines of HTML, nothing of ours but the module."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from tests.helpers.pipeline import Pipeline

pytestmark = [pytest.mark.timeout(90), pytest.mark.requires_tool("chromium")]

PAGE = """<!doctype html>
<title>Somebody's page</title>
<script type="module" src="{server}/web/camera-player.js"></script>
<camera-player camera="porch"></camera-player>
"""
# Of all WebSockets.
NOTE_ADDRESSES = """
window.addresses = [];
window.WebSocket = class extends WebSocket {
  constructor(address) {
    super(address);
    window.addresses.push(String(address));
  }
};
"""


class SomebodysSite(BaseHTTPRequestHandler):
    """Answers everything with one page."""

    page = b""

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.page)

    def log_message(self, *_):
        """Tests are silent."""


@pytest.fixture
def site():
    with HTTPServer(("127.0.0.1", 0), SomebodysSite) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def open_site(site, tmp_path, open_page, allowed):
    with Pipeline(tmp_path, env={"CAM_ALLOWED_ORIGINS": allowed}) as pipeline:
        pipeline.mock_camera("porch", fps=12)
        pipeline.wait_for_camera("porch")
        SomebodysSite.page = PAGE.format(server=pipeline.url("")).encode()
        yield open_page(site, before=NOTE_ADDRESSES)


def test_player_works_on_a_page_of_an_allowed_origin(site, tmp_path, open_page):
    for screen in open_site(site, tmp_path, open_page, site):
        screen.wait_for_live("porch")
        number = screen.wait_for_number("porch", 0)
        screen.wait_for_number("porch", number + 6)
        addresses = screen.page.evaluate("window.addresses")
        assert all("view=large" in address for address in addresses), addresses
        assert screen.all_complaints() == []


def test_other_origins_get_neither_module_nor_picture(site, tmp_path, open_page):
    for screen in open_site(site, tmp_path, open_page, "http://else.test"):
        screen.page.wait_for_timeout(500)
        assert screen.page.evaluate("customElements.get('camera-player') === undefined")
