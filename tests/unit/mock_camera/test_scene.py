"""The scene through real codecs: decoded JPEGs, and H.264 at a bit rate that hurts."""

from fractions import Fraction

import av
import pytest

from tests.helpers.picture import patch_errors, read_patches, read_stamp, read_stamp_rgb
from tools.mock_camera.background import backgrounds
from tools.mock_camera.canvas import Canvas
from tools.mock_camera.scene import Scene, clock_text, qscale
from tools.mock_camera.sizes import SIZES, Size
from tools.mock_camera.stamp import Stamp, camera_hash

NOON_NS = 1_800_014_400_000_000_000
FRAME_NS = 40_000_000
PORCH = camera_hash("porch")
SIZES_TO_READ = [*SIZES.values(), Size(64, 64), Size(96, 96), Size(321, 241), Size(162, 122)]


@pytest.fixture(scope="module")
def vga():
    return Scene("porch", SIZES["vga"])


def decode(jpeg: bytes) -> av.VideoFrame:
    context = av.CodecContext.create("mjpeg", "r")
    context.options = {"err_detect": "explode"}
    (picture,) = context.decode(av.Packet(jpeg))
    return picture


def stamp_of(picture: av.VideoFrame) -> Stamp | None:
    luma = picture.planes[0]
    return read_stamp(bytes(luma), picture.width, picture.height, luma.line_size)


def rgb_of(picture: av.VideoFrame, width: int, height: int, layout: str = "rgba") -> tuple[bytes, int]:
    plane = picture.reformat(width=width, height=height, format=layout).planes[0]
    return bytes(plane), plane.line_size


def segments(jpeg: bytes) -> list[int]:
    """Walk a JPEG's segments up to its scan; return their markers."""
    assert jpeg[:2] == b"\xff\xd8"
    position, markers = 2, []
    while not markers or markers[-1] != 0xDA:
        assert jpeg[position] == 0xFF
        markers.append(jpeg[position + 1])
        position += 2 + int.from_bytes(jpeg[position + 2 : position + 4])
    scan = jpeg[position:-2]
    assert jpeg[-2:] == b"\xff\xd9"
    assert scan.count(b"\xff") == scan.count(b"\xff\x00"), "a marker within the scan"
    return markers


@pytest.mark.parametrize("size", SIZES_TO_READ, ids=str)
def test_stamp_is_read_back_from_the_jpeg_at_any_size(size):
    picture = decode(Scene("porch", size).jpeg(1_234_567, NOON_NS))
    assert (picture.width, picture.height) == size
    assert stamp_of(picture) == Stamp(1_234_567, PORCH)


@pytest.mark.parametrize("size", [SIZES["qqvga"], SIZES["qvga"], SIZES["vga"], SIZES["hd"]], ids=str)
def test_stamp_is_read_back_after_h264_at_300_kbit(size):
    scene, encoder, decoder = Scene("porch", size), h264_encoder(size, 300_000), av.CodecContext.create("h264", "r")
    seen = []
    for number in range(100, 112):
        picture = decode(scene.jpeg(number, NOON_NS + number * FRAME_NS)).reformat(format="yuv420p")
        picture.pts, picture.pict_type = number, 0
        seen += [stamp_of(shown) for packet in encoder.encode(picture) for shown in decoder.decode(packet)]
    assert seen == [Stamp(number, PORCH) for number in range(100, 112)]


def h264_encoder(size: Size, bits_per_s: int) -> av.VideoCodecContext:
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = size.width, size.height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
    encoder.bit_rate = bits_per_s
    rate = str(bits_per_s)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "maxrate": rate, "bufsize": rate}
    return encoder


@pytest.mark.parametrize(("width", "height"), [(100, 75), (190, 143), (390, 292), (1440, 1080)])
def test_stamp_is_read_back_from_scaled_pixels(vga, width, height):
    pixels, stride = rgb_of(decode(vga.jpeg(77, NOON_NS)), width, height)
    assert read_stamp_rgb(pixels, width, height, 4, stride) == Stamp(77, PORCH)
    pixels, stride = rgb_of(decode(vga.jpeg(78, NOON_NS)), width, height, "rgb24")
    assert read_stamp_rgb(pixels, width, height, 3, stride) == Stamp(78, PORCH)


@pytest.mark.parametrize("grey", [0, 16, 128, 235, 255])
def test_no_stamp_is_found_in_a_plain_picture(grey):
    assert read_stamp(bytes([grey]) * 640 * 480, 640, 480) is None
    assert read_stamp_rgb(bytes([grey]) * 640 * 480 * 4, 640, 480) is None


def test_no_stamp_is_found_in_half_of_two_pictures(vga):
    upper, lower = decode(vga.jpeg(1, NOON_NS)), decode(vga.jpeg(0xFFFFFF, NOON_NS))
    half = 640 * 400  # the cut goes through the block code's second line
    torn = bytes(upper.planes[0])[:half] + bytes(lower.planes[0])[half:]
    assert read_stamp(torn, 640, 480) is None


