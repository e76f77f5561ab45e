"""Read back what the mock camera drew: the block code and the colour patches, at any scale.

Takes a whole picture, edge to edge: a decoded luma plane, or RGB(A) pixels (ImageData of a canvas, a screenshot).
"""

from typing import Final, NamedTuple

from tools.mock_camera.layout import PATCHES, Box, Rgb, stamp_cell
from tools.mock_camera.sizes import Size
from tools.mock_camera.stamp import STAMP_BITS, Stamp, parse_stamp

Samples = bytes | bytearray | memoryview

# Cells are drawn at 16 and 235. Whatever lies between these two is no cell: smeared, half covered, or another picture.
_DARKEST_WHITE: Final = 160
_LIGHTEST_BLACK: Final = 96
_POINTS_A_SIDE: Final = 5  # a cell's mean is taken over so many points each way


class _Channel(NamedTuple):
    """One channel of a picture: sample (x, y) is at first + y * stride + x * step."""

    samples: Samples
    size: Size
    stride: int
    step: int = 1
    first: int = 0


def read_stamp(luma: Samples, width: int, height: int, stride: int = 0) -> Stamp | None:
    """Return the frame number and camera hash in a luma plane, or None; stride 0 means that lines are not padded."""
    return _stamp(_Channel(luma, Size(width, height), stride or width))


def read_stamp_rgb(pixels: Samples, width: int, height: int, channels: int = 4, stride: int = 0) -> Stamp | None:
    """Return the same from RGB (3 channels) or RGBA (4) pixels."""
    return _stamp(_Channel(pixels, Size(width, height), stride or width * channels, channels, first=1))


def read_patches(pixels: Samples, width: int, height: int, channels: int = 4, stride: int = 0) -> dict[str, Rgb]:
    """Return the colour that each patch of `layout.PATCHES` has in RGB(A) pixels, by its name."""
    planes = [_Channel(pixels, Size(width, height), stride or width * channels, channels, first) for first in range(3)]
    return {patch.name: Rgb(*(round(_mean(plane, patch.box)) for plane in planes)) for patch in PATCHES}


def patch_errors(seen: dict[str, Rgb]) -> dict[str, int]:
    """Return by how many levels each patch is off, in its worst channel."""
    return {
        patch.name: max(abs(one - other) for one, other in zip(patch.rgb, seen[patch.name], strict=True))
        for patch in PATCHES
    }


def _stamp(channel: _Channel) -> Stamp | None:
    means = [_mean(channel, stamp_cell(index)) for index in range(STAMP_BITS)]
    if any(_LIGHTEST_BLACK < mean < _DARKEST_WHITE for mean in means):
        return None
    return parse_stamp([mean >= _DARKEST_WHITE for mean in means])


def _mean(channel: _Channel, box: Box) -> float:
    """Return the mean of points in the middle half of a box: its edges are smeared by codec and scaler."""
    area = box.core().pixels(channel.size)
    columns, rows = _points(area.left, area.right), _points(area.top, area.bottom)
    total = 0
    for row in rows:
        line = channel.first + row * channel.stride
        total += sum(channel.samples[line + column * channel.step] for column in columns)
    return total / (len(columns) * len(rows))


def _points(start: int, end: int) -> list[int]:
    """Return some places from start to end, evenly spread; one if there is hardly any room."""
    room = max(1, end - start)
    count = min(room, _POINTS_A_SIDE)
    return [start + room * index // count + room // (2 * count) for index in range(count)]
