"""The moving scene: frame number and time in, one JPEG out. Nothing here reads a clock.

A frame is the ground copied, and slices of it overwritten: shapes, the running belt, the time, the block code.
"""

import math
from typing import Final

from common.codec import JpegEncoder
from common.units import NS_PER_MS, NS_PER_S
from tools.mock_camera.background import GROUND, TIME_LETTERS, backgrounds, draw_text, text_scale
from tools.mock_camera.canvas import Canvas, Run
from tools.mock_camera.colour import to_samples
from tools.mock_camera.layout import BELT, FOOT, STAGE, STAMP_COLUMNS, TIME_LINE, Rgb, stamp_cell
from tools.mock_camera.sizes import Size
from tools.mock_camera.stamp import STAMP_BITS, Stamp, camera_hash, stamp_bits

# The register `jpeg_quality` of esp32-camera: 4 (best) to 63, and 12 in nearly every sketch.
DEFAULT_QUALITY: Final = 12
WORST_QUALITY: Final = 63
BEST_QUALITY: Final = 4

BLACK: Final = 16
WHITE: Final = 235
_BALL: Final = to_samples(Rgb(250, 200, 60))
_BLOCK: Final = to_samples(Rgb(70, 130, 220))


class Scene:
    """One camera's view, at one size."""

    def __init__(self, camera: str, size: Size, quality: int = DEFAULT_QUALITY, utc_offset_s: int = 0) -> None:
        self.camera = camera
        self.size = size
        self._hash = camera_hash(camera)
        self._utc_offset_s = utc_offset_s
        self._grounds = backgrounds(camera, size)
        self._canvas = Canvas(size)
        self._encoder = JpegEncoder(size.width, size.height, qscale(quality))
        side = size.height // 6 & ~1
        self._ball, self._block = _disc(side), [Run(0, row, side) for row in range(side)]
        self._side = side
        self._belt = _belt_pattern(size)

    def jpeg(self, number: int, wall_ns: int) -> bytes:
        """Return the picture of a frame; shapes are where the time puts them, so they run alike at any frame rate."""
        canvas = self._canvas
        canvas.load(self._grounds[number % len(self._grounds)])
        self._draw_shapes(wall_ns / NS_PER_S % 60)
        self._draw_belt(wall_ns)
        text = f"#{number:06d} {clock_text(wall_ns, self._utc_offset_s)}"
        draw_text(canvas, TIME_LINE, text, text_scale(self.size, TIME_LETTERS))
        self._draw_stamp(Stamp(number, self._hash))
        return self._encoder.encode(*canvas.planes())

    def _draw_shapes(self, time_s: float) -> None:
        stage = STAGE.pixels(self.size)
        way, fall = stage.width - self._side, stage.height - self._side
        block_x = round(way * _to_and_fro(time_s / 10)) & ~1
        self._canvas.draw_runs(stage.left + block_x, stage.bottom - self._side, self._block, _BLOCK)
        ball_x = round(way * _to_and_fro(time_s / 6)) & ~1
        ball_y = round(fall * (1 - abs(math.sin(math.pi * time_s / 1.5))))
        self._canvas.draw_runs(stage.left + ball_x, stage.top + ball_y, self._ball, _BALL)

    def _draw_belt(self, wall_ns: int) -> None:
        area, period = BELT.pixels(self.size), _stripe_px(self.size)
        phase = wall_ns // NS_PER_MS * self.size.width // 4000 % period
        lines = [
            self._belt[start : start + area.width] for start in ((phase + row) % period for row in range(area.height))
        ]
        self._canvas.draw_lines(area.left, area.top, lines)

    def _draw_stamp(self, stamp: Stamp) -> None:
        bits, size, foot = stamp_bits(stamp), self.size, FOOT.pixels(self.size)
        for first in range(0, STAMP_BITS, STAMP_COLUMNS):
            cells = [stamp_cell(index).pixels(size) for index in range(first, first + STAMP_COLUMNS)]
            rim = bytes([GROUND.y])
            inks = (bytes([WHITE if bit else BLACK]) for bit in bits[first : first + STAMP_COLUMNS])
            line = b"".join(ink * cell.width for ink, cell in zip(inks, cells, strict=True))
            whole = rim * cells[0].left + line + rim * (foot.right - cells[-1].right)
            self._canvas.draw_band(cells[0].top, whole, cells[0].height)


def qscale(quality: int) -> int:
    """Return FFmpeg's scale for a sensor's quality: its tables at half the number come to about the same bytes."""
    return min(31, max(2, round(quality / 2)))


def clock_text(wall_ns: int, utc_offset_s: int) -> str:
    """Return the time of day, as 12:34:56.789."""
    time_ms = (wall_ns // NS_PER_MS + utc_offset_s * 1000) % 86_400_000
    seconds, milliseconds = divmod(time_ms, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{milliseconds:03d}"


def _to_and_fro(turns: float) -> float:
    """Return 0 to 1 and back to 0 in the course of one turn."""
    return abs(turns % 1 * 2 - 1)


def _disc(side: int) -> list[Run]:
    radius = side / 2
    runs = []
    for row in range(side):
        half = math.sqrt(radius**2 - (row + 0.5 - radius) ** 2)
        left = round(radius - half) & ~1
        runs.append(Run(left, row, side - 2 * left))
    return runs


def _stripe_px(size: Size) -> int:
    return max(8, size.width // 16)


def _belt_pattern(size: Size) -> bytes:
    """Return stripes of one line, a period longer than the picture is wide."""
    period = _stripe_px(size)
    stripe = bytes([210]) * (period // 2) + bytes([70]) * (period - period // 2)
    return stripe * (size.width // period + 2)
