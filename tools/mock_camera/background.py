"""What stands still in the scene: a textured ground as busy as a room seen by an OV2640, the colour patches, the name.

Rendered once for each size and camera; a frame only copies it. Texture is made of whole lines and of additions of very
long integers (a byte of each a sample): a loop over pixels would take a second at UXGA.
"""

import math
import random
from functools import lru_cache
from typing import Final

from tools.mock_camera.canvas import Canvas, Planes
from tools.mock_camera.colour import Samples, to_samples
from tools.mock_camera.font import ADVANCE, text_lines
from tools.mock_camera.layout import FOOT, NAME_LINE, PATCHES, TITLE, Box
from tools.mock_camera.sizes import Size
from tools.mock_camera.stamp import camera_hash

GROUND: Final = Samples(44, 128, 128)  # under text and block code
INK: Final = 232
TIME_LETTERS: Final = 24  # "#16777215 12:34:56.789Z" and one to spare

# Several grounds that differ in grain: a sensor's noise changes from frame to frame, and an encoder must pay for it.
_GRAINS: Final = 4
_GRAIN_LEVELS: Final = 5
# Fixed detail. With these levels VGA comes to about 24 KB at quality 12; measured OV2640 captures have 23.8 to 24.1.
_DETAIL_LEVELS: Final = 19


def backgrounds(camera: str, size: Size) -> list[Planes]:
    """Return the grounds of a camera, alike but for their grain."""
    canvas = Canvas(size)
    cb, cr = _tints(camera, canvas)
    return [_furnish(canvas, camera, Planes(luma, cb, cr)) for luma in _textures(size)]


def text_scale(size: Size, letters: int) -> int:
    """Return how many pixels a dot of the font may have, so that that many letters fit into a line."""
    area = NAME_LINE.pixels(size)
    return max(1, min(area.height // 7, area.width // (letters * ADVANCE)))


def draw_text(canvas: Canvas, place: Box, text: str, scale: int) -> None:
    """Write a line; what does not fit is cut off."""
    area = place.pixels(canvas.size)
    fitting = text[: area.width // (ADVANCE * scale)]
    lines = text_lines(fitting, scale, INK, GROUND.y)
    canvas.draw_lines(area.left, area.top, [line for line in lines for _ in range(scale)])


@lru_cache(maxsize=4)  # cameras of one process share it; it is 1.2 MB at VGA
def _textures(size: Size) -> tuple[bytes, ...]:
    dice = random.Random(str(size))
    waves = _waves(size)
    detail = _noise(dice, len(waves), _DETAIL_LEVELS)
    still = _add(waves, detail)
    return tuple(_add(still, _noise(dice, len(waves), _GRAIN_LEVELS)) for _ in range(_GRAINS))


def _waves(size: Size) -> bytes:
    """Return a ground of bent stripes, 50 to 200, lighter towards the top."""
    width, height = size
    turn = 2 * math.pi
    line = bytes(
        round(92 + 24 * math.sin(turn * 3 * x / width) + 6 * math.sin(turn * 23 * x / width)) for x in range(width)
    )
    rows = []
    for y in range(height):
        bend = round(width / 16 * math.sin(turn * 2 * y / height)) % width
        lift = round(30 * (1 - y / height) + 6 * math.sin(turn * 17 * y / height))
        rows.append((line[bend:] + line[:bend]).translate(_lifted(lift)))
    return b"".join(rows)


@lru_cache(maxsize=128)
def _lifted(lift: int) -> bytes:
    return bytes(min(255, max(0, value + lift)) for value in range(256))


def _noise(dice: random.Random, length: int, levels: int) -> bytes:
    return dice.randbytes(length).translate(bytes(value * levels // 256 for value in range(256)))


def _add(one: bytes, other: bytes) -> bytes:
    # No byte may pass 255, or it would carry into its neighbour: waves end at 158, detail at 18, grain at 4.
    return (int.from_bytes(one) + int.from_bytes(other)).to_bytes(len(one))


def _tints(camera: str, canvas: Canvas) -> tuple[bytes, bytes]:
    """Return chroma that drifts from line to line around a hue of the camera's own."""
    hue = 2 * math.pi * camera_hash(camera) / 4096
    cb, cr = [], []
    for row in range(canvas.size.height):
        drift = hue + 1.2 * row / canvas.size.height
        cb.append(bytes([round(128 + 18 * math.cos(drift))]) * canvas.chroma_width)
        cr.append(bytes([round(128 + 18 * math.sin(drift))]) * canvas.chroma_width)
    return b"".join(cb), b"".join(cr)


def _furnish(canvas: Canvas, camera: str, ground: Planes) -> Planes:
    canvas.load(ground)
    for band in (TITLE, FOOT):
        canvas.fill(band.pixels(canvas.size), GROUND)
    for patch in PATCHES:
        canvas.fill(patch.box.pixels(canvas.size), to_samples(patch.rgb))
    draw_text(canvas, NAME_LINE, camera, text_scale(canvas.size, max(len(camera), TIME_LETTERS)))
    return canvas.planes()
