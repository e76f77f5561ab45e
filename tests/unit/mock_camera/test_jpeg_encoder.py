import pytest

from common.codec import JpegEncoder
from common.errors import CodecError


@pytest.mark.parametrize(("width", "height"), [(64, 64), (161, 121), (176, 144), (800, 600)])
def test_jpeg_encoder_takes_planes_of_any_size(width, height):
    half = (width + 1) // 2
    jpeg = JpegEncoder(width, height, 6).encode(bytes(width * height), bytes(half * height), bytes(half * height))
    frame_header = jpeg.index(b"\xff\xc0")
    assert jpeg[frame_header + 5 : frame_header + 9] == height.to_bytes(2) + width.to_bytes(2)
    luma, *chroma = (divmod(jpeg[frame_header + 11 + 3 * component], 16) for component in range(3))
    # FFmpeg writes 2x2, 1x2, 1x2 where a sensor writes 2x1, 1x1, 1x1; the ratio is what counts: half across, all down.
    assert chroma == [(luma[0] // 2, luma[1])] * 2


@pytest.mark.parametrize("lengths", [(4095, 2048, 2048), (4096, 2048, 2047), (4096, 4096, 2048)])
def test_jpeg_encoder_refuses_planes_of_another_size(lengths):
    with pytest.raises(CodecError, match=r"bytes where \d+x64 needs"):
        JpegEncoder(64, 64, 6).encode(*(bytes(length) for length in lengths))


def test_jpeg_encoder_gives_one_jpeg_a_picture_and_keeps_none_back():
    encoder = JpegEncoder(64, 64, 6)
    pictures = [bytes([level]) * 4096 for level in (0, 128, 255)]
    jpegs = [encoder.encode(luma, b"\x80" * 2048, b"\x80" * 2048) for luma in pictures]
    assert len(set(jpegs)) == 3
    assert all(jpeg.startswith(b"\xff\xd8") and jpeg.endswith(b"\xff\xd9") for jpeg in jpegs)
    assert encoder.encode(pictures[0], b"\x80" * 2048, b"\x80" * 2048) == jpegs[0]
