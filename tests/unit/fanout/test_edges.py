"""Small decisions at the edge: origins, peeking, pings, ages, headers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.origins import is_origin_allowed
from services.fanout.ages import MediaClock, is_overdue
from services.fanout.peek import PEEK_BYTES, Caller, classify
from services.fanout.pings import Act, Pings
from services.fanout.raw_http import refusal, request_head
from services.fanout.security import page_headers
from tests.helpers.fanout import MS, START_NS, make_frame

S = 1000 * MS


@pytest.mark.parametrize(
    ("origin", "host", "allowed"),
    [
        (None, "cams:8080", True),
        ("http://cams:8080", "cams:8080", True),
        ("HTTP://Cams:8080", "cams:8080", True),
        ("https://cams", "cams", True),
        ("https://cams", "cams:443", True),
        ("http://cams", "cams:80", True),
        ("http://[::1]:8080", "[::1]:8080", True),
        ("https://home.example", "cams:8080", True),
        ("http://home.example", "cams:8080", False),
        ("http://cams:8081", "cams:8080", False),
        ("http://evil-cams:8080", "cams:8080", False),
        ("http://cams:8080.evil.example", "cams:8080", False),
        ("http://cams:8080@evil.example", "cams:8080", False),
        ("http://cams", "cams:8080", False),
        ("null", "cams:8080", False),
        ("", "cams:8080", False),
        ("file://", "cams:8080", False),
        ("http://", "", False),
        ("http://cams:8080/path", "cams:8080", False),
        ("http://cams:port", "cams:port", False),
    ],
)
def test_origin_is_allowed_from_the_same_host_or_the_list(origin, host, allowed):
    assert is_origin_allowed(origin, host, ["https://home.example"]) is allowed


@pytest.mark.parametrize(
    "line",
    [
        b"GET /ws/camera HTTP/1.1\r\n",
        b"GET /ws/camera/porch HTTP/1.1\r\nHost: x",
        b"GET /ws/camera?id=porch HTTP/1.0\n",
        b"GET /ws/camera/?id=a%20b HTTP/1.1\r\n",
    ],
)
def test_camera_is_told_by_its_request_line_and_by_no_part_of_it(line):
    assert classify(line) is Caller.CAMERA
    end = line.index(b"\n")
    assert {classify(line[:length]) for length in range(end + 1)} == {Caller.UNDECIDED}


@pytest.mark.parametrize(
    "start",
    [
        b"GET /ws/viewer HTTP/1.1\r\n",
        b"GET /ws/cameras HTTP/1.1\r\n",
        b"POST /ws/camera HTTP/1.1\r\n",
        b"GET /status",
        b"\x16\x03\x01",
        b"GET /ws/camera HTTP/2.0\r\n",
        b"GET /ws/camera\r\n",
        b"GET /ws/camera/a b HTTP/1.1\r\n",
        b"GET /ws/camera/" + b"x" * PEEK_BYTES,
        b"\r\n",
    ],
)
def test_others_are_not_taken_for_cameras(start):
    assert classify(start) is Caller.OTHER


@given(st.binary(max_size=64))
def test_any_bytes_are_somebody(start):
    assert classify(start) in Caller


def test_two_unanswered_pings_end_a_viewer():
    pings = Pings(20 * S, START_NS)
    acts = [pings.act(START_NS + second * S, blocked=False) for second in range(61)]
    assert [(second, act) for second, act in enumerate(acts) if act is not Act.NOTHING] == [
        (20, Act.PING),
        (40, Act.PING),
        (60, Act.CLOSE),
    ]


def test_answered_pings_go_on():
    pings = Pings(20 * S, START_NS)
    for round_ in range(1, 10):
        assert pings.act(START_NS + round_ * 20 * S, blocked=False) is Act.PING
        pings.heard()


def test_blocked_viewer_is_not_pinged():
    pings = Pings(20 * S, START_NS)
    assert {pings.act(START_NS + second * S, blocked=True) for second in range(200)} == {Act.NOTHING}


def test_age_is_exact_between_stamps_of_one_host():
    clock = MediaClock()
    # Received by ingest 5 ms after it happened to be here: only ingest's stamp counts.
    frame = make_frame(0, host="h", hops={"ingest_in": 70 * S})
    clock.observe(frame, 75 * S, "h")
    assert clock.age_s(START_NS / 1e9, 70 * S + 120 * MS) == pytest.approx(0.12)


def test_age_of_a_camera_elsewhere_leaves_out_the_fastest_journey():
    clock = MediaClock()
    for number, delay_ms in enumerate((50, 30, 80)):
        frame = make_frame(number, host="elsewhere", hops={"ingest_in": 1})
        clock.observe(frame, number * 40 * MS + delay_ms * MS, "h")
    shown_s = make_frame(2).media_time_ns / 1e9
    assert clock.age_s(shown_s, 80 * MS + 30 * MS) == pytest.approx(0.0, abs=1e-3)
    assert clock.age_s(shown_s, 80 * MS + 130 * MS) == pytest.approx(0.1, abs=1e-3)


def test_age_of_another_connection_starts_anew():
    clock = MediaClock()
    clock.observe(make_frame(0), 0, "h")
    clock.observe(make_frame(0, source=8, media_time_ns=5), 10 * S, "h")
    assert clock.age_s(0.0, 11 * S) == pytest.approx(1.0)


@pytest.mark.parametrize("media_time_s", [0.0, 5e9, float("nan"), float("inf")])
def test_nonsense_is_no_age(media_time_s):
    clock = MediaClock()
    assert clock.age_s(media_time_s, START_NS) is None
    clock.observe(make_frame(0, media_time_ns=1_700_000_000 * S), START_NS, "h")
    assert clock.age_s(media_time_s, START_NS) is None


def test_message_is_overdue_by_its_last_stamp_on_this_host():
    frame = make_frame(0, host="h", hops={"ingest_in": 1 * S, "transcode_out": 5 * S})
    assert not is_overdue(frame, 5 * S + 500 * MS, "h", 500 * MS)
    assert is_overdue(frame, 5 * S + 501 * MS, "h", 500 * MS)
    assert not is_overdue(frame, 9 * S, "elsewhere", 500 * MS)
    assert not is_overdue(make_frame(0, host="h"), 9 * S, "h", 500 * MS)


def test_policy_names_this_hosts_sockets_and_no_inline_code():
    policy = page_headers("cams:8080", ("https://home.example",))["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "connect-src 'self' ws://cams:8080 wss://cams:8080" in policy
    assert "frame-ancestors 'self' https://home.example" in policy
    assert "unsafe" not in policy


def test_policy_takes_no_rules_from_a_host_header():
    policy = page_headers("cams; script-src *", ())["Content-Security-Policy"]
    assert "*" not in policy


def test_refusal_is_a_whole_answer():
    head, _, body = refusal(503, "nobody is here").partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"Content-Length: %d" % len(body) in head
    assert refusal(599, "?").startswith(b"HTTP/1.1 599 ")


def test_head_is_rebuilt_with_its_odd_headers():
    head = request_head("GET", "/ws/camera?id=a%20b", [(b"Host", b"x"), (b"sec-websocket-KEY", b"odd")])
    assert head == b"GET /ws/camera?id=a%20b HTTP/1.1\r\nHost: x\r\nsec-websocket-KEY: odd\r\n\r\n"
