from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.annexb import unit_ends, units

LONG, SHORT = b"\0\0\0\1", b"\0\0\1"
SPS, PPS, SEI = b"\x67\x42\xc0\x1e", b"\x68\xce\x38\x80", b"\x06\x05\x01\x80"
IDR, SLICE = b"\x65\x88\x84\x21", b"\x41\x9a\x24\x6c"
SECOND_SLICE = b"\x41\x35\x55\x55"  # first_mb_in_slice is not 0

KEY = LONG + SPS + LONG + PPS + SHORT + SEI + SHORT + IDR
DELTA = LONG + SLICE


def test_stream_is_cut_where_the_next_picture_begins():
    assert list(units(KEY + DELTA + DELTA + KEY)) == [KEY, DELTA, DELTA, KEY]


def test_slices_of_one_picture_stay_together():
    halves = LONG + SLICE + SHORT + SECOND_SLICE
    assert list(units(KEY + halves + DELTA)) == [KEY, halves, DELTA]


def test_parameter_sets_belong_to_the_picture_that_follows():
    assert next(units(DELTA + LONG + SPS + LONG + PPS + LONG + SLICE)) == DELTA


def test_stream_without_a_picture_has_no_unit():
    assert unit_ends(LONG + SPS) == []
    assert unit_ends(b"") == []


@given(st.lists(st.sampled_from([KEY, DELTA]), min_size=1))
def test_units_are_the_stream_whatever_follows_what(parts):
    assert list(units(b"".join(parts))) == parts


@given(st.binary(max_size=200))
def test_ends_grow_and_stay_inside_of_any_bytes(stream):
    ends = unit_ends(stream)
    assert all(0 < end <= len(stream) for end in ends)
    assert all(first < second for first, second in pairwise(ends))
