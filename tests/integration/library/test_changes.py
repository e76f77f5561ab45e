"""Protecting and deleting: who may ask, what the recorder is told, and what becomes of its answer."""

import json
import socketserver
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from common.clock import SystemClock
from services.library.changes import Changes
from services.library.owners import Owners
from tests.helpers.bus import short_tmp
from tests.helpers.library import LibraryRoom, UnixConnection, parts_on_socket

BODY = {"from": 1795381200, "to": "2026-11-22T21:01:00Z", "name": "bell"}
RANGE = "?from=1795381200&to=1795381260"


class FakeRecorder(socketserver.ThreadingUnixStreamServer):
    """Answers as it is told, and keeps what it was asked."""

    daemon_threads = True
    answer = (200, {"files": 2, "size_bytes": 300})

    def __init__(self, path):
        self.asked = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                recorder.asked.append((self.path, self.headers["Content-Type"], json.loads(body)))
                status, value = recorder.answer
                if status is None:
                    return
                self.send_response(status)
                self.end_headers()
                self.wfile.write(value if isinstance(value, bytes) else json.dumps(value).encode())

            def address_string(self):
                return "unix"

            def log_message(self, *_):
                pass

        super().__init__(str(path), Handler)


@contextmanager
def a_house(allowed_origins=()):
    with short_tmp() as run_dir:
        path = run_dir / "recorder-0.sock"
        with FakeRecorder(path) as recorder:
            thread = threading.Thread(target=recorder.serve_forever, args=(0.02,))
            thread.start()
            owners, clock = Owners("here"), AlwaysNow()
            owners.hear(
                {
                    "stage": "recorder",
                    "host": "here",
                    "name": "recorder-0",
                    "recordings": {"porch": {}},
                    "recorder": {"socket": str(path)},
                },
                clock.mono_ns(),
            )
            try:
                with parts_on_socket([Changes(owners, clock, run_dir)], allowed_origins) as socket:
                    yield recorder, Asker(socket), owners
            finally:
                recorder.shutdown()
                thread.join()


class AlwaysNow(SystemClock):
    """Time stands still: no recorder falls silent while a test waits for a processor."""

    def mono_ns(self):
        return 1


class Asker:
    def __init__(self, path):
        self._path = path

    def __call__(self, method, path, body=None, **headers):
        return LibraryRoom.ask(self, f"/api/recordings{path}", method, body, **headers)

    @property
    def socket(self):
        return self._path


@pytest.fixture(scope="module")
def house():
    with a_house() as parts:
        yield parts


@pytest.fixture
def recorder(house):
    recorder = house[0]
    recorder.asked.clear()
    recorder.answer = FakeRecorder.answer
    return recorder


@pytest.fixture
def ask(house):
    return house[1]


def test_recorder_is_told_what_to_protect(recorder, ask):
    answer = ask("POST", "/porch/protect", BODY)
    assert (answer.status, answer.json) == (200, {"files": 2, "size_bytes": 300})
    wish = {"from_ns": 1795381200 * 10**9, "to_ns": 1795381260 * 10**9, "protected": True, "name": "bell"}
    assert recorder.asked == [("/protect", "application/json", {"camera": "porch", **wish})]


def test_recorder_is_told_what_to_let_go_of(recorder, ask):
    assert ask("POST", "/porch/protect", {**BODY, "protected": False}).status == 200
    assert recorder.asked[0][2]["protected"] is False


def test_recorder_is_told_what_to_delete_and_answers_what_went(recorder, ask):
    recorder.answer = (200, {"files": 1, "size_bytes": 9, "from_ns": 1795381200 * 10**9, "to_ns": 1795381261 * 10**9})
    answer = ask("DELETE", f"/porch{RANGE}")
    assert (answer.status, answer.json) == (
        200,
        {"files": 1, "size_bytes": 9, "from": "2026-11-22T21:00:00.000000Z", "to": "2026-11-22T21:01:01.000000Z"},
    )
    assert recorder.asked[0][0] == "/delete"


