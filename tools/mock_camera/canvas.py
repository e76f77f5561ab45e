"""Three planes of 4:2:2 samples that are drawn on line by line: slices only, no loop over pixels."""

from collections.abc import Sequence
from typing import NamedTuple

from tools.mock_camera.colour import Samples
from tools.mock_camera.layout import Pixels
from tools.mock_camera.sizes import Size


class Planes(NamedTuple):
    """A whole picture, tightly packed: luma, and chroma of half the width (rounded up) and full height."""

    y: bytes
    cb: bytes
    cr: bytes


class Run(NamedTuple):
    """A horizontal run of one colour in a sprite, from its top left."""

    left: int
    top: int
    length: int


class Canvas:
    """A picture being drawn. Everything that moves starts at an even column: two luma samples share their chroma."""

    def __init__(self, size: Size) -> None:
        self.size = size
        self.chroma_width = (size.width + 1) // 2
        self.y = bytearray(size.width * size.height)
        self.cb = bytearray(self.chroma_width * size.height)
        self.cr = bytearray(self.chroma_width * size.height)

    def load(self, planes: Planes) -> None:
        """Start from a ready picture."""
        self.y[:], self.cb[:], self.cr[:] = planes

    def planes(self) -> Planes:
        """Return a copy of the picture."""
        return Planes(bytes(self.y), bytes(self.cb), bytes(self.cr))

    def fill(self, area: Pixels, samples: Samples) -> None:
        """Paint a rectangle; its chroma covers every column that it touches."""
        self.draw_lines(area.left, area.top, [bytes([samples.y]) * area.width] * area.height)
        first, last = area.left // 2, (area.right + 1) // 2
        blueness, redness = bytes([samples.cb]) * (last - first), bytes([samples.cr]) * (last - first)
        for row in range(area.top, area.bottom):
            start = row * self.chroma_width + first
            self.cb[start : start + last - first] = blueness
            self.cr[start : start + last - first] = redness

    def draw_lines(self, left: int, top: int, lines: Sequence[bytes]) -> None:
        """Put lines of luma below each other; they must lie inside the picture."""
        width = self.size.width
        start = top * width + left
        for line in lines:
            self.y[start : start + len(line)] = line
            start += width

    def draw_band(self, top: int, line: bytes, height: int) -> None:
        """Repeat one luma line of the whole width."""
        start = top * self.size.width
        self.y[start : start + len(line) * height] = line * height

    def draw_runs(self, left: int, top: int, runs: Sequence[Run], samples: Samples) -> None:
        """Paint a sprite of one colour; `left` and each run's left and length are even."""
        luma, blueness, redness = (bytes([sample]) * self.size.width for sample in samples)
        y, cb, cr, width, half = self.y, self.cb, self.cr, self.size.width, self.chroma_width
        for run_left, run_top, length in runs:
            start = (top + run_top) * width + left + run_left
            y[start : start + length] = luma[:length]
            start, length = (top + run_top) * half + (left + run_left) // 2, length // 2
            cb[start : start + length] = blueness[:length]
            cr[start : start + length] = redness[:length]
