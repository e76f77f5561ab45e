"""JPEG to 4:2:0 bit by bit, and what is promised of every encoder: one access unit out for each picture in."""

from fractions import Fraction

import pytest
from av.video.frame import VideoFrame

from common.codec import H264Encoder, JpegDecoder, JpegEncoder
from common.encoders import EncoderOptions, codec_options, level_for
from common.errors import CodecError
from common.h264 import AccessUnit, NalType, nal_type, to_annex_b
from common.sps import Colour, declare_pace, parse_sps
from tests.helpers.jpegs import REAL_JPEGS
from tests.helpers.video import decode_h264, grey_jpeg, jpeg, reference, rows, to_rgb, to_samples

# The decoder pads SVGA's lines to 896 and UXGA's to 1664 bytes; VGA's and HD's not at all.
SIZES = [(640, 480), (800, 600), (1280, 720), (1600, 1200), (320, 240), (96, 96), (16, 16), (2, 2)]
ODD_SIZES = [(641, 480), (640, 481), (801, 601), (33, 17), (3, 3)]


def cropped(plane: list[bytes], width: int, height: int, step: int = 1) -> list[bytes]:
    return [line[:width] for line in plane[::step][:height]]


@pytest.mark.parametrize(("width", "height"), SIZES + ODD_SIZES)
@pytest.mark.parametrize(("layout", "step"), [("yuvj422p", 2), ("yuvj420p", 1)])
def test_decoder_gives_the_planes_as_they_are_but_for_every_second_chroma_row(width, height, layout, step):
    data = jpeg(width, height, layout, seed=width)
    luma, cb, cr = rows(reference(data))
    even_width, even_height = width & ~1, height & ~1
    picture = JpegDecoder().decode(data)
    assert (picture.width, picture.height) == (even_width, even_height)
    half = even_width // 2, even_height // 2
    assert rows(picture) == [
        cropped(luma, even_width, even_height),
        cropped(cb, *half, step),
        cropped(cr, *half, step),
    ]


