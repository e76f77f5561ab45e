"""APIs of other processes behind port 8080: forwarded whole, refused in words when they are away."""

import socketserver
import threading
from http.server import BaseHTTPRequestHandler

import pytest

from tests.helpers.fanout_house import a_house
from tests.helpers.http import RawClient, fetch
from tests.helpers.rooms import wait_until

LARGE = bytes(range(256)) * 8000


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
        body = LARGE if self.path.startswith("/api/test/large") else self.echo()
        status = 200
        if "Range" in self.headers:
            first, last = (int(number) for number in self.headers["Range"].removeprefix("bytes=").split("-"))
            body, status = LARGE[first : last + 1], 206
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Own", "kept")
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


def test_socket_outside_the_run_folder_is_not_opened(api):
    assert fetch(api.port, "/api/foreign").status == 502


def test_own_addresses_cannot_be_taken_over(api):
    assert b'"cameras"' in fetch(api.port, "/status").body


def test_prefix_covers_whole_segments_only(api):
    assert fetch(api.port, "/api/tester").status == 404
