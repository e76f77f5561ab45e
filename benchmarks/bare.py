"""`python -m benchmarks.bare SECONDS`: decode and encode VGA pictures in a loop, and print how many a second.

The yardstick of how many cameras a machine could carry: one such process a core.
"""

import os
import subprocess
import sys
import time

from benchmarks import pictures
from common.codec import H264Encoder, JpegDecoder
from common.config import PROJECT_DIR
from common.encoders import EncoderOptions
from common.settings import TranscodeSettings
from common.units import HZ_90K

_FPS = 30


def frames_a_second(length_s: float) -> float:
    """Return what one process a core makes together."""
    command = [sys.executable, "-m", "benchmarks.bare", str(length_s)]
    processes = [
        subprocess.Popen(command, cwd=PROJECT_DIR, stdout=subprocess.PIPE, text=True)
        for _ in range(os.cpu_count() or 1)
    ]
    return sum(float(process.communicate()[0]) for process in processes)


def _loop(length_s: float) -> float:
    size, jpegs = pictures.size("vga"), pictures.jpegs("vga", 60, _FPS)
    decoder = JpegDecoder()
    encoder = H264Encoder(EncoderOptions(size.width, size.height, preset=TranscodeSettings().preset))
    began, number = time.monotonic(), 0
    while (elapsed := time.monotonic() - began) < length_s:
        encoder.encode(decoder.decode(jpegs[number % len(jpegs)]), number * HZ_90K // _FPS, idr=number == 0)
        number += 1
    return number / elapsed


if __name__ == "__main__":
    print(_loop(float(sys.argv[1])))
