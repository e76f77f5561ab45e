"""H.264 back into pictures, from an MP4's samples and from Annex B; pictures into JPEGs of any height."""

import pytest
from av.video.frame import VideoFrame

from common.codec import H264Decoder, H264Encoder, JpegDecoder, picture_jpeg, scaled
from common.encoders import EncoderOptions
from common.errors import CodecError
from common.fmp4 import TFDT_OFFSET, fragment, init_segment
from common.h264 import AccessUnit, to_annex_b
from tests.helpers.video import jpeg, reference, rows

FULL_RANGE = 2


def pictures(count: int, width: int = 320, height: int = 240) -> list[VideoFrame]:
    return [JpegDecoder().decode(jpeg(width, height, fill=(40 + 20 * at, 100, 150))) for at in range(count)]


def encode(shown: list[VideoFrame]) -> list[AccessUnit]:
    encoder = H264Encoder(EncoderOptions(shown[0].width, shown[0].height))
    return [encoder.encode(picture, at * 3600, idr=at == 0) for at, picture in enumerate(shown)]


def avcc_of(key: AccessUnit) -> bytes:
    init = init_segment(key)
    at = init.index(b"avcC")
    return init[at + 4 : at - 4 + int.from_bytes(init[at - 4 : at], "big")]


def sample_of(unit: AccessUnit) -> bytes:
    message = fragment(unit, 1, 0, 3600)
    return message[message.index(b"mdat", TFDT_OFFSET) + 4 :]


def luma(picture: VideoFrame) -> int:
    line = rows(picture)[0][picture.height // 2]
    return round(sum(line) / len(line))


def test_decoder_gives_each_samples_picture_at_once():
    units = encode(pictures(6))
    decoder = H264Decoder(avcc_of(units[0]))
    shown = [decoder.decode(sample_of(unit)) for unit in units]
    assert [abs(luma(picture) - (40 + 20 * at)) <= 2 for at, picture in enumerate(shown)] == [True] * 6


def test_decoder_takes_annex_b_without_a_configuration():
    units = encode(pictures(3))
    decoder = H264Decoder()
    assert [(decoder.decode(to_annex_b(unit.nals))).width for unit in units] == [320] * 3


@pytest.mark.parametrize("keep", [0, 1, 3, 4, 20, 0.5])
def test_decoder_refuses_a_truncated_sample(keep):
    key = encode(pictures(1))[0]
    sample = sample_of(key)
    decoder = H264Decoder(avcc_of(key))
    with pytest.raises(CodecError):
        decoder.decode(sample[: keep if isinstance(keep, int) else int(len(sample) * keep)])


def test_decoder_refuses_a_picture_whose_keyframe_it_has_not_seen():
    units = encode(pictures(2))
    with pytest.raises(CodecError, match="0 pictures"):
        H264Decoder(avcc_of(units[0])).decode(sample_of(units[1]))


@pytest.mark.parametrize("avcc", [b"\x01", b"\x01\x02\x03", bytes(40)])
def test_decoder_refuses_a_foreign_configuration(avcc):
    key = encode(pictures(1))[0]
    with pytest.raises(CodecError):
        H264Decoder(avcc).decode(sample_of(key))


def test_decoder_refuses_what_is_no_stream():
    with pytest.raises(CodecError):
        H264Decoder().decode(b"\xff\xd8\xff" + bytes(range(200)))


@pytest.mark.parametrize(
    ("height", "size"), [(0, (320, 240)), (240, (320, 240)), (120, (160, 120)), (90, (120, 90)), (1080, (320, 240))]
)
def test_jpeg_of_a_picture_has_the_height_asked_for_and_is_never_larger(height, size):
    back = reference(picture_jpeg(pictures(1)[0], height))
    assert (back.width, back.height) == size


@pytest.mark.parametrize(("width", "height"), [(2000, 2), (2, 2000)])
def test_jpeg_of_a_strip_keeps_both_its_sides(width, height):
    back = reference(picture_jpeg(pictures(1, width, height)[0], 90))
    assert back.width >= 1
    assert back.height == min(90, height)


def test_jpeg_of_a_picture_keeps_its_colours():
    y, cb, cr = (round(sum(plane[4]) / len(plane[4])) for plane in rows(reference(picture_jpeg(pictures(2)[1], 120))))
    assert (abs(y - 60) <= 1, abs(cb - 100) <= 1, abs(cr - 150) <= 1) == (True, True, True)


@pytest.mark.parametrize("level", [16, 126, 235])
def test_jpeg_of_a_picture_of_studio_levels_is_stretched(level):
    picture = VideoFrame(64, 64, "yuv420p")
    picture.color_range = 1
    for plane, value in zip(picture.planes, (level, 128, 128), strict=True):
        plane.update(bytes((value,)) * plane.buffer_size)
    assert abs(luma(reference(picture_jpeg(picture))) - round((level - 16) * 255 / 219)) <= 1


def test_scaled_picture_is_what_an_encoder_of_that_size_takes():
    small = scaled(pictures(1)[0], 160, 120)
    assert (small.width, small.height, small.format.name, small.color_range) == (160, 120, "yuv420p", FULL_RANGE)
    unit = H264Encoder(EncoderOptions(160, 120)).encode(small, 0, idr=True)
    assert abs(luma(H264Decoder().decode(to_annex_b(unit.nals))) - 40) <= 2


def test_picture_that_fits_is_left_as_it_is():
    picture = pictures(1)[0]
    assert rows(scaled(picture, 320, 240)) == rows(picture)
