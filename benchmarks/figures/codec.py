"""CPU of a frame through decode, conversion and encode, in process, beside the ffmpeg program."""

import time
from fractions import Fraction
from statistics import median
from typing import Final

from benchmarks import ffmpeg, pictures
from benchmarks.rows import Row, Yardstick
from benchmarks.run import Run
from benchmarks.stats import median_ratio, slope, spread
from common.codec import H264Encoder, JpegDecoder
from common.encoders import EncoderOptions
from common.settings import TranscodeSettings
from common.units import HZ_90K, NS_PER_MS

NAME: Final = "codec"
_FPS: Final = 30
# Of a 2-core machine with Debian's ffmpeg; by size name.
_TARGETS: Final = {"vga": 0.85, "hd": 0.90}
_MS_PER_S: Final = 1000


def measure(run: Run) -> list[Row]:
    """Return a row for each size and preset: ultrafast, which has a target, and the default."""
    default = TranscodeSettings().preset
    presets = ["ultrafast"] + [default] * (default != "ultrafast")
    short, long, blocks = (30, 110, 2) if run.quick else (60, 240, 4)
    return [
        _compare(size_name, preset, _TARGETS[size_name] if preset == "ultrafast" else None, (short, long), blocks)
        for size_name in _TARGETS
        for preset in presets
    ]


def _compare(size_name: str, preset: str, target: float | None, lengths: tuple[int, int], blocks: int) -> Row:
    size = pictures.size(size_name)
    options = EncoderOptions(size.width, size.height, Fraction(_FPS), preset=preset)
    jpegs = pictures.jpegs(size_name, lengths[1], _FPS)
    ours, theirs, rates = [], [], (0, 0)
    for _ in range(blocks):
        cpu_ms, out_bytes = _in_process(jpegs, options, lengths[0])
        ours.append(cpu_ms)
        if ffmpeg.is_here():
            cpu_ms, their_bytes = _ffmpeg(jpegs, options, lengths)
            theirs.append(cpu_ms)
            rates = out_bytes, their_bytes
    what = f"CPU a frame: decode, convert, encode, {size_name.upper()} {preset}"
    if not theirs:
        return Row(NAME, what, "ms", median(ours), None, Yardstick(ffmpeg.MISSING, None), None, target)
    note = f"ratios {spread(o / t for o, t in zip(ours, theirs, strict=True))}; {_bitrates(rates, lengths[1])}"
    stick = Yardstick("ffmpeg program", median(theirs))
    return Row(NAME, what, "ms", median(ours), None, stick, median_ratio(ours, theirs), target, note)


def _in_process(jpegs: tuple[bytes, ...], options: EncoderOptions, warm: int) -> tuple[float, int]:
    """Return CPU ms a frame after the first `warm` ones, and the bytes of all."""
    decoder, encoder = JpegDecoder(), H264Encoder(options)
    out_bytes, start_ns = 0, 0
    for number, jpeg in enumerate(jpegs):
        if number == warm:
            start_ns = time.process_time_ns()
        unit = encoder.encode(decoder.decode(jpeg), number * HZ_90K // _FPS, idr=number == 0)
        out_bytes += sum(map(len, unit.nals))
    return (time.process_time_ns() - start_ns) / NS_PER_MS / (len(jpegs) - warm), out_bytes


def _ffmpeg(jpegs: tuple[bytes, ...], options: EncoderOptions, lengths: tuple[int, int]) -> tuple[float, int]:
    short = ffmpeg.transcode(b"".join(jpegs[: lengths[0]]), options)
    long = ffmpeg.transcode(b"".join(jpegs), options)
    return slope(short.cpu_s, long.cpu_s, *lengths) * _MS_PER_S, len(long.output)


def _bitrates(out_bytes: tuple[int, int], frames: int) -> str:
    ours, theirs = (round(count * 8 * _FPS / frames / 1000) for count in out_bytes)
    return f"{ours} and {theirs} kbit/s"
