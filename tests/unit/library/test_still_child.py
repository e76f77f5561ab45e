"""What the stills child answers: pictures, and a sentence for whatever is damaged."""

import random

import pytest

from common.errors import RecordingError
from services.library.boxes import avcc_of
from services.library.still_child import answer
from services.library.still_wire import LENGTHS, Question, decode_answer, lengths
from tests.helpers.numbered import number_in, numbered, numbered_jpeg

GROUP = 6


def told(question: Question) -> bytes:
    """Return the JPEG of an answer; RecordingError with its sentence."""
    message = answer(question)
    header_bytes, _ = lengths(message[: LENGTHS.size])
    return decode_answer(message[LENGTHS.size :][:header_bytes], message[LENGTHS.size + header_bytes :])


def samples(count: int) -> list[bytes]:
    return [data for _, data in numbered(GROUP).samples[:count]]


def test_child_shows_the_last_of_the_samples():
    avcc = avcc_of(numbered(GROUP).init)
    assert [number_in(told(Question(samples(count), avcc))) for count in range(1, GROUP + 1)] == list(range(GROUP))


def test_child_makes_a_jpeg_smaller():
    assert number_in(told(Question([numbered_jpeg(9)], b"", 120))) == 9


@pytest.mark.parametrize("seed", range(30))
def test_child_has_an_answer_for_every_damage(seed):
    dice = random.Random(seed)
    damaged = [bytearray(data) for data in samples(3)]
    spoilt = dice.choice(damaged)
    for _ in range(dice.choice((1, 4, 40))):
        spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
    del spoilt[dice.choice((len(spoilt), len(spoilt), dice.randrange(len(spoilt)))) :]
    sentence = ""
    try:
        jpeg = told(Question([bytes(data) for data in damaged], avcc_of(numbered(GROUP).init)))
    except RecordingError as error:
        jpeg, sentence = b"", str(error)
    assert jpeg.startswith(b"\xff\xd8") or sentence.startswith("this footage cannot be decoded: ")


@pytest.mark.parametrize("question", [Question([b""], b"\x01"), Question([b""]), Question([b"\0" * 100], b"\x01\x42")])
def test_child_says_what_it_cannot_decode(question):
    with pytest.raises(RecordingError, match="cannot be decoded"):
        told(question)