@pytest.mark.parametrize(("width", "height"), [(64, 64), (800, 600), (101, 61)])
def test_decoder_keeps_444_luma_and_halves_its_chroma(width, height):
    data = jpeg(width, height, "yuvj444p", fill=(90, 70, 200))
    luma, cb, cr = rows(JpegDecoder().decode(data))
    assert luma == cropped(rows(reference(data))[0], width & ~1, height & ~1)
    assert {sample for line in cb for sample in line} <= {69, 70, 71}
    assert {sample for line in cr for sample in line} <= {199, 200, 201}
    assert (len(cb), len(cb[0])) == (height // 2, width // 2)


@pytest.mark.parametrize(("width", "height"), [(64, 48), (800, 600), (35, 21)])
def test_decoder_gives_grey_its_luma_and_neutral_chroma(width, height):
    data = grey_jpeg(width, height, lambda column, row: (column * 17 + row * 29) % 256)
    luma, cb, cr = rows(JpegDecoder().decode(data))
    assert luma[0][:16] == bytes(8) + b"\x11" * 8
    assert luma == [bytes((x // 8 * 17 + y // 8 * 29) % 256 for x in range(width & ~1)) for y in range(height & ~1)]
    assert cb == cr == [b"\x80" * (width // 2)] * (height // 2)


@pytest.mark.parametrize("keep", [0, 1, 2, 20, 400, 0.3, 0.6, 0.95])
def test_decoder_refuses_a_truncated_jpeg_and_goes_on(keep):
    decoder = JpegDecoder()
    whole = jpeg(320, 240)
    with pytest.raises(CodecError):
        decoder.decode(whole[: keep if keep >= 1 or keep == 0 else int(len(whole) * keep)])
    assert decoder.decode(whole).width == 320


def test_decoder_refuses_a_spliced_jpeg():
    first, second = jpeg(320, 240, seed=1), jpeg(320, 240, seed=2)
    with pytest.raises(CodecError):
        JpegDecoder().decode(first[: len(first) // 2] + second)


def test_decoder_refuses_what_is_no_jpeg():
    for junk in (b"\xff\xd8junk", b"\0\0\0\1\x67", b"GIF89a" + bytes(500)):
        with pytest.raises(CodecError):
            JpegDecoder().decode(junk)


def test_decoder_refuses_a_header_of_gigabytes():
    data = bytearray(jpeg(64, 64))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xdc\xff\xdc"
    with pytest.raises(CodecError):
        JpegDecoder().decode(bytes(data))


def test_pictures_outlive_the_decoder_and_the_next_jpeg():
    decoder = JpegDecoder()
    data = jpeg(160, 120, seed=1)
    picture = decoder.decode(data)
    before = rows(picture)
    for seed in range(2, 20):
        decoder.decode(jpeg(160, 120, seed=seed))
    del decoder
    assert rows(picture) == before


@pytest.mark.skipif(not REAL_JPEGS.is_dir(), reason="no real frames on this machine")
def test_decoder_takes_real_frames():
    paths = sorted(REAL_JPEGS.glob("*.jpg"))
    assert paths
    for path in paths:
        data = path.read_bytes()
        luma, cb, _cr = rows(JpegDecoder().decode(data))
        source = rows(reference(data))
        assert luma == source[0]
        assert cb == source[1][::2]


def encode(pictures: list[VideoFrame], *, keys: set[int] = frozenset(), **options: object) -> list[AccessUnit]:
    encoder = H264Encoder(EncoderOptions(pictures[0].width, pictures[0].height, **options))
    return [encoder.encode(each, at * 3000, idr=at in keys) for at, each in enumerate(pictures)]


def pictures(count: int, width: int = 320, height: int = 240) -> list[VideoFrame]:
    decoder = JpegDecoder()
    return [decoder.decode(jpeg(width, height, seed=seed % 7)) for seed in range(count)]


@pytest.mark.parametrize("preset", ["ultrafast", "superfast", "veryfast"])
def test_encoder_gives_one_picture_for_each_picture_at_once(preset):
    units = encode(pictures(12), preset=preset)
    assert [sum(nal_type(nal) in (NalType.SLICE, NalType.IDR) for nal in unit.nals) for unit in units] == [1] * 12
    assert len(decode_h264(to_annex_b(unit.nals) for unit in units)) == 12


@pytest.mark.parametrize("preset", ["ultrafast", "superfast", "veryfast", "medium"])
def test_keyframes_come_where_they_are_asked_for_and_nowhere_else(preset):
    # Different noise in each picture: a scene cut at every one, if the encoder cared.
    units = encode(pictures(40), keys={5, 6, 30}, preset=preset)
    assert [at for at, unit in enumerate(units) if unit.is_key] == [0, 5, 6, 30]
    for unit in units:
        kinds = [nal_type(nal) for nal in unit.nals]
        assert NalType.AUD not in kinds
        assert (kinds[:2] == [NalType.SPS, NalType.PPS]) is unit.is_key


def test_long_group_has_no_keyframe_of_the_encoders_own():
    units = encode(pictures(7, 64, 64) * 80)
    assert [at for at, unit in enumerate(units) if unit.is_key] == [0]


def test_stream_is_constrained_baseline_and_says_its_colours():
    sps = parse_sps(encode(pictures(1))[0].of_type(NalType.SPS)[0])
    assert sps.profile_idc == 66
    assert sps.constraints & 0xC0 == 0xC0
    assert sps.colour == Colour(primaries=1, transfer=13, matrix=6, full_range=True)
    assert (sps.width, sps.height) == (320, 240)


@pytest.mark.parametrize("colour", [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 120, 40)])
def test_colour_at_720p_is_read_back_within_4_levels(colour):
    y, cb, cr = to_samples(*colour)
    camera = JpegEncoder(1280, 720, 3)
    data = camera.encode(bytes((y,)) * 1280 * 720, bytes((cb,)) * 640 * 720, bytes((cr,)) * 640 * 720)
    units = encode([JpegDecoder().decode(data)] * 3)
    shown = decode_h264(to_annex_b(unit.nals) for unit in units)[-1]
    assert shown.colorspace == 6
    assert shown.color_range == 2
    read = to_rgb(*(plane[len(plane) // 2][len(plane[0]) // 2] for plane in rows(shown)))
    assert all(abs(channel - wanted) <= 4 for channel, wanted in zip(read, colour, strict=True)), read


@pytest.mark.parametrize("pace_hz", [5, 30])
def test_bit_rate_is_kept_at_the_declared_pace_and_a_keyframe_is_bounded(pace_hz):
    seconds, kbps = 6, 400
    units = encode(
        pictures(7) * (seconds * pace_hz // 7 + 1), keys={0, 3 * pace_hz}, pace_hz=Fraction(pace_hz), bitrate_kbps=kbps
    )
    sizes = [len(to_annex_b(unit.nals)) for unit in units]
    second = seconds - 2
    for start in range(0, second * pace_hz, pace_hz):
        assert sum(sizes[start : start + 2 * pace_hz]) * 8 < 2.7 * kbps * 1000
    assert sum(sizes) * 8 > 0.6 * kbps * 1000 * seconds
    assert max(sizes) * 8 < 0.5 * kbps * 1000


def test_parameter_sets_do_not_depend_on_the_pace():
    first = [encode(pictures(1), pace_hz=Fraction(hz))[0] for hz in (5, 12, 25)]
    assert len({declare_pace(unit.of_type(NalType.SPS)[0], 25_000) for unit in first}) == 1
    assert len({unit.of_type(NalType.PPS) for unit in first}) == 1


@pytest.mark.parametrize("encoder", ["h264_amf", "no_such_encoder"])
def test_encoder_that_the_machine_lacks_is_a_codec_error(encoder, monkeypatch):
    # AMD's library is on no machine of ours; what it would be told does not matter.
    monkeypatch.setattr("common.codec.codec_options", lambda _options: {})
    with pytest.raises(CodecError, match=encoder):
        encode(pictures(2), encoder=encoder)


def test_every_encoder_is_told_to_make_no_b_frames_and_keyframes_on_demand_only():
    for encoder in ("libx264", "h264_nvenc", "h264_qsv", "h264_v4l2m2m"):
        options = codec_options(EncoderOptions(640, 480, encoder=encoder))
        assert options["bf"] == "0"
        assert int(options["g"]) >= 1 << 30


@pytest.mark.parametrize(
    ("width", "height", "pace", "kbps", "level"),
    [
        (320, 240, 25, 1500, 30),
        (640, 480, 30, 1500, 30),
        (640, 480, 60, 1500, 31),
        (1280, 720, 30, 4000, 31),
        (1600, 1200, 15, 4000, 40),
        (1920, 1080, 30, 4000, 40),
        (2048, 1536, 10, 4000, 50),
        (640, 480, 30, 30_000, 41),
        (16_000, 16_000, 60, 1500, 52),
    ],
)
def test_level_fits_size_pace_and_bit_rate(width, height, pace, kbps, level):
    assert level_for(EncoderOptions(width, height, pace_hz=Fraction(pace), bitrate_kbps=kbps)) == level
