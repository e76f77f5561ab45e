import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.ingest.handshake import HEAD_END, Refusal, Welcome, answer_head

UPGRADE = ("Host: 10.0.0.2:8081", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")  # fmt: skip


def ask(target: str, *headers: str, method: str = "GET") -> Welcome | Refusal:
    lines = [f"{method} {target} HTTP/1.1", *(headers or UPGRADE)]
    return answer_head("\r\n".join(lines).encode() + HEAD_END)


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("/ws/camera", None),
        ("/ws/camera?token=x", None),
        ("/ws/camera/porch", "porch"),
        ("/ws/camera/Front%20Door", "front-door"),
        ("/ws/camera/Front Door", "front-door"),
        ("/ws/camera/Küche", "k-che"),
        ("/ws/camera/K%C3%BCche", "k-che"),
        ("/ws/camera/a%2Fb", "a-b"),
        ("/ws/camera?id=porch", "porch"),
        ("/ws/camera?id=back+yard&x=1", "back-yard"),
        ("/ws/camera?x=1&id=%00%FF", "--"),
        ("/ws/camera/porch?id=yard", "porch"),
    ],
)
def test_camera_may_be_named_in_path_or_query(target, name):
    answer = ask(target)
    assert isinstance(answer, Welcome)
    assert answer.name == name


@pytest.mark.parametrize("target", ["/ws/camera/", "/ws/camera?id=", "/ws/camera/" + "x" * 33])
def test_empty_or_too_long_name_is_400_naming_the_rule(target):
    answer = ask(target)
    assert answer.status == 400
    assert "1 to 32 characters" in answer.text


@pytest.mark.parametrize("target", ["/", "/status", "/ws/viewer", "/ws/camera/a/b", "/ws/cameras", "/WS/CAMERA", "//"])
def test_any_other_path_is_404_in_a_sentence(target):
    answer = ask(target)
    assert answer.status == 404
    assert answer.text.endswith(".")
    assert b"\r\n\r\n" + answer.text.encode() in answer.response
    assert b"Connection: close\r\n" in answer.response


@pytest.mark.parametrize("method", ["POST", "PUT", "HEAD", "BREW"])
def test_wrong_method_is_405(method):
    answer = ask("/ws/camera", *UPGRADE, "Content-Length: 5", method=method)
    assert answer.status == 405
    assert b"Allow: GET\r\n" in answer.response


def test_answer_to_head_has_no_body():
    assert ask("/", method="HEAD").response.endswith(HEAD_END)


def test_page_that_is_no_websocket_is_told_so():
    assert ask("/ws/camera", "Host: x").status == 426


@pytest.mark.parametrize("head", [b"hello", b"\x16\x03\x01\x02", b"GET /ws/camera", b"GET /ws/camera HTTP/2.0", b" "])
def test_what_is_no_request_is_400(head):
    assert answer_head(head + HEAD_END).status == 400


def test_unreadable_header_is_400_and_says_which():
    answer = ask("/ws/camera", *UPGRADE, "no colon here")
    assert answer.status == 400
    assert "no colon here" in answer.text


def test_response_is_the_one_that_every_library_takes():
    response = ask("/ws/camera").response
    assert response == (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Upgrade: websocket\r\n"
        b"Connection: Upgrade\r\n"
        # RFC 6455, section 1.3: the accept value of the sample nonce.
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
    )


@pytest.mark.parametrize("key", ["foo", "b'tb4IfqY2SEcIEy0pv0opLQ=='", "=", "x" * 400])
def test_any_key_is_hashed_as_it_came(key):
    headers = ("Upgrade: websocket", f"Sec-WebSocket-Key: {key}")
    assert isinstance(ask("/ws/camera", *headers), Welcome)


@pytest.mark.parametrize(
    "left_out", ["Host", "Sec-WebSocket-Version", "Sec-WebSocket-Key", "Connection", "Upgrade"], ids=str
)
def test_missing_header_is_no_reason_to_refuse(left_out):
    assert isinstance(ask("/ws/camera", *(line for line in UPGRADE if not line.startswith(left_out))), Welcome)


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_any_bytes_are_answered(junk):
    for head in (junk, b"GET /ws/camera" + junk, b"GET /ws/camera HTTP/1.1\r\nUpgrade: websocket\r\n" + junk):
        answer = answer_head(head + HEAD_END)
        assert answer.response.startswith(b"HTTP/1.1 ")
        assert isinstance(answer, Welcome | Refusal)
