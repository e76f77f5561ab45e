"""Fragmented MP4 by hand: box by box, and as an outside demuxer reads it."""

import io
import struct

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import fmp4
from common.errors import CodecError
from common.h264 import AccessUnit
from common.sps import parse_sps
from tests.helpers.annex_b import IDR, PPS, SLICE, SPS_QVGA, SPS_VGA

KEY = AccessUnit((b"\x09\x10", SPS_VGA, PPS, IDR))
DELTA = AccessUnit((b"\x09\x30", SLICE))
# Media time is wall time: ticks since 1970 need more than 32 bits.
NOW_90K = 1_795_000_000 * 90_000


def boxes(data: bytes) -> dict[str, bytes]:
    """Return the bodies of a row of boxes by kind; they must fill it to the last byte."""
    found, at = {}, 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        assert 8 <= size <= len(data) - at
        found[kind.decode()] = data[at + 8 : at + size]
        at += size
    return found


def path(data: bytes, *kinds: str) -> bytes:
    for kind in kinds:
        data = boxes(data)[kind]
    return data


def sample_entry(init: bytes) -> dict[str, bytes]:
    stsd = path(init, "moov", "trak", "mdia", "minf", "stbl", "stsd")
    return boxes(boxes(stsd[8:])["avc1"][78:])


def test_init_segment_declares_size_and_timescale_and_no_edit_list():
    init = fmp4.init_segment(KEY)
    assert list(boxes(init)) == ["ftyp", "moov"]
    assert struct.unpack(">II", path(init, "moov", "trak", "tkhd")[-8:]) == (640 << 16, 480 << 16)
    assert struct.unpack_from(">I", path(init, "moov", "trak", "mdia", "mdhd"), 12) == (90_000,)
    assert "edts" not in boxes(path(init, "moov", "trak"))
    assert "mvex" in boxes(path(init, "moov"))


def test_decoder_configuration_holds_the_parameter_sets_once():
    doubled = AccessUnit((SPS_VGA, PPS, SPS_VGA, PPS, IDR))
    for unit in (KEY, doubled):
        config = sample_entry(fmp4.init_segment(unit))["avcC"]
        head = bytes((1, SPS_VGA[1], SPS_VGA[2], SPS_VGA[3], 0xFF))
        sets = b"\xe1" + struct.pack(">H", len(SPS_VGA)) + SPS_VGA + b"\1" + struct.pack(">H", len(PPS)) + PPS
        assert config == head + sets


def test_high_profile_adds_its_chroma_format_and_depths():
    high422 = bytes.fromhex("677a001fbcb2016050805bff0001000150")
    sps = parse_sps(high422)
    config = sample_entry(fmp4.init_segment(AccessUnit((high422, PPS, IDR))))["avcC"]
    assert config[-4:] == bytes((0xFC | sps.chroma_format_idc, 0xF8 | sps.bit_depth_luma - 8, 0xF8, 0))


def test_colours_are_told_as_the_parameter_set_tells_them():
    coloured = bytes.fromhex("6742c016da0280f69b8086832000000300200000030151e2c5d4")
    assert sample_entry(fmp4.init_segment(AccessUnit((coloured, PPS, IDR))))["colr"] == b"nclx\0\1\0\15\0\6\x80"
    assert "colr" not in sample_entry(fmp4.init_segment(KEY))


@pytest.mark.parametrize("nals", [(IDR,), (SPS_VGA, IDR), (PPS, IDR), (SLICE,), ()])
def test_init_segment_without_parameter_sets_is_refused(nals):
    with pytest.raises(CodecError):
        fmp4.init_segment(AccessUnit(nals))


@pytest.mark.parametrize(
    "sets", [(SPS_VGA, PPS + b"\1" * 70_000), (*(SPS_VGA + bytes((n,)) for n in range(1, 40)), PPS)]
)
def test_parameter_sets_beyond_what_an_mp4_holds_are_refused(sets):
    with pytest.raises(CodecError):
        fmp4.init_segment(AccessUnit((*sets, IDR)))


def test_samples_carry_neither_parameter_sets_nor_delimiters():
    mdat = path(fmp4.fragment(KEY, 1, 0, 3000), "mdat")
    assert mdat == struct.pack(">I", len(IDR)) + IDR


@pytest.mark.parametrize(("unit", "flags"), [(KEY, 0x0200_0000), (DELTA, 0x0101_0000)])
def test_fragment_tells_time_duration_and_whether_it_is_a_keyframe(unit, flags):
    data = fmp4.fragment(unit, 7, NOW_90K, 3600)
    assert list(boxes(data)) == ["moof", "mdat"]
    traf = boxes(path(data, "moof", "traf"))
    assert path(data, "moof", "mfhd") == struct.pack(">II", 0, 7)
    assert traf["tfhd"] == struct.pack(">II", 0x02_0000, 1)
    assert traf["tfdt"] == struct.pack(">IQ", 1 << 24, NOW_90K)
    trun_flags, count, offset, *sample = struct.unpack(">IIiIII", traf["trun"])
    mdat = path(data, "mdat")
    assert (trun_flags, count) == (0x701, 1)
    assert data[offset:] == mdat
    assert sample == [3600, len(mdat), flags]


@given(
    st.lists(st.binary(min_size=1, max_size=300), max_size=5), st.integers(0, (1 << 64) - 1), st.integers(0, 1 << 40)
)
def test_decode_time_lies_where_it_is_said_to(nals, time_90k, sequence):
    data = fmp4.fragment(AccessUnit(tuple(nals)), sequence, time_90k, 1)
    assert int.from_bytes(data[fmp4.TFDT_OFFSET : fmp4.TFDT_OFFSET + 8], "big") == time_90k
    assert list(boxes(data)) == ["moof", "mdat"]


def test_outside_demuxer_reads_times_and_samples():
    units = [(KEY, 0), (DELTA, 3600), (DELTA, 180_000), (AccessUnit((SPS_VGA, PPS, IDR)), 183_000)]
    data = fmp4.init_segment(KEY)
    for number, (unit, at) in enumerate(units, 1):
        data += fmp4.fragment(unit, number, NOW_90K + at, 3000)
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        assert stream.codec_context.extradata == sample_entry(data[: data.index(b"moof") - 4])["avcC"]
    assert [packet.pts for packet in packets] == [NOW_90K + at for _, at in units]
    assert [packet.is_keyframe for packet in packets] == [True, False, False, True]
    assert bytes(packets[1]) == struct.pack(">I", len(SLICE)) + SLICE


def test_another_size_makes_another_init_segment():
    assert fmp4.init_segment(AccessUnit((SPS_QVGA, PPS, IDR))) != fmp4.init_segment(KEY)
