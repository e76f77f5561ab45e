"""The one door to PyAV (FFmpeg's libraries): pictures in, coded bytes out, and back. Nobody else imports av."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane

from common.errors import CodecError

# FFmpeg's quantiser scale to its lambda (FF_QP2LAMBDA of libavutil/avutil.h), which is what global_quality counts in.
_LAMBDA_PER_QSCALE: Final = 118
# AVCOL_RANGE_JPEG of libavutil/pixfmt.h: black is 0 and white is 255, as every camera's JPEG has it.
_FULL_RANGE: Final = 2


class JpegEncoder:
    """Encodes baseline JPEGs of 4:2:2, full range, with JFIF and the standard Huffman tables: what an OV2640 sends.

    `quality` is FFmpeg's qscale, 2 (best) to 31. One thread, no frame held back.
    """

    def __init__(self, width: int, height: int, quality: int) -> None:
        self._context = _jpeg_context(width, height, quality)
        self._picture = VideoFrame(width, height, "yuvj422p")
        self._picture.color_range = _FULL_RANGE
        self._pts = 0

    def encode(self, y: bytes, cb: bytes, cr: bytes) -> bytes:
        """Return the JPEG of a picture of three tightly packed planes; each chroma line has half the width, rounded up.

        Raises CodecError when a plane is not as long as the size asks for.
        """
        for plane, source in zip(self._picture.planes, (y, cb, cr), strict=True):
            _fill(plane, source)
        self._picture.pts = self._pts
        self._pts += 1
        try:
            packets = self._context.encode(self._picture)
        except av.FFmpegError as error:
            raise CodecError(f"mjpeg encoder, frame {self._pts}: {error}") from error
        return b"".join(bytes(packet) for packet in packets)


def _jpeg_context(width: int, height: int, quality: int) -> VideoCodecContext:
    context = av.CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt = width, height, "yuvj422p"
    context.time_base = Fraction(1, 25)
    # Without an aspect ratio FFmpeg writes no JFIF segment (mjpegenc_common.c, jpeg_put_comments).
    context.sample_aspect_ratio = Fraction(1, 1)
    context.color_range = _FULL_RANGE
    context.thread_count = 1
    context.qmin = context.qmax = quality
    # bitexact: no comment segment with the library's version. huffman=default: a camera's tables, and one pass less.
    context.options = {
        "flags": "+qscale+bitexact",
        "global_quality": str(quality * _LAMBDA_PER_QSCALE),
        "huffman": "default",
    }
    return context


def _fill(plane: VideoPlane, source: bytes) -> None:
    width, height, stride = plane.width, plane.height, plane.line_size
    if len(source) != width * height:
        raise CodecError(f"plane of {len(source)} bytes where {width}x{height} needs {width * height}")
    if stride == width:
        plane.update(source)
        return
    # Lines are padded to the codec's alignment: sizes that are no multiple of 16 or 32.
    padding = bytes(stride - width)
    lines: Sequence[bytes] = [source[start : start + width] for start in range(0, len(source), width)]
    plane.update(padding.join(lines) + padding)
