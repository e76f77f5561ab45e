"""Pictures for tests of the codecs: JPEGs of every layout that cameras send, and what a decoder makes of H.264."""

import random
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import lru_cache

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from tests.helpers.jpegs import EOI, SOI, segment

FULL_RANGE = 2


def rows(picture: VideoFrame) -> list[list[bytes]]:
    """Return the lines of each plane, without the padding that codecs put behind them."""
    return [
        [
            bytes(memoryview(plane)[at : at + plane.width])
            for at in range(0, plane.height * plane.line_size, plane.line_size)
        ]
        for plane in picture.planes
    ]


def noise(size: int, seed: int) -> bytes:
    """Return samples around the middle, different from each other and for each seed."""
    return random.Random(seed).randbytes(size).translate(_AROUND_THE_MIDDLE)


_AROUND_THE_MIDDLE = bytes(112 + level // 8 for level in range(256))


@lru_cache(maxsize=256)
def jpeg(
    width: int, height: int, layout: str = "yuvj422p", seed: int = 0, fill: tuple[int, int, int] | None = None
) -> bytes:
    """Return a JPEG of `layout` (yuvj420p, yuvj422p or yuvj444p): noise, or one colour."""
    picture = VideoFrame(width, height, layout)
    picture.color_range = FULL_RANGE
    for index, plane in enumerate(picture.planes):
        size = plane.line_size * plane.height
        plane.update(bytes((fill[index],)) * size if fill else noise(size, seed * 3 + index))
    context = av.CodecContext.create("mjpeg", "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = width, height, layout
    context.time_base = Fraction(1, 25)
    context.color_range = FULL_RANGE
    context.thread_count = 1
    context.qmin = context.qmax = 3
    picture.pts = 0
    return b"".join(bytes(packet) for packet in [*context.encode(picture), *context.encode(None)])


def reference(jpeg_bytes: bytes) -> VideoFrame:
    """Return the picture as the library alone decodes it."""
    decoder = av.CodecContext.create("mjpeg", "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    return decoder.decode(av.Packet(jpeg_bytes))[0]


def grey_jpeg(width: int, height: int, level: Callable[[int, int], int]) -> bytes:
    """Return a JPEG of one component whose 8x8 blocks are flat: `level(column, row)` is a block's value."""
    # One Huffman code of 4 bits for each size of a DC difference, one bit for the end of a block.
    sizes = bytes(range(12))
    dc_table = bytes((0x00, 0, 0, 0, 12, *bytes(12))) + sizes
    ac_table = bytes((0x10, 1, *bytes(15))) + b"\x00"
    bits, before = [], 0
    for row in range(-(-height // 8)):
        for column in range(-(-width // 8)):
            # With a quantiser of 8 the coefficient is the level itself, from the middle (T.81, A.3.3).
            value = level(column, row) - 128
            bits.append(_difference(value - before) + "0")
            before = value
    stream = "".join(bits)
    stream += "1" * (-len(stream) % 8)
    scan = int(stream, 2).to_bytes(len(stream) // 8, "big").replace(b"\xff", b"\xff\x00")
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return (
        SOI
        + segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00")
        + segment(0xDB, bytes(1) + b"\x08" * 64)
        + segment(0xC4, dc_table)
        + segment(0xC4, ac_table)
        + segment(0xC0, b"\x08" + size + b"\x01\x01\x11\x00")
        + segment(0xDA, b"\x01\x01\x00\x00\x3f\x00")
        + scan
        + EOI
    )


def _difference(value: int) -> str:
    size = abs(value).bit_length()
    code = f"{size:04b}"
    if size == 0:
        return code
    return code + f"{value if value > 0 else value + (1 << size) - 1:0{size}b}"


def decode_h264(units: Iterable[bytes]) -> list[VideoFrame]:
    """Return the pictures of access units in Annex B, one for each; a decoder error fails the test."""
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.thread_count = 1
    decoder.options = {"err_detect": "explode", "flags": "low_delay"}
    pictures = [picture for unit in units for picture in decoder.decode(av.Packet(unit))]
    return [*pictures, *decoder.decode(None)]


def to_rgb(y: int, cb: int, cr: int) -> tuple[float, float, float]:
    """Return the colour of full-range samples under BT.601's matrix."""
    red = y + 1.402 * (cr - 128)
    green = y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128)
    return red, green, y + 1.772 * (cb - 128)


def to_samples(red: int, green: int, blue: int) -> tuple[int, int, int]:
    """Return the full-range samples of a colour under BT.601's matrix (JFIF)."""
    y = 0.299 * red + 0.587 * green + 0.114 * blue
    cb = 128 + (blue - y) / 1.772
    cr = 128 + (red - y) / 1.402
    return round(y), round(min(cb, 255)), round(min(cr, 255))
