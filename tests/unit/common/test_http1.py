"""HTTP by hand: one request, one answer."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.http1 import Answer, RequestError, encode_answer, parse_request

HEAD = b"POST /api/scale HTTP/1.1\r\nHost: h:1\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n"
POST = HEAD + b'{"fanout": 3}'


def test_request_is_parsed_whole():
    request = parse_request(POST)

    assert request is not None
    assert (request.method, request.path, request.headers["host"]) == ("POST", "/api/scale", "h:1")
    assert request.json() == {"fanout": 3}


@given(st.integers(0, len(POST) - 1))
def test_request_is_awaited_while_it_is_not_whole(cut):
    assert parse_request(POST[:cut]) is None


def test_query_is_left_out_of_the_path():
    request = parse_request(b"GET /api/cameras?x=1 HTTP/1.1\r\n\r\n")

    assert request is not None
    assert request.path == "/api/cameras"
    assert request.json() == {}


@pytest.mark.parametrize(
    ("received", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/2\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n folded: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 413),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 411),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 9000, 431),
    ],
)
def test_bad_request_is_refused_with_its_status(received, status):
    with pytest.raises(RequestError) as caught:
        parse_request(received)

    assert caught.value.status == status


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [("application/json", b"{", 400), ("text/plain", b"{}", 415), ("", b"{}", 415), ("application/json", b"\xff", 400)],
)
def test_body_that_is_not_said_to_be_json_or_is_none_is_refused(kind, body, status):
    head = f"POST / HTTP/1.1\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    request = parse_request(head.encode() + body)
    assert request is not None

    with pytest.raises(RequestError) as caught:
        request.json()

    assert caught.value.status == status


@given(st.binary(max_size=300))
def test_random_bytes_fail_only_as_documented(received):
    with suppress(RequestError):
        parse_request(received + b"\r\n\r\n")


def test_answer_carries_its_length_and_nothing_more_for_head():
    whole = encode_answer(Answer(405, {"error": "né"}, {"Allow": "GET"}))
    head, _, body = whole.partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 405 Method Not Allowed\r\n")
    assert f"Content-Length: {len(body)}".encode() in head
    assert b"Allow: GET" in head
    assert json.loads(body) == {"error": "né"}
    assert encode_answer(Answer(405, {"error": "né"}, {"Allow": "GET"}), head_only=True) == head + b"\r\n\r\n"


def test_answer_without_content_has_neither_body_nor_length():
    encoded = encode_answer(Answer(204))

    assert encoded.startswith(b"HTTP/1.1 204 No Content\r\n")
    assert encoded.endswith(b"\r\n\r\n")
    assert b"Content-Length" not in encoded