def test_two_cameras_have_different_stamps_and_tints():
    one, other = (decode(Scene(name, SIZES["qvga"]).jpeg(5, NOON_NS)) for name in ("porch-1", "porch-2"))
    assert stamp_of(one) != stamp_of(other)
    assert bytes(one.planes[1]) != bytes(other.planes[1])


@pytest.mark.parametrize("size", [SIZES["vga"], SIZES["hd"]], ids=str)
def test_patches_are_read_back_within_2_levels(size):
    pixels, stride = rgb_of(decode(Scene("porch", size).jpeg(3, NOON_NS)), *size)
    assert max(patch_errors(read_patches(pixels, *size, 4, stride)).values()) <= 2


def test_patches_betray_a_wrong_matrix():
    picture = decode(Scene("porch", SIZES["hd"]).jpeg(3, NOON_NS))
    plane = picture.reformat(format="rgba", src_colorspace="itu709").planes[0]
    errors = patch_errors(read_patches(bytes(plane), *SIZES["hd"], 4, plane.line_size))
    assert max(errors.values()) > 8


def test_jpeg_is_as_an_ov2640_sends_it(vga):
    jpeg = vga.jpeg(3, NOON_NS)
    # APP0, DQT, DHT, SOF0, SOS; the sensor has its tables in several segments.
    assert segments(jpeg) == [0xE0, 0xDB, 0xC4, 0xC0, 0xDA]
    assert jpeg[6:11] == b"JFIF\0"
    picture = decode(jpeg)
    assert picture.format.name == "yuvj422p"
    assert picture.color_range == 2


def test_jpeg_is_as_large_as_an_ov2640s(vga):
    sizes = [len(vga.jpeg(number, NOON_NS + number * FRAME_NS)) for number in range(0, 100, 10)]
    assert 20_000 <= min(sizes) <= max(sizes) <= 26_000
    assert 1_500 <= len(Scene("porch", SIZES["qqvga"]).jpeg(0, NOON_NS)) <= 5_000
    assert 60_000 <= len(Scene("porch", SIZES["uxga"]).jpeg(0, NOON_NS)) <= 260_000


def test_jpeg_grows_with_quality():
    sizes = [len(Scene("porch", SIZES["qvga"], quality).jpeg(0, NOON_NS)) for quality in (4, 12, 30, 63)]
    assert sizes == sorted(sizes, reverse=True)
    assert [qscale(4), qscale(12), qscale(63)] == [2, 6, 31]


def test_picture_moves_and_repeats_itself_for_the_same_frame(vga):
    still, moved = vga.jpeg(4, NOON_NS), vga.jpeg(5, NOON_NS + 10 * FRAME_NS)
    assert vga.jpeg(4, NOON_NS) == still
    before, after = bytes(decode(still).planes[0]), bytes(decode(moved).planes[0])
    stage = slice(640 * 96, 640 * 288)
    changed = sum(abs(one - other) > 30 for one, other in zip(before[stage], after[stage], strict=True))
    assert changed > 640 * 192 // 50, "less than 2 % of the stage moved within 0.4 s"


def test_grounds_of_a_scene_differ_by_grain_only():
    grounds = backgrounds("porch", SIZES["qvga"])
    assert len({ground.y for ground in grounds}) == len(grounds) > 1
    first = grounds[0]
    assert all(max(abs(a - b) for a, b in zip(first.y, ground.y, strict=True)) <= 4 for ground in grounds)
    assert all((ground.cb, ground.cr) == (first.cb, first.cr) for ground in grounds)


def test_texture_of_each_frame_is_grained_anew(vga):
    textures = {bytes(decode(vga.jpeg(number, NOON_NS)).planes[0])[640 * 100 : 640 * 140] for number in range(4)}
    assert len(textures) == 4


def test_longest_name_and_smallest_picture_fit():
    picture = decode(Scene("a" * 32, Size(64, 64)).jpeg(16_777_215, NOON_NS))
    assert stamp_of(picture) == Stamp(16_777_215, camera_hash("a" * 32))


def test_time_is_readable_in_the_picture(vga):
    # The same frame at two times differs where the time is written, and the title's other line stays.
    one, other = (bytes(decode(vga.jpeg(4, NOON_NS + shift)).planes[0]) for shift in (0, 60_000_000_000))
    assert one[640 * 48 : 640 * 88] != other[640 * 48 : 640 * 88]
    assert one[640 * 8 : 640 * 40] == other[640 * 8 : 640 * 40]


def test_clock_text_counts_in_the_zone_that_it_is_given():
    assert clock_text(NOON_NS + 7_000_000, 0) == "12:00:00.007"
    assert clock_text(NOON_NS, -43_201) == "23:59:59.000"


def test_canvas_keeps_to_the_lines_of_odd_pictures():
    canvas = Canvas(Size(65, 64))
    assert [len(plane) for plane in canvas.planes()] == [65 * 64, 33 * 64, 33 * 64]
