"""What a sequence parameter set says, against parameter sets that encoders really write."""

from fractions import Fraction

import av
import pytest
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from hypothesis import given
from hypothesis import strategies as st

from common.errors import CodecError
from common.h264 import NalType, parse_access_unit
from common.sps import Colour, declare_pace, parse_sps
from tests.helpers.annex_b import SPS_QVGA, SPS_VGA


def written_by_x264(width: int, height: int, layout: str = "yuv420p", **options: str) -> bytes:
    context = av.CodecContext.create("libx264", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, layout
    context.time_base, context.framerate, context.thread_count = Fraction(1, 30), Fraction(30), 1
    context.options = {"preset": "ultrafast", "tune": "zerolatency", **options}
    picture = VideoFrame(width, height, layout)
    for plane in picture.planes:
        # Not as it was allocated: 10-bit samples of more than 10 bits end the process (x264 asserts).
        plane.update(bytes(plane.buffer_size))
    unit = parse_access_unit(bytes(context.encode(picture)[0]))
    return unit.of_type(NalType.SPS)[0]


@pytest.mark.parametrize(
    ("width", "height"),
    [(640, 480), (800, 600), (1280, 720), (1600, 1200), (1920, 1080), (2048, 1536), (642, 362), (96, 96), (18, 34)],
)
def test_size_is_read_with_its_cropping(width, height):
    sps = parse_sps(written_by_x264(width, height))
    assert (sps.width, sps.height) == (width, height)


@pytest.mark.parametrize(
    ("options", "layout", "profile_idc", "chroma", "depth"),
    [
        ({"profile": "baseline"}, "yuv420p", 66, 1, 8),
        ({"profile": "main", "preset": "superfast"}, "yuv420p", 77, 1, 8),
        ({"profile": "high", "x264-params": "8x8dct=1"}, "yuv420p", 100, 1, 8),
        ({"profile": "high10"}, "yuv420p10le", 110, 1, 10),
        ({"profile": "high422"}, "yuv422p", 122, 2, 8),
        ({"profile": "high444"}, "yuv444p", 244, 3, 8),
        ({"x264-params": "cqm=jvt", "profile": "high"}, "yuv420p", 100, 1, 8),
        ({"x264-params": "interlaced=1"}, "yuv420p", 77, 1, 8),
    ],
)
def test_profile_is_read_with_the_fields_that_it_adds(options, layout, profile_idc, chroma, depth):
    sps = parse_sps(written_by_x264(720, 404 if "interlaced" in str(options) else 406, layout, **options))
    assert (sps.profile_idc, sps.chroma_format_idc, sps.bit_depth_luma) == (profile_idc, chroma, depth)
    assert sps.bit_depth_chroma == depth
    assert sps.width == 720


def test_codec_string_is_profile_constraints_and_level():
    sps = parse_sps(written_by_x264(640, 480, profile="baseline", level="31"))
    assert sps.codec == "avc1.42C01F"


def test_parameter_sets_without_colours_say_none():
    assert parse_sps(SPS_VGA).colour is None
    assert (parse_sps(SPS_QVGA).width, parse_sps(SPS_QVGA).height) == (320, 240)


def test_colours_are_read():
    sps = parse_sps(written_by_x264(64, 64, color_primaries="bt709", color_trc="iec61966-2-1", colorspace="smpte170m"))
    assert sps.colour == Colour(primaries=1, transfer=13, matrix=6, full_range=False)


@given(st.integers(1, 240_000))
def test_declared_pace_is_written_and_changes_nothing_else(millihertz):
    original = X264
    changed = declare_pace(original, millihertz)
    assert parse_sps(changed) == parse_sps(original)
    assert b"\0\0\0" not in changed
    assert b"\0\0\1" not in changed
    bits = int.from_bytes(changed[1:].replace(b"\0\0\3", b"\0\0"), "big")
    length = 8 * len(changed[1:].replace(b"\0\0\3", b"\0\0"))
    timing = bits >> (length - parse_sps(original).timing_bit - 65) & ((1 << 65) - 1)
    ticks, scale, is_fixed = timing >> 33, timing >> 1 & 0xFFFF_FFFF, timing & 1
    assert Fraction(scale, 2 * ticks) == Fraction(millihertz, 1000)
    assert not is_fixed


X264 = written_by_x264(640, 480, profile="baseline")


# By hand: a macroblock wide, a pair of them high (coded as fields), and no VUI.
PLAIN = bytes.fromhex("6742c00af7c0")


def test_plain_parameter_set_has_size_and_nothing_more():
    sps = parse_sps(PLAIN)
    assert (sps.width, sps.height, sps.colour, sps.timing_bit) == (16, 32, None, -1)


def test_pace_is_not_declared_where_no_timing_is():
    assert declare_pace(PLAIN, 25_000) == PLAIN


@pytest.mark.parametrize("nal", [b"", b"\x67", X264[:8], b"\x68" + X264[1:], b"\x67" + b"\0" * 40])
def test_parameter_set_that_breaks_off_is_refused(nal):
    with pytest.raises(CodecError):
        parse_sps(nal)


@given(st.binary(max_size=80))
def test_any_bytes_give_a_parameter_set_or_a_codec_error(data):
    try:
        sps = parse_sps(b"\x67" + data)
    except CodecError:
        return
    assert 0 < sps.width <= 16_880
    assert 0 < sps.height <= 16_880


@given(st.integers(0, len(X264) - 1), st.integers(0, 255))
def test_damaged_parameter_set_gives_one_or_a_codec_error(at, byte):
    damaged = bytearray(X264)
    damaged[at] = byte
    try:
        parse_sps(bytes(damaged))
    except CodecError:
        return
