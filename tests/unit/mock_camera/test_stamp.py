from hypothesis import given
from hypothesis import strategies as st

from tools.mock_camera.stamp import HASH_BITS, NUMBER_BITS, STAMP_BITS, Stamp, camera_hash, parse_stamp, stamp_bits

stamps = st.builds(
    Stamp,
    st.integers(min_value=0, max_value=2**NUMBER_BITS - 1),
    st.integers(min_value=0, max_value=2**HASH_BITS - 1),
)


@given(stamps)
def test_stamp_survives_its_cells(stamp):
    bits = stamp_bits(stamp)
    assert len(bits) == STAMP_BITS
    assert parse_stamp(bits) == stamp


@given(stamps, st.integers(min_value=0, max_value=STAMP_BITS - 1), st.integers(min_value=0, max_value=STAMP_BITS - 1))
def test_stamp_with_one_or_two_cells_misread_is_none(stamp, one, other):
    bits = stamp_bits(stamp)
    for cell in {one, other}:
        bits[cell] = not bits[cell]
    assert parse_stamp(bits) is None


def test_plain_black_and_plain_white_are_no_stamp():
    assert parse_stamp([False] * STAMP_BITS) is None
    assert parse_stamp([True] * STAMP_BITS) is None


def test_too_few_or_too_many_cells_are_no_stamp():
    bits = stamp_bits(Stamp(7, 9))
    assert parse_stamp(bits[1:]) is None
    assert parse_stamp([False, *bits]) is None


def test_number_starts_again_after_its_last():
    assert parse_stamp(stamp_bits(Stamp(2**NUMBER_BITS + 5, 1))) == Stamp(5, 1)


def test_camera_hash_tells_neighbours_apart_and_ignores_capitals():
    hashes = {camera_hash(f"{name}-{number}") for name in ("cam", "porch", "garden") for number in range(1, 9)}
    assert len(hashes) == 24
    assert camera_hash("Porch") == camera_hash("porch")
