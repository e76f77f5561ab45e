import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import RecordingError
from common.recordings.spool import (
    SKIP,
    Original,
    SpoolFacts,
    decode_end,
    decode_original,
    encode_end,
    encode_original,
    parse_header,
    parse_spool_head,
    skip_header,
    spool_head,
    spool_head_size,
)
from tests.helpers.recording_files import START_NS

FACTS = SpoolFacts("porch", START_NS, 5)
HEAD = spool_head(FACTS)
uints = st.integers(0, (1 << 63) - 1)


def test_head_gives_back_its_facts():
    assert spool_head_size(HEAD) == len(HEAD)
    assert parse_spool_head(HEAD) == FACTS


def test_damaged_head_is_refused():
    for index in range(len(HEAD)):
        changed = bytearray(HEAD)
        changed[index] ^= 1
        with pytest.raises(RecordingError):
            parse_spool_head(bytes(changed)[: spool_head_size(bytes(changed))])


@given(uints, uints, uints, st.binary(max_size=100), st.dictionaries(st.text(max_size=8), uints, max_size=3))
def test_original_comes_back_bit_for_bit(time_ns, seq, source, jpeg, skipped):
    original = Original(time_ns, seq, source, 640, 480, jpeg, skipped)
    data = encode_original(original)
    header = parse_header(data)
    assert header is not None
    assert header.size_bytes == len(data)
    assert decode_original(data) == original


def test_every_changed_byte_of_a_record_is_noticed():
    data = encode_original(Original(1, 2, 3, 4, 5, b"picture", {"bus": 1}))
    for index in range(len(data)):
        changed = bytearray(data)
        changed[index] ^= 0x40
        assert decode_original(bytes(changed)) is None, index


def test_end_comes_back_and_every_changed_byte_is_noticed():
    data = encode_end(START_NS)
    assert decode_end(data) == START_NS
    assert decode_original(data) is None
    for index in range(len(data)):
        changed = bytearray(data)
        changed[index] ^= 0x40
        assert decode_end(bytes(changed)) is None, index


@given(st.binary(max_size=60))
def test_parsers_take_anything(data):
    parse_header(data)
    assert decode_end(data) is None
    assert decode_original(data) is None


def test_skip_fills_its_stretch():
    header = parse_header(skip_header(77))
    assert header is not None
    assert (header.magic, header.size_bytes) == (SKIP, 77)
