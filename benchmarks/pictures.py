"""The pictures that are measured with: drawn by the simulated camera, so that everybody has the same."""

from functools import lru_cache

from common.units import NS_PER_S
from tools.mock_camera.scene import Scene
from tools.mock_camera.sizes import SIZES, Size

CAMERA = "bench"
_START_NS = 1_700_000_000 * NS_PER_S  # any time: shapes are where it puts them


@lru_cache(maxsize=4)
def jpegs(size_name: str, count: int, fps: int = 30) -> tuple[bytes, ...]:
    """Return consecutive pictures of the moving scene."""
    scene = Scene(CAMERA, size(size_name))
    return tuple(scene.jpeg(number, _START_NS + number * NS_PER_S // fps) for number in range(count))


def size(size_name: str) -> Size:
    """Return width and height of `vga` or `hd`."""
    return SIZES[size_name]
