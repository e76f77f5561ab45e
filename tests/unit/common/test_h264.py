"""Access units with start codes into NAL units and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.h264 import AccessUnit, NalType, has_start_code, nal_type, parse_access_unit, to_annex_b

SPS, PPS, IDR, SLICE, AUD = b"\x67\x42\xc0\x1e\x95", b"\x68\xce\x0f", b"\x65\x88\x84\x11", b"\x41\x9a\x02", b"\x09\x10"


@pytest.mark.parametrize("code", [b"\0\0\1", b"\0\0\0\1"])
def test_access_unit_is_split_at_start_codes_of_either_length(code):
    unit = parse_access_unit(code + SPS + code + PPS + code + IDR)
    assert unit.nals == (SPS, PPS, IDR)


def test_zero_bytes_before_a_start_code_belong_to_no_nal_unit():
    assert parse_access_unit(b"\0\0\1" + SPS + b"\0\0\0\0\1" + IDR + b"\0\0\0").nals == (SPS, IDR)


def test_bytes_before_the_first_start_code_are_ignored():
    assert parse_access_unit(b"\xff\xd8junk\0\0\1" + IDR).nals == (IDR,)


@pytest.mark.parametrize("message", [b"", b"\0\0\1", b"\0\0\1\0\0\1", b"no start code at all", b"\0" * 40])
def test_message_without_nal_unit_gives_an_empty_unit(message):
    unit = parse_access_unit(message)
    assert unit == AccessUnit(())
    assert not unit.is_key
    assert not unit.has_picture


def test_keyframe_is_what_holds_an_idr():
    assert AccessUnit((AUD, SPS, PPS, IDR)).is_key
    assert not AccessUnit((AUD, SLICE)).is_key
    assert not AccessUnit((SPS, PPS)).is_key


def test_picture_is_what_holds_a_slice():
    assert AccessUnit((SLICE,)).has_picture
    assert AccessUnit((SPS, IDR)).has_picture
    assert not AccessUnit((AUD, SPS, PPS)).has_picture


def test_units_are_picked_by_type_in_their_order():
    other = SPS + b"\x01"
    unit = AccessUnit((SPS, other, PPS, IDR))
    assert unit.of_type(NalType.SPS) == (SPS, other)
    assert unit.of_type(NalType.AUD) == ()
    assert nal_type(PPS) == NalType.PPS


@pytest.mark.parametrize(
    ("message", "expected"),
    [(b"\0\0\0\1\x67", True), (b"\0\0\1\x67", True), (b"\xff\xd8\xff\xe0", False), (b"", False), (b"\0\0\0", False)],
)
def test_start_code_tells_h264_from_jpeg(message, expected):
    assert has_start_code(message) is expected


# What a NAL unit may be: not empty, no start code inside (emulation prevention), no zero at its end.
nal_units = (
    st.binary(min_size=1, max_size=60)
    .map(lambda data: data.replace(b"\0\0", b"\0\3").rstrip(b"\0"))
    .filter(bool)
    .filter(lambda data: b"\0\0\1" not in data)
)


@given(st.lists(nal_units, max_size=8))
def test_nal_units_survive_the_way_to_start_codes_and_back(nals):
    assert parse_access_unit(to_annex_b(tuple(nals))).nals == tuple(nals)


@given(st.binary(max_size=400))
def test_any_bytes_are_split_without_an_error(data):
    for nal in parse_access_unit(data).nals:
        assert nal
        assert b"\0\0\1" not in nal
        assert not nal.endswith(b"\0")
