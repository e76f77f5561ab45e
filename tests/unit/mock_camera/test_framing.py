"""What is written, read by another implementation: the server side of `websockets`."""

import itertools
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.protocol import SERVER, Protocol

from tools.mock_camera.framing import Framing, close_frame, masked, message_frames


def masks():
    return os.urandom(4)


def read(stream: bytes) -> list[Frame]:
    server = Protocol(SERVER, max_size=None)
    server.receive_data(stream)
    return [event for event in server.events_received() if isinstance(event, Frame)]


def joined(frames: list[Frame]) -> bytes:
    return b"".join(frame.data for frame in frames)


framings = st.builds(
    Framing, st.sampled_from([0, 1, 7, 125, 126, 1024, 16_384]), empty_ends=st.booleans(), zero_mask=st.booleans()
)


@given(st.binary(max_size=3000), framings)
def test_server_reads_back_what_any_framing_wrote(payload, framing):
    frames = read(b"".join(message_frames(payload, framing, masks)))
    assert joined(frames) == payload
    assert [frame.opcode for frame in frames] == [Opcode.BINARY] + [Opcode.CONT] * (len(frames) - 1)
    assert [frame.fin for frame in frames] == [False] * (len(frames) - 1) + [True]


@pytest.mark.parametrize("length", [0, 1, 125, 126, 65_534, 65_535, 65_536, 200_000])
def test_lengths_are_read_back_at_every_edge(length):
    (frame,) = read(b"".join(message_frames(bytes(length), Framing(), masks)))
    assert len(frame.data) == length


def test_fragments_are_as_those_of_esp_websocket_client():
    keys = [bytes([number] * 4) for number in range(1, 20)]
    payload = os.urandom(17_124)
    frames = message_frames(payload, Framing(1024), iter(keys).__next__)
    # 17124 bytes were seen as 17 frames.
    assert len(frames) == 17
    assert [frame[0] for frame in frames] == [0x02, *[0x00] * 15, 0x80]
    assert [frame[4:8] for frame in frames] == keys[:17], "each fragment has a mask of its own"
    assert [len(frame) for frame in frames[:-1]] == [1024 + 8] * 16


def test_empty_ends_are_empty_frames_around_the_message():
    frames = read(b"".join(message_frames(b"x" * 2000, Framing(1024, empty_ends=True), masks)))
    assert [len(frame.data) for frame in frames] == [0, 1024, 976, 0]


def test_zero_mask_is_that_of_links2004():
    long, short = bytes(1400), bytes(1399)
    (frame,) = message_frames(long, Framing(zero_mask=True), masks)
    assert frame == b"\x82\xfe" + (1400).to_bytes(2) + bytes(4) + long
    (frame,) = message_frames(short, Framing(zero_mask=True), lambda: b"abcd")
    assert frame[4:8] == b"abcd"


@pytest.mark.parametrize(("length", "zero_mask", "form"), [
    (65_534, True, 126), (65_535, True, 127), (65_536, True, 127),
    (65_534, False, 126), (65_535, False, 126), (65_536, False, 127),
])  # fmt: skip
def test_links2004_sends_65535_bytes_in_the_64_bit_form(length, zero_mask, form):
    (frame,) = message_frames(bytes(length), Framing(zero_mask=zero_mask), masks)
    assert frame[1] == 0x80 | form


@given(st.binary(max_size=300), st.binary(min_size=4, max_size=4))
def test_masking_twice_is_never(payload, key):
    once = masked(payload, key)
    assert masked(once, key) == payload
    assert list(once) == [byte ^ mask for byte, mask in zip(payload, itertools.cycle(key), strict=False)]


def test_close_frame_says_its_code():
    (frame,) = read(close_frame(1000, masks))
    assert frame.opcode is Opcode.CLOSE
    assert frame.data == b"\x03\xe8"
