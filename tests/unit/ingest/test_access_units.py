import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import AccessUnitError
from common.frame import Frame
from common.h264 import NalType, parse_access_unit
from services.ingest.access_units import MALFORMED, NAL_LIMIT, NO_KEYFRAME, AccessUnits, Group
from tests.helpers.annex_b import CODE, IDR, PPS, SETS, SLICE, SPS_QVGA, SPS_VGA


def cause_of(units: AccessUnits, message: bytes) -> str:
    with pytest.raises(AccessUnitError) as caught:
        units.take(message)
    return caught.value.cause


def test_keyframe_with_its_parameter_sets_passes_untouched():
    message = SETS + CODE + IDR
    unit = AccessUnits().take(message)
    assert unit.payload is message
    assert (unit.key, unit.width, unit.height, unit.codec) == (True, 640, 480, "avc1.42C01E")
    assert unit.is_new_stream


def test_pictures_between_keyframes_pass_untouched_and_are_no_key():
    units = AccessUnits()
    units.take(SETS + CODE + IDR)
    unit = units.take(b"\x00\x00\x01" + SLICE)
    assert (unit.payload, unit.key, unit.is_new_stream) == (b"\x00\x00\x01" + SLICE, False, False)


def test_pictures_before_the_first_keyframe_are_dropped():
    units = AccessUnits()
    assert cause_of(units, CODE + SLICE) == NO_KEYFRAME
    assert cause_of(units, CODE + IDR) == NO_KEYFRAME
    assert units.take(SETS + CODE + IDR).key


def test_parameter_sets_that_come_alone_are_put_before_keyframes():
    units = AccessUnits()
    assert units.take(CODE + SPS_VGA) is None
    assert units.take(CODE + PPS) is None
    aud = b"\x09\x10"
    for _ in range(2):
        unit = units.take(CODE + aud + CODE + IDR)
        kinds = [nal[0] & 0x1F for nal in parse_access_unit(unit.payload).nals]
        assert kinds == [NalType.AUD, NalType.SPS, NalType.PPS, NalType.IDR]


def test_keyframe_that_brings_only_the_sps_gets_the_pps_kept_for_it():
    units = AccessUnits()
    units.take(SETS + CODE + IDR)
    unit = units.take(CODE + SPS_VGA + CODE + IDR)
    assert [nal[0] & 0x1F for nal in parse_access_unit(unit.payload).nals] == [7, 8, 5]


def test_new_size_is_a_new_stream_and_waits_for_its_keyframe():
    units = AccessUnits()
    units.take(SETS + CODE + IDR)
    assert units.take(CODE + SPS_QVGA + CODE + PPS) is None
    assert cause_of(units, CODE + SLICE) == NO_KEYFRAME
    unit = units.take(CODE + IDR)
    assert (unit.width, unit.height, unit.is_new_stream) == (320, 240, True)


def test_keyframe_with_a_new_sps_and_no_pps_is_dropped():
    units = AccessUnits()
    units.take(SETS + CODE + IDR)
    assert cause_of(units, CODE + SPS_QVGA + CODE + IDR) == NO_KEYFRAME


@pytest.mark.parametrize(
    "message",
    [CODE + b"\x67\x42" + CODE + PPS, (CODE + b"\x06") * (NAL_LIMIT + 1), CODE + b"\x67" + b"\x11" * 2000],
    ids=["broken SPS", "too many NAL units", "long SPS"],
)
def test_malformed_unit_is_dropped_and_what_refers_to_it_as_well(message):
    units = AccessUnits()
    units.take(SETS + CODE + IDR)
    assert cause_of(units, message) == MALFORMED
    assert cause_of(units, CODE + SLICE) == NO_KEYFRAME
    assert units.take(CODE + IDR).key


@given(st.lists(st.sampled_from([CODE, b"\x00\x00\x01", SPS_VGA, PPS, IDR, SLICE]) | st.binary(max_size=30)))
@settings(deadline=None)
def test_any_bytes_are_a_unit_or_an_access_unit_error(parts):
    units = AccessUnits()
    for message in (SETS + CODE + IDR, CODE + b"".join(parts), CODE + SLICE):
        try:
            unit = units.take(message)
        except AccessUnitError:
            continue
        assert unit is None or unit.payload


def frame(seq: int, *, key: bool, size: int = 10) -> Frame:
    return Frame(seq, 1, seq, seq, 640, 480, key=key, payload=bytes(size))


def test_group_begins_with_the_newest_keyframe():
    group = Group()
    for seq, key in enumerate([False, True, False, True, False, False]):
        group.add(frame(seq, key=key))
    assert [kept.seq for kept in group.frames()] == [3, 4, 5]


def test_group_that_grows_too_large_is_empty_until_the_next_keyframe():
    group = Group(limit_bytes=100)
    group.add(frame(0, key=True, size=60))
    group.add(frame(1, key=False, size=60))
    group.add(frame(2, key=False, size=1))
    assert group.frames() == ()
    group.add(frame(3, key=True, size=60))
    assert [kept.seq for kept in group.frames()] == [3]
