"""The one door to PyAV (FFmpeg's libraries): pictures in, coded bytes out, and back. Nobody else imports av."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType, VideoFrame
from av.video.plane import VideoPlane

from common.encoders import COLOUR, EncoderOptions, codec_options, pixel_format
from common.errors import CodecError
from common.h264 import AccessUnit, NalType, parse_access_unit
from common.planes import view
from common.units import HZ_90K

# FFmpeg's quantiser scale to its lambda (FF_QP2LAMBDA of libavutil/avutil.h), which is what global_quality counts in.
_LAMBDA_PER_QSCALE: Final = 118
# AVCOL_RANGE_JPEG of libavutil/pixfmt.h: black is 0 and white is 255, as every camera's JPEG has it.
_FULL_RANGE: Final = 2
# Ingest refuses more; a decoder that is asked by others must not take gigabytes for a header of 20 bytes.
_MAX_PIXELS: Final = 20_000_000

# A decoded picture: 4:2:0 planes, full range, even width and height. Opaque outside this module, but for its size.
Picture = VideoFrame


class JpegDecoder:
    """Decodes the JPEGs of one camera, one thread, into pictures that an `H264Encoder` takes as they are."""

    def __init__(self) -> None:
        self._context = av.CodecContext.create("mjpeg", "r")
        self._context.thread_count = 1
        # Without explode a truncated scan is decoded without a word, its missing part grey (measured).
        self._context.options = {"err_detect": "explode", "max_pixels": str(_MAX_PIXELS)}

    def decode(self, jpeg: bytes) -> Picture:
        """Return the picture; an odd width or height loses one pixel. Raises CodecError when the JPEG is damaged."""
        if not jpeg:
            # An empty packet is how libavcodec is told that no more will come.
            raise CodecError("JPEG of 0 bytes")
        try:
            pictures = self._context.decode(av.Packet(jpeg))
            if len(pictures) != 1:
                raise CodecError(f"JPEG of {len(jpeg)} bytes holds {len(pictures)} pictures")
            return _to_420(pictures[0])
        except (av.FFmpegError, ValueError) as error:
            raise CodecError(f"JPEG of {len(jpeg)} bytes: {error}") from error


def _to_420(picture: VideoFrame) -> Picture:
    width, height = picture.width & ~1, picture.height & ~1
    if not (width and height):
        raise CodecError(f"picture of {picture.width}x{picture.height} pixels has no chroma sample")
    step = _chroma_row_step(picture)
    if not step:
        picture = picture.reformat(format="yuvj420p", dst_colorspace="itu601", dst_color_range=_FULL_RANGE, threads=1)
        step = 1
    luma, *chroma = picture.planes
    if not chroma:
        chroma = _neutral_chroma(width, height)
    planes = (view(luma, width, height), *(view(plane, width // 2, height // 2, step) for plane in chroma))
    planar = VideoFrame.from_dlpack(planes, format="yuv420p")
    planar.color_range = _FULL_RANGE
    return planar


def _chroma_row_step(picture: VideoFrame) -> int:
    """Return which chroma rows make 4:2:0 of the picture as it lies; 0: it must be converted.

    Cameras send 4:2:2, of which every second row is left out. swscale's average of two rows is a little nearer to the
    truth, and costs 0.2 ms where this costs 0.01 (VGA).
    """
    name = picture.format.name
    if name == "gray":
        return 1
    is_full = picture.color_range == _FULL_RANGE
    return {"yuvj422p": 2, "yuv422p": 2, "yuvj420p": 1, "yuv420p": 1}.get(name, 0) if is_full else 0


def _neutral_chroma(width: int, height: int) -> list[VideoPlane]:
    grey = VideoFrame(width, height, "yuv420p")
    planes = list(grey.planes[1:])
    for plane in planes:
        plane.update(b"\x80" * plane.buffer_size)
    return planes


class H264Encoder:
    """Encodes pictures of one size; each gives its access unit at once. Not for several threads at a time."""

    def __init__(self, options: EncoderOptions) -> None:
        """Open the encoder; raises CodecError when this machine does not have it or it refuses the options."""
        self.options = options
        try:
            self._context = _h264_context(options)
        except (av.FFmpegError, ValueError) as error:
            raise CodecError(f"{options.encoder} does not open: {error}") from error

    def encode(self, picture: Picture, pts_90k: int, *, idr: bool) -> AccessUnit:
        """Return the picture's access unit, an IDR with its parameter sets if asked for.

        Raises CodecError, also when the encoder holds the picture back; the encoder is of no use then.
        """
        picture.pts = pts_90k
        picture.pict_type = PictureType.I if idr else PictureType.NONE
        try:
            packets = self._context.encode(picture)
        except (av.FFmpegError, ValueError) as error:
            raise CodecError(f"{self.options.encoder}: {error}") from error
        if len(packets) != 1:
            raise CodecError(f"{self.options.encoder} gave {len(packets)} access units for a picture")
        return self._with_parameter_sets(parse_access_unit(bytes(packets[0])))

    def _with_parameter_sets(self, unit: AccessUnit) -> AccessUnit:
        if not unit.is_key or unit.of_type(NalType.SPS):
            return unit
        # Some hardware encoders keep them beside the stream.
        return AccessUnit((*parse_access_unit(self._context.extradata or b"").nals, *unit.nals))


def _h264_context(options: EncoderOptions) -> VideoCodecContext:
    context = av.CodecContext.create(options.encoder, "w")
    if not isinstance(context, VideoCodecContext):
        raise AssertionError(f"{options.encoder} encodes no video")
    context.width, context.height, context.pix_fmt = options.width, options.height, pixel_format(options.encoder)
    context.time_base = Fraction(1, HZ_90K)
    context.framerate = options.pace_hz
    context.thread_count = options.threads
    context.color_range = _FULL_RANGE if COLOUR.full_range else 1
    context.color_primaries, context.color_trc = COLOUR.primaries, COLOUR.transfer
    context.colorspace = COLOUR.matrix
    context.options = codec_options(options)
    context.open()
    return context


class H264Decoder:
    """Decodes one H.264 stream in one thread, each access unit's picture at once: streams without B-frames.

    With `avcc`, the contents of an MP4's avcC box, units are samples of that MP4; without it they are Annex B.
    """

    def __init__(self, avcc: bytes = b"") -> None:
        self._context = av.CodecContext.create("h264", "r")
        self._context.thread_count = 1
        # low_delay: the decoder holds no picture back for a later one that might have to be shown before it.
        self._context.options = {"err_detect": "explode", "flags": "low_delay", "max_pixels": str(_MAX_PIXELS)}
        if avcc:
            self._context.extradata = avcc

    def decode(self, unit: bytes) -> Picture:
        """Return the access unit's picture, which refers to those decoded before. Raises CodecError when damaged."""
        if not unit:
            raise CodecError("access unit of 0 bytes")
        try:
            pictures = self._context.decode(av.Packet(unit))
        except (av.FFmpegError, ValueError) as error:
            raise CodecError(f"access unit of {len(unit)} bytes: {error}") from error
        if len(pictures) != 1:
            raise CodecError(f"access unit of {len(unit)} bytes gave {len(pictures)} pictures")
        return pictures[0]


