"""Questions and answers between the library and its stills child: each direction is the other's test."""

import pytest

from common.errors import RecordingError, WireError
from services.library.still_wire import (
    LENGTHS,
    PAYLOAD_LIMIT_BYTES,
    Question,
    decode_answer,
    decode_question,
    encode_answer,
    encode_question,
    lengths,
)


def split(message: bytes) -> tuple[bytes, bytes]:
    header_bytes, payload_bytes = lengths(message[: LENGTHS.size])
    body = message[LENGTHS.size :]
    assert len(body) == header_bytes + payload_bytes
    return body[:header_bytes], body[header_bytes:]


@pytest.mark.parametrize(
    "question", [Question([b"key", b"", b"delta"], b"avcc", 120, 6), Question([b"\xff\xd8"], b"", 0, 3)]
)
def test_question_arrives_as_it_was(question):
    assert decode_question(*split(encode_question(question))) == question


def test_answer_arrives_as_it_was():
    assert decode_answer(*split(encode_answer(b"jpeg"))) == b"jpeg"


def test_childs_sentence_is_raised():
    with pytest.raises(RecordingError, match="no keyframe"):
        decode_answer(*split(encode_answer(b"", "no keyframe")))


@pytest.mark.parametrize("head", [LENGTHS.pack(1 << 30, 0), LENGTHS.pack(0, PAYLOAD_LIMIT_BYTES + 1), b"HTTP/1.1"])
def test_lengths_out_of_bounds_are_refused(head):
    with pytest.raises(WireError):
        lengths(head)


def test_too_much_to_decode_is_refused():
    with pytest.raises(RecordingError, match="between the keyframe"):
        encode_question(Question([bytes(PAYLOAD_LIMIT_BYTES), b"x"]))
