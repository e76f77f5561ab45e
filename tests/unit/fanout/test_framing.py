import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame as WsFrame
from websockets.frames import Opcode
from websockets.streams import StreamReader

from services.fanout.framing import (
    BINARY,
    BOUNDARY,
    PART_START,
    PING,
    chunk,
    move_tfdt,
    multipart_part,
    read_tfdt,
    ws_frame,
    ws_text,
)


def parse_ws(data):
    """Return the frame as the websockets library reads it."""
    reader = StreamReader()
    reader.feed_data(data)
    parser = WsFrame.parse(reader.read_exact, mask=False, max_size=None)
    with pytest.raises(StopIteration) as stop:
        next(parser)
    assert not reader.buffer
    return stop.value.value


@pytest.mark.parametrize("length", [0, 1, 125, 126, 127, 65535, 65536, 100_000])
def test_frame_is_read_by_another_library_at_every_length_form(length):
    frame = parse_ws(ws_frame(BINARY, b"x" * length))
    assert (frame.opcode, frame.fin, len(frame.data)) == (Opcode.BINARY, True, length)
    assert (frame.rsv1, frame.rsv2, frame.rsv3) == (False, False, False)


def test_text_message_is_json_with_its_type_when_it_has_fields():
    frame = parse_ws(ws_text("offline", since=None, camera="türkei"))
    assert frame.opcode is Opcode.TEXT
    assert json.loads(frame.data) == {"type": "offline", "since": None, "camera": "türkei"}


def test_ping_is_empty():
    assert ws_frame(PING, b"") == b"\x89\x00"


def test_chunk_has_its_size_in_hex():
    assert chunk(b"x" * 26) == b"1a\r\n" + b"x" * 26 + b"\r\n"


def test_parts_make_a_multipart_body_when_joined():
    body = PART_START + multipart_part(b"\xff\xd8first", 1_500_000_000) + multipart_part(b"\xff\xd8second", 0)
    parts = body.split(b"--" + BOUNDARY.encode() + b"\r\n")
    assert parts[0] == b""
    assert parts[3] == b""
    head, _, rest = parts[1].partition(b"\r\n\r\n")
    assert rest == b"\xff\xd8first\r\n"
    assert b"Content-Length: 7\r\n" in head + b"\r\n"
    assert b"X-Timestamp: 1.500000" in head


@given(time=st.integers(0, 2**64 - 1), base=st.integers(0, 2**64 - 1), before=st.binary(min_size=1), after=st.binary())
def test_tfdt_moves_and_nothing_else_changes(time, base, before, after):
    fragment = before + struct.pack("!Q", time) + after
    moved = move_tfdt(fragment, len(before), base)
    assert read_tfdt(moved, len(before)) == max(0, time - base)
    assert moved[: len(before)] == before
    assert moved[len(before) + 8 :] == after


@pytest.mark.parametrize("offset", [-1, 0, 13, 10_000])
def test_tfdt_outside_the_fragment_is_refused(offset):
    with pytest.raises(ValueError, match="decode time"):
        move_tfdt(b"x" * 20, offset, 0)
