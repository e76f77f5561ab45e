"""Where things are in the picture, in units of a 20 by 15 grid, so that readers find them at any scale."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from tools.mock_camera.sizes import Size
from tools.mock_camera.stamp import STAMP_BITS

GRID_COLUMNS: Final = 20
GRID_ROWS: Final = 15
# A cell is one unit: 32 pixels at VGA, 8 at QQVGA, so whole JPEG blocks and, from VGA on, whole macroblocks.
STAMP_COLUMNS: Final = 16


class Rgb(NamedTuple):
    """A colour as a person picks it, 0 to 255."""

    red: int
    green: int
    blue: int


class Pixels(NamedTuple):
    """A rectangle in pixels; right and bottom are outside it."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in units of the grid."""

    left: float
    top: float
    width: float
    height: float

    def pixels(self, size: Size) -> Pixels:
        """Return where this lies in a picture of that size; neighbours share their edge exactly."""
        return Pixels(
            round(self.left * size.width / GRID_COLUMNS),
            round(self.top * size.height / GRID_ROWS),
            round((self.left + self.width) * size.width / GRID_COLUMNS),
            round((self.top + self.height) * size.height / GRID_ROWS),
        )

    def core(self, share: float = 0.5) -> "Box":
        """Return the middle of this box, `share` of each side: away from what a codec smears over the edges."""
        rim = (1 - share) / 2
        return Box(self.left + self.width * rim, self.top + self.height * rim, self.width * share, self.height * share)


@dataclass(frozen=True, slots=True)
class Patch:
    """A flat area of a known colour."""

    name: str
    rgb: Rgb
    box: Box


TITLE: Final = Box(0, 0, GRID_COLUMNS, 3)
NAME_LINE: Final = Box(0.5, 0.4, 19, 1)
TIME_LINE: Final = Box(0.5, 1.6, 19, 1)
STAGE: Final = Box(0, 3, GRID_COLUMNS, 6)  # where the shapes move
BELT: Final = Box(0, 9, GRID_COLUMNS, 0.75)  # stripes that run
FOOT: Final = Box(0, 11, GRID_COLUMNS, 4)  # the flat ground of the block code
STAMP: Final = Box(2, 11.5, STAMP_COLUMNS, STAMP_BITS // STAMP_COLUMNS)

# Far enough from grey that a wrong matrix or range shows, far enough from the corners of the cube that nothing clips.
_COLOURS: Final = {
    "red": Rgb(190, 50, 50),
    "yellow": Rgb(200, 190, 50),
    "green": Rgb(50, 170, 60),
    "cyan": Rgb(60, 180, 190),
    "blue": Rgb(50, 60, 190),
    "magenta": Rgb(180, 60, 180),
    "grey": Rgb(128, 128, 128),
    "white": Rgb(235, 235, 235),
}
PATCHES: Final = tuple(
    Patch(name, rgb, Box(2 + 2 * index, 10, 2, 1)) for index, (name, rgb) in enumerate(_COLOURS.items())
)


def stamp_cell(index: int) -> Box:
    """Return the place of one cell of the block code, counted line by line from the top left."""
    row, column = divmod(index, STAMP_COLUMNS)
    return Box(STAMP.left + column, STAMP.top + row, 1, 1)
