import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.units import NS_PER_S
from services.ingest.messages import CLOSED, FLOOD, FRAGMENT_LIMIT, GARBAGE, OVERSIZE, SMALL_BURST, MessageStream
from tests.helpers.jpegs import make_jpeg
from tests.helpers.websocket import BINARY, CLOSE, CONT, PING, PONG, TEXT, client_frame, fragments

PICTURE = make_jpeg(scan=b"\x5a" * 20_000)
LIMIT = 64 << 10
MASK = b"\x12\x34\x56\x78"


def stream(limit: int = LIMIT) -> MessageStream:
    return MessageStream(limit, 0)


def feed(messages: MessageStream, wire: bytes, chunk: int = 1448, now_ns: int = 0) -> list[bytes]:
    pieces = (wire[at : at + chunk] for at in range(0, len(wire), chunk))
    return [message.payload for piece in pieces if not messages.ended for message in messages.feed(piece, now_ns)]


@pytest.mark.parametrize("chunk", [1, 7, 1448, 6000, 12_000, 1 << 20])
@pytest.mark.parametrize("mask", [bytes(4), MASK])
def test_message_arrives_whole_however_it_is_cut(chunk, mask):
    assert feed(stream(), client_frame(BINARY, PICTURE, mask=mask) * 2, chunk) == [PICTURE, PICTURE]


def test_fragments_with_empty_first_and_last_and_controls_between_make_one_message():
    messages = stream()
    wire = client_frame(BINARY, fin=False)
    for at in range(0, len(PICTURE), 1024):
        wire += client_frame(CONT, PICTURE[at : at + 1024], fin=False, mask=MASK) + client_frame(PING, b"now")
    wire += client_frame(PONG) + client_frame(CONT)
    assert feed(messages, wire) == [PICTURE]
    assert messages.pongs == [b"\x8a\x03now"] * (len(PICTURE) // 1024 + 1)


def test_lengths_may_be_longer_than_needed():
    small, full = b"\xff\xd8", bytes(65_535)
    wire = client_frame(BINARY, small, length_bytes=8) + client_frame(BINARY, full, length_bytes=8)
    assert feed(stream(), wire) == [small, full]


def test_text_is_told_apart_also_in_fragments():
    wire = client_frame(TEXT, b"a") + client_frame(TEXT, b"b", fin=False) + client_frame(CONT, b"c")
    wire += client_frame(BINARY, b"d", fin=False) + client_frame(CONT, b"e")
    assert [(m.payload, m.is_text) for m in stream().feed(wire, 0)] == [(b"a", True), (b"bc", True), (b"de", False)]


def test_text_need_not_be_utf_8():
    assert feed(stream(), client_frame(TEXT, b"\xff\xfe")) == [b"\xff\xfe"]


@pytest.mark.parametrize("payload", [b"", b"\x03\xe8bye", b"\x03", b"\x03\xec", b"\x03\xe8\xff"], ids=repr)
def test_close_of_any_form_ends_without_an_answer(payload):
    messages = stream()
    assert feed(messages, client_frame(BINARY, b"x") + client_frame(CLOSE, payload)) == [b"x"]
    assert messages.ended in {CLOSED, GARBAGE}
    assert messages.pongs == []


@pytest.mark.parametrize(
    "wire",
    [
        b"\xff\xd8\xff\xe0" * 10,
        b"\xc2\x80\x00\x00\x00\x00",
        b"\x83\x80\x00\x00\x00\x00",
        client_frame(BINARY, b"x", mask=None),
        client_frame(CONT, b"x"),
        client_frame(BINARY, b"x", fin=False) + client_frame(BINARY, b"y"),
        client_frame(PING, bytes(126)),
        client_frame(PING, b"", fin=False),
    ],
    ids=["JPEG bytes", "reserved bit", "reserved opcode", "unmasked", "stray continuation", "message in message",
         "long ping", "fragmented ping"],
)  # fmt: skip
def test_stream_that_lost_its_step_ends_without_an_answer(wire):
    messages = stream()
    feed(messages, client_frame(PING, b"") + wire)
    assert messages.ended == GARBAGE
    assert messages.pongs == []


def test_message_beyond_the_limit_ends_before_its_bytes_came():
    messages = stream()
    assert feed(messages, client_frame(BINARY, bytes(LIMIT + 1))[:14]) == []
    assert messages.ended == OVERSIZE
    assert messages.pongs == []


def test_message_at_the_limit_passes():
    assert feed(stream(), client_frame(BINARY, bytes(LIMIT))) == [bytes(LIMIT)]


def test_fragments_are_bounded_while_they_arrive():
    messages = stream()
    wire = b"".join(fragments(bytes(LIMIT + 1024), 1024))
    feed(messages, wire[: LIMIT + 1024])
    assert messages.ended == OVERSIZE


def test_absurd_length_ends_at_once():
    messages = stream()
    feed(messages, b"\x82\xff" + b"\xff" * 8)
    assert messages.ended == OVERSIZE


def test_number_of_fragments_is_bounded_though_they_come_slowly():
    messages = stream(limit=2 << 20)
    feed(messages, client_frame(BINARY, b"\xff", fin=False))
    for second in range(1, FRAGMENT_LIMIT // 100 + 2):
        feed(messages, client_frame(CONT, b"\xff", fin=False) * 100, now_ns=second * NS_PER_S)
    assert messages.ended == FLOOD


@pytest.mark.parametrize(
    "small",
    [client_frame(PING), client_frame(PONG, b"x"), client_frame(BINARY, b""), client_frame(TEXT, b"{}")],
    ids=["pings", "pongs", "empty messages", "texts"],
)
def test_flood_of_small_frames_ends_long_before_it_is_read(small):
    messages = stream()
    taken = feed(messages, small * 100_000, chunk=64 << 10)
    assert messages.ended == FLOOD
    assert len(taken) < 5 * SMALL_BURST


def test_lively_camera_is_no_flood():
    # 60 pictures a second, each with a text before it, in fragments of 1 KiB with empty first and last ones, for 20 s.
    picture = b"".join(fragments(PICTURE[:5000], 1024)[1:-1])
    wire = client_frame(TEXT, b'{"type":"meta"}') + client_frame(BINARY, fin=False) + picture + client_frame(CONT)
    messages = stream()
    for at in range(1200):
        feed(messages, wire, now_ns=at * NS_PER_S // 60)
    assert messages.ended == ""


def test_one_byte_chunks_of_a_large_message_take_linear_time():
    # A slow sender is fed byte by byte; quadratic work on 300 KB would run into the test's deadline.
    wire = client_frame(BINARY, bytes(300_000))
    assert feed(stream(limit=1 << 20), wire, chunk=3) == [bytes(300_000)]


@given(st.lists(st.binary(max_size=200), max_size=20))
@settings(deadline=None)
def test_any_bytes_give_messages_or_an_end_and_never_a_close_frame(chunks):
    messages = stream()
    for chunk in chunks:
        if not messages.ended:
            messages.feed(chunk, 0)
    assert all(pong[0] == 0x8A for pong in messages.pongs)
