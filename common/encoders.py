"""What each H.264 encoder is told: libx264's and the hardware encoders' options as tables. Pure.

The promise to keep with all of them: one access unit out for each picture in, no B-frames, an IDR exactly where asked
for, parameter sets in band. The choice of the defaults is in docs/decisions/.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from common.sps import Colour

LIBX264: Final = "libx264"

# Full range, BT.601's matrix, as every JPEG has (JFIF 1.02, section 7); sRGB's primaries, which are BT.709's, and its
# transfer function, because that is what a camera's JPEG is shown as.
COLOUR: Final = Colour(primaries=1, transfer=13, matrix=6, full_range=True)

# Never by count: keyframes are asked for by time. libx264 takes a 30-bit number for endless.
_NO_GOP: Final = 1 << 30

_LIBX264: Final = {
    "tune": "zerolatency",
    "forced-idr": "1",
    # ultrafast leaves the deblocking filter out. With it the same quality takes half the bits on sharp moving scenes,
    # for a tenth of the encoding time.
    "x264-params": "deblock=0,0",
    # A scene cut would make a keyframe that nobody asked for, of a size that the buffer does not expect.
    "sc_threshold": "0",
}
_HARDWARE: Final[dict[str, dict[str, str]]] = {
    "h264_nvenc": {"preset": "p2", "tune": "ull", "zerolatency": "1", "delay": "0", "forced-idr": "1", "rc": "vbr"},
    "h264_qsv": {"preset": "veryfast", "async_depth": "1", "forced_idr": "1", "low_delay_brc": "1", "look_ahead": "0"},
    "h264_v4l2m2m": {"num_output_buffers": "2", "num_capture_buffers": "2"},
}
# The sample layout that each takes; libx264 and most others take planes.
_PIXEL_FORMATS: Final = {"h264_qsv": "nv12"}

# Level, macroblocks a second, macroblocks a picture, kbit/s (table A-1); below 3 no decoder makes a difference.
_LEVELS: Final = (
    (30, 40_500, 1_620, 10_000),
    (31, 108_000, 3_600, 14_000),
    (32, 216_000, 5_120, 20_000),
    (40, 245_760, 8_192, 20_000),
    (41, 245_760, 8_192, 50_000),
    (42, 522_240, 8_704, 50_000),
    (50, 589_824, 22_080, 135_000),
    (51, 983_040, 36_864, 240_000),
    (52, 2_073_600, 36_864, 240_000),
)
_LEVEL_PACE_HZ: Final = 30


@dataclass(frozen=True, slots=True)
class EncoderOptions:
    """One encoder of one stream. `pace_hz` is how often pictures come: the rate control reckons with nothing else."""

    width: int
    height: int
    pace_hz: Fraction = Fraction(25)
    encoder: str = LIBX264
    preset: str = "ultrafast"
    bitrate_kbps: int = 1500
    threads: int = 1


def codec_options(options: EncoderOptions) -> dict[str, str]:
    """Return FFmpeg's options (`ffmpeg -h encoder=...`) for an encoder."""
    bitrate = options.bitrate_kbps * 1000
    shared = {
        "g": str(_NO_GOP),
        "bf": "0",
        "profile": "baseline",
        "level": str(level_for(options)),
        "maxrate": str(bitrate),
        "bufsize": str(buffer_bits(options)),
    }
    if options.encoder == LIBX264:
        return {**shared, **_LIBX264, "preset": options.preset, "crf": str(QUALITY)}
    return {**shared, **_HARDWARE[options.encoder], "b": str(bitrate)}


# libx264's constant rate factor; the bit rate only caps it.
QUALITY: Final = 23
# How many seconds' bits one picture may take at most: how long it keeps a link of just the bit rate busy. At 0.25 a
# keyframe is half as large as at 0.5, and differs less from its neighbours.
BUFFER_S: Final = 0.25


def buffer_bits(options: EncoderOptions) -> int:
    """Return the size of the rate control's buffer: the largest picture, and how long a burst may last."""
    return int(options.bitrate_kbps * 1000 * BUFFER_S)


def pixel_format(encoder: str) -> str:
    """Return the sample layout that an encoder takes."""
    return _PIXEL_FORMATS.get(encoder, "yuv420p")


def level_for(options: EncoderOptions) -> int:
    """Return the lowest level (times ten) for the size, at the usual pace at least, and the bit rate."""
    macroblocks = -(-options.width // 16) * -(-options.height // 16)
    a_second = macroblocks * max(_LEVEL_PACE_HZ, float(options.pace_hz))
    for level, most_a_second, most, kbps in _LEVELS:
        if a_second <= most_a_second and macroblocks <= most and options.bitrate_kbps <= kbps:
            return level
    return _LEVELS[-1][0]