def test_refusal_of_the_recorder_is_passed_on(recorder, ask):
    recorder.answer = (409, {"error": "protected: bell", "files": 3})
    answer = ask("DELETE", f"/porch{RANGE}")
    assert (answer.status, answer.json) == (409, {"error": "protected: bell", "files": 3})


def test_camera_that_changes_hands_can_be_asked_again(recorder, ask):
    recorder.answer = (404, {"error": "not mine"})
    answer = ask("DELETE", f"/porch{RANGE}")
    assert (answer.status, answer.headers["Retry-After"]) == (503, "2")


@pytest.mark.parametrize("nonsense", [b"", b"no json", b"[1]", b"\xff"])
def test_answer_that_is_none_breaks_nothing(recorder, ask, nonsense):
    recorder.answer = (200, nonsense)
    assert ask("DELETE", f"/porch{RANGE}").json == {}


def test_recorder_that_hangs_up_is_said(recorder, ask):
    recorder.answer = (None, None)
    answer = ask("DELETE", f"/porch{RANGE}")
    assert answer.status == 503
    assert "does not answer" in answer.json["error"]


def test_camera_that_nobody_records_is_said(ask):
    answer = ask("DELETE", f"/garden{RANGE}")
    assert (answer.status, answer.json) == (503, {"error": "no recorder has camera garden at the moment"})


def test_socket_outside_the_run_folder_is_not_asked(tmp_path):
    with a_house() as (_, ask, owners):
        record = {"stage": "recorder", "host": "here", "name": "recorder-1", "recordings": {"porch": {}}}
        owners.hear({**record, "recorder": {"socket": str(tmp_path / "x.sock")}}, 2)
        assert ask("DELETE", f"/porch{RANGE}").status == 502


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        ("{}", {}, 415),
        ("{}", {"Content-Type": "text/plain"}, 415),
        ("{", {"Content-Type": "application/json"}, 400),
        ("[]", {"Content-Type": "application/json"}, 400),
        (json.dumps({"x": "y" * 70_000}), {"Content-Type": "application/json"}, 413),
        ({}, {}, 400),
        ({**BODY, "to": 5}, {}, 400),
        ({**BODY, "protected": "yes"}, {}, 400),
        ({**BODY, "name": "x" * 101}, {}, 400),
        ({**BODY, "name": 5}, {}, 400),
        # Half a character, which no file can hold, and a second line.
        ({**BODY, "name": "\ud800"}, {}, 400),
        ({**BODY, "name": "a\nb"}, {}, 400),
        ({**BODY, "nmae": "x"}, {}, 400),
        (BODY, {"Origin": "http://elsewhere.example"}, 403),
        (BODY, {"Origin": "null"}, 403),
    ],
)
def test_request_that_is_none_changes_nothing(recorder, ask, body, headers, status):
    answer = ask("POST", "/porch/protect", body, **{key.replace("-", "_"): value for key, value in headers.items()})
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/json")
    assert answer.json["error"]
    assert recorder.asked == []


def test_page_of_another_site_deletes_nothing(recorder, ask):
    assert ask("DELETE", f"/porch{RANGE}", Origin="http://elsewhere.example").status == 403
    assert recorder.asked == []


def test_own_page_and_allowed_ones_may(recorder, ask):
    assert ask("DELETE", f"/porch{RANGE}", Origin="http://cam.local", Host="cam.local").status == 200
    with a_house(("https://allowed.example",)) as (_, other, _owners):
        assert other("DELETE", f"/porch{RANGE}", Origin="https://allowed.example").status == 200


def test_delete_needs_a_range(recorder, ask):
    assert ask("DELETE", "/porch").status == 400
    assert recorder.asked == []


def test_connection_is_left_usable_by_a_refusal(ask):
    connection = UnixConnection(ask.socket)
    for _ in range(2):
        connection.request("POST", "/api/recordings/porch/protect", "{", {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read())) == (400, True)
    connection.close()
