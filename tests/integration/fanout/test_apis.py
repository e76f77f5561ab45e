"""APIs of other processes behind port 8080: forwarded whole, refused in words when they are away."""

import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from common.topics import H264
from tests.helpers.fanout import numbers
from tests.helpers.fanout_house import a_house
from tests.helpers.http import RawClient, fetch
from tests.helpers.rooms import wait_until

LARGE = bytes(range(256)) * 8000
HUGE_PARTS = 100
TAG = '"a tag"'


class Api(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path.startswith("/api/test/hangs-up"):
            self.close_connection = True
            return
        if self.path.startswith("/api/test/breaks-off"):
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"not a thousand")
            self.close_connection = True
            return
        if self.path.startswith("/api/test/huge"):
            self.send_response(200)
            self.send_header("Content-Length", str(HUGE_PARTS * len(LARGE)))
            self.end_headers()
            for _ in range(HUGE_PARTS):
                self.wfile.write(LARGE)
            return
        if self.headers.get("If-None-Match") == TAG:
            self.send_response(304)
            self.send_header("ETag", TAG)
            self.end_headers()
            return
        body = LARGE if self.path.startswith("/api/test/large") else self.echo()
        status = 200
        if "Range" in self.headers:
            first, last = (int(number) for number in self.headers["Range"].removeprefix("bytes=").split("-"))
            body, status = LARGE[first : last + 1], 206
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Own", "kept")
        self.send_header("ETag", TAG)
        self.send_header("Accept-Ranges", "bytes")
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(LARGE)}")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def do_DELETE(self):
        if not self.path.endswith("/quarantine"):
            self.do_GET()
            return
        self.send_response(204)
        self.end_headers()

    def do_POST(self):
        body = self.read_body()
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def read_body(self):
        if "Content-Length" in self.headers:
            return self.rfile.read(int(self.headers["Content-Length"]))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def echo(self):
        names = ("X-Forwarded-For", "X-Forwarded-Host", "Connection", "X-Mine", "Forwarded")
        told = [f"{name}={self.headers.get(name)}" for name in names]
        return "\n".join([f"{self.command} {self.path}", *told]).encode()

    def log_message(self, *_arguments):
        pass

    def address_string(self):
        return "unix"


