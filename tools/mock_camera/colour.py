"""Between RGB and the samples of a JPEG: matrix BT.601, full range (JFIF 1.02, "Color space")."""

from typing import NamedTuple

from tools.mock_camera.layout import Rgb


class Samples(NamedTuple):
    """One sample of each plane."""

    y: int
    cb: int
    cr: int


def to_samples(rgb: Rgb) -> Samples:
    """Return the samples of a colour."""
    red, green, blue = rgb
    return Samples(
        _to_byte(0.299 * red + 0.587 * green + 0.114 * blue),
        _to_byte(128 - 0.168736 * red - 0.331264 * green + 0.5 * blue),
        _to_byte(128 + 0.5 * red - 0.418688 * green - 0.081312 * blue),
    )


def to_rgb(samples: Samples) -> Rgb:
    """Return the colour of a sample of each plane."""
    y, blueness, redness = samples.y, samples.cb - 128, samples.cr - 128
    return Rgb(
        _to_byte(y + 1.402 * redness),
        _to_byte(y - 0.344136 * blueness - 0.714136 * redness),
        _to_byte(y + 1.772 * blueness),
    )


def _to_byte(value: float) -> int:
    return min(255, max(0, round(value)))