def scaled(picture: Picture, width: int, height: int) -> Picture:
    """Return the picture at an even size, as an `H264Encoder` of that size takes it: 4:2:0, full range, BT.601."""
    return picture.reformat(
        width=width, height=height, format="yuv420p", dst_colorspace="itu601", dst_color_range=_FULL_RANGE, threads=1
    )


def picture_jpeg(picture: Picture, height: int = 0, quality: int = 3) -> bytes:
    """Return a picture as a JPEG of 4:2:0; `height`: at most so high, the width in proportion. Raises CodecError.

    `quality` is FFmpeg's qscale, 2 (best) to 31.
    """
    height = min(height or picture.height, picture.height)
    # A picture that is far wider than high, or the other way round, has no side of 0 pixels either.
    width = max(1, round(picture.width * height / picture.height))
    try:
        full = picture.reformat(
            width=width, height=height, format="yuvj420p", dst_colorspace="itu601", dst_color_range=_FULL_RANGE,
            threads=1,
        )  # fmt: skip
        full.pts = 0
        full.pict_type = PictureType.NONE
        packets = _jpeg_context(width, height, quality, "yuvj420p").encode(full)
    except (av.FFmpegError, ValueError) as error:
        raise CodecError(f"JPEG of {width}x{height} pixels: {error}") from error
    return b"".join(bytes(packet) for packet in packets)


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


def _jpeg_context(width: int, height: int, quality: int, layout: str = "yuvj422p") -> VideoCodecContext:
    context = av.CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt = width, height, layout
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