class UnixServer(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True
    # Threads that serve kept connections end when the peer closes them.
    block_on_close = False

    def get_request(self):
        connection, _ = super().get_request()
        return connection, ("unix", 0)

    def handle_error(self, _request, _address):
        pass


class Download:
    """How much came, in a thread."""

    def __init__(self, port, path):
        self.size_bytes = 0
        self._port, self._path = port, path
        self._thread = threading.Thread(target=self._run)

    def is_over(self):
        return not self._thread.is_alive()

    def _run(self):
        with RawClient(self._port) as client:
            client.ask("GET", self._path, "Connection: close")
            client.read_head()
            self.size_bytes = len(client.buffered)
            while part := client.socket.recv(1 << 20):
                self.size_bytes += len(part)


@contextmanager
def downloading(port, path):
    download = Download(port, path)
    download._thread.start()
    try:
        yield download
    finally:
        download._thread.join()


@pytest.fixture(scope="module")
def api():
    with a_house() as house:
        path = house.settings.run_path("api-test.sock")
        server = UnixServer(str(path), Api)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        house.feeder.apis += [
            {"prefix": "/api/test", "socket": str(path)},
            {"prefix": "/api/gone", "socket": str(house.settings.run_path("gone.sock"))},
            {"prefix": "/api/foreign", "socket": "/tmp/elsewhere.sock"},
            {"prefix": "/status", "socket": str(path)},
        ]
        wait_until(lambda: fetch(house.port, "/api/test").status == 200, "API announced")
        yield house
        server.shutdown()
        thread.join()
        server.server_close()


def test_request_is_forwarded_as_it_came(api):
    lies = ("X-Forwarded-For: 6.6.6.6", "Forwarded: for=6.6.6.6")
    answer = fetch(api.port, "/api/test/a%2Fb?q=%20&r", "X-Mine: 1", *lies)
    assert answer.status == 200
    assert answer.headers["x-own"] == "kept"
    lines = answer.body.decode().split("\n")
    assert lines[0] == "GET /api/test/a%2Fb?q=%20&r"
    assert "X-Mine=1" in lines
    assert "X-Forwarded-For=127.0.0.1" in lines
    assert f"X-Forwarded-Host=127.0.0.1:{api.port}" in lines
    assert "Forwarded=None" in lines


def test_large_answers_ranges_and_heads_pass(api):
    assert fetch(api.port, "/api/test/large").body == LARGE
    part = fetch(api.port, "/api/test/large", "Range: bytes=100-299")
    assert (part.status, part.body) == (206, LARGE[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(LARGE)}"
    head = fetch(api.port, "/api/test/large", method="HEAD")
    assert head.headers["content-length"] == str(len(LARGE))


def test_answer_that_the_client_has_is_not_sent_again(api):
    first = fetch(api.port, "/api/test/large", method="HEAD")
    assert (first.headers["etag"], first.headers["accept-ranges"]) == (TAG, "bytes")

    with RawClient(api.port) as client:
        for _ in range(2):
            client.ask("GET", "/api/test/large", f"If-None-Match: {TAG}")
            again = client.read_answer()
            assert (again.status, again.headers["etag"], again.body) == (304, TAG, b"")


def test_range_goes_with_its_condition(api):
    part = fetch(api.port, "/api/test/large", "Range: bytes=0-0", f"If-Range: {TAG}")
    assert (part.status, part.body) == (206, LARGE[:1])


def test_viewer_goes_on_while_another_client_takes_all_it_can_get(api):
    api.feeder.start("yard", H264)
    api.wait_online("yard")
    with api.viewer("?camera=yard&format=h264") as viewer, downloading(api.port, "/api/test/huge") as download:
        seen = []
        while not (download.is_over() and len(seen) > 20):
            message = viewer.recv(timeout=15)
            seen += numbers(message) if isinstance(message, bytes) else []
    api.feeder.stop("yard")
    assert seen == sorted(set(seen))
    assert download.size_bytes == HUGE_PARTS * len(LARGE)


def test_client_that_leaves_in_the_middle_of_an_answer_leaves_nothing_behind(api):
    before = api.fanout.open_files()
    with RawClient(api.port) as client:
        client.ask("GET", "/api/test/huge")
        assert client.read_head().status == 200

    wait_until(lambda: api.fanout.open_files() <= before, "both connections closed")
    # Players do it at every jump.
    assert "/api/test/huge: the answer broke off" not in api.fanout.log()


def test_bodies_pass_with_length_and_in_chunks(api):
    assert fetch(api.port, "/api/test/x", method="POST", body=LARGE).body == LARGE
    with RawClient(api.port) as client:
        client.ask("POST", "/api/test/x", "Transfer-Encoding: chunked")
        client.socket.sendall(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
        answer = client.read_answer()
    assert (answer.status, answer.body) == (201, b"hello world")


def test_body_over_the_limit_is_413(api):
    size = (8 << 20) + 1
    assert fetch(api.port, "/api/test/x", f"Content-Length: {size}", method="POST").status == 413


def test_other_methods_pass(api):
    assert fetch(api.port, "/api/test/porch", method="DELETE").body.startswith(b"DELETE /api/test/porch")


def test_answer_without_a_body_passes_and_the_connection_is_good_for_more(api):
    with RawClient(api.port) as client:
        for _ in range(2):
            client.ask("DELETE", "/api/test/porch/quarantine", f"Origin: http://127.0.0.1:{api.port}")
            answer = client.read_answer()
            assert (answer.status, answer.body) == (204, b"")
    assert fetch(api.port, "/api/test/porch/quarantine", "Origin: http://evil.example", method="DELETE").status == 403


def test_page_of_another_site_may_change_nothing(api):
    evil = "Origin: http://evil.example"
    assert fetch(api.port, "/api/test/porch", evil, method="DELETE").status == 403
    assert fetch(api.port, "/api/test/porch", evil).status == 200
    own = f"Origin: http://127.0.0.1:{api.port}"
    assert fetch(api.port, "/api/test/porch", own, method="DELETE").status == 200


def test_process_that_is_away_is_503_with_its_name(api):
    answer = fetch(api.port, "/api/gone/x")
    assert answer.status == 503
    assert b"keeper does not run" in answer.body


def test_process_that_hangs_up_is_502(api):
    assert fetch(api.port, "/api/test/hangs-up").status == 502


def test_answer_that_breaks_off_is_not_taken_for_whole(api):
    with RawClient(api.port) as client:
        client.ask("GET", "/api/test/breaks-off")
        head = client.read_head()
        assert (head.status, head.headers["content-length"]) == (200, "1000")
        assert len(client.read_to_end()) < 1000
    wait_until(lambda: "/api/test/breaks-off: the answer broke off" in api.fanout.log(), "a word in the log")


def test_socket_outside_the_run_folder_is_not_opened(api):
    assert fetch(api.port, "/api/foreign").status == 502


def test_own_addresses_cannot_be_taken_over(api):
    assert b'"cameras"' in fetch(api.port, "/status").body


def test_prefix_covers_whole_segments_only(api):
    assert fetch(api.port, "/api/tester").status == 404


def test_library_that_does_not_run_is_503_where_something_is_recorded_and_else_404(api):
    api.feeder.told_by_keeper["recording"] = {"cameras": {}, "default": "off", "used": False}
    wait_until(lambda: fetch(api.port, "/api/recordings").status == 404, "word that nothing is recorded")
    answer = fetch(api.port, "/api/recordings?camera=porch")
    assert b"nothing is recorded here yet" in answer.body
    assert answer.headers["content-type"].startswith("text/plain")

    api.feeder.told_by_keeper["recording"]["used"] = True
    wait_until(lambda: fetch(api.port, "/api/recordings").status == 503, "word that something is")
    assert fetch(api.port, "/api/exports").headers["retry-after"] == "2"
