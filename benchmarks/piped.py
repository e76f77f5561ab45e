"""Delay of the ffmpeg program, fed with JPEGs through a pipe at a camera's pace."""

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from fractions import Fraction
from typing import IO, Final, NamedTuple

from benchmarks import ffmpeg, pictures, reading
from benchmarks.annexb import unit_ends, units
from benchmarks.calm import Span
from benchmarks.stats import ways
from common.encoders import EncoderOptions
from common.settings import TranscodeSettings
from common.units import NS_PER_S

_CHUNK_BYTES: Final = 1 << 18


class Arrival(NamedTuple):
    """How many bytes of output there were in all, and when."""

    total_bytes: int
    mono_ns: int


def ways_through(length_s: float, fps: int, warm_s: float) -> list[Span]:
    """Return each JPEG's way from its write to the read of its access unit's last byte; the first ones left out."""
    size = pictures.size("vga")
    options = EncoderOptions(size.width, size.height, Fraction(fps), preset=TranscodeSettings().preset)
    jpegs = pictures.jpegs("vga", round((length_s + warm_s) * fps), fps)
    sent_ns: dict[int, int] = {}
    with subprocess.Popen(
        ffmpeg.arguments(options, low_delay=True), stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        feeder = threading.Thread(target=_feed, args=(process.stdin, jpegs, fps, sent_ns))
        feeder.start()
        output, arrivals = _read(process.stdout.fileno())
        feeder.join()
    received_ns = _receipts(output, arrivals)
    warm = round(warm_s * fps)
    # The last one comes out only because the input ended.
    measured = range(warm, len(jpegs) - 1)
    return ways({number: sent_ns[number] for number in measured}, received_ns)


def _feed(pipe: IO[bytes], jpegs: Sequence[bytes], fps: int, sent_ns: dict[int, int]) -> None:
    start_ns = time.monotonic_ns()
    for number, jpeg in enumerate(jpegs):
        time.sleep(max(0, start_ns + number * NS_PER_S // fps - time.monotonic_ns()) / NS_PER_S)
        sent_ns[number] = time.monotonic_ns()
        view = memoryview(jpeg)
        while view:
            view = view[os.write(pipe.fileno(), view) :]
    pipe.close()


def _read(fd: int) -> tuple[bytes, list[Arrival]]:
    output = bytearray()
    arrivals = []
    while chunk := os.read(fd, _CHUNK_BYTES):
        output += chunk
        arrivals.append(Arrival(len(output), time.monotonic_ns()))
    return bytes(output), arrivals


def _receipts(output: bytes, arrivals: Sequence[Arrival]) -> dict[int, int]:
    """Return when each picture, by the number drawn into it, was there to its last byte."""
    found = {}
    waiting = iter(arrivals)
    arrival = next(waiting)
    for number, end in zip(reading.numbers(units(output)), unit_ends(output), strict=True):
        while arrival.total_bytes < end:
            arrival = next(waiting)
        if number is not None:
            found[number] = arrival.mono_ns
    return found
