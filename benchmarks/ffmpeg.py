"""The ffmpeg program, as everybody pipes JPEGs through it: the yardstick of delay and of CPU."""

import shutil
import subprocess
from collections.abc import Mapping
from resource import RUSAGE_CHILDREN, getrusage
from typing import Final, NamedTuple

from common.encoders import EncoderOptions, codec_options

MISSING: Final = "no ffmpeg program here"
# FFmpeg's names of options that take a stream specifier on its command line, for they mean something else without.
_SPECIFIED: Final = {"profile": "profile:v", "level": "level:v", "b": "b:v"}


def is_here() -> bool:
    """Return whether the program is installed."""
    return shutil.which("ffmpeg") is not None


def arguments(options: EncoderOptions, *, low_delay: bool = False) -> list[str]:
    """Return the command line: JPEGs on standard input, H.264 on standard output, one thread, our encoder's options.

    `low_delay` adds what FFmpeg's documentation offers against waiting; without it, it also probes for seconds.
    """
    patient = ["-fflags", "nobuffer", "-flags", "low_delay", "-probesize", "32", "-analyzeduration", "0"]
    return [
        *("ffmpeg", "-hide_banner", "-loglevel", "error", "-threads", "1"),
        *(patient if low_delay else []),
        *("-f", "mjpeg", "-framerate", str(options.pace_hz), "-i", "pipe:"),
        *("-threads", "1", "-vsync", "passthrough", "-pix_fmt", "yuvj420p", "-c:v", options.encoder),
        *_encoder_arguments(codec_options(options)),
        *("-flush_packets", "1", "-f", "h264", "pipe:"),
    ]


def _encoder_arguments(options: Mapping[str, str]) -> list[str]:
    return [part for name, value in options.items() for part in (f"-{_SPECIFIED.get(name, name)}", value)]


class Run(NamedTuple):
    """One run of the program from start to end."""

    cpu_s: float
    output: bytes


def transcode(jpegs: bytes, options: EncoderOptions) -> Run:
    """Return what the program makes of concatenated JPEGs, as fast as it can, and its CPU, start-up included.

    No other child of this process may end meanwhile: their CPU is told in one sum.
    """
    before = getrusage(RUSAGE_CHILDREN)
    done = subprocess.run(arguments(options), input=jpegs, stdout=subprocess.PIPE, check=True)
    after = getrusage(RUSAGE_CHILDREN)
    return Run(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout)
