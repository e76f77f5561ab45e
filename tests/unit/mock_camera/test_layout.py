from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.mock_camera.colour import to_rgb, to_samples
from tools.mock_camera.layout import (
    BELT,
    FOOT,
    GRID_COLUMNS,
    GRID_ROWS,
    NAME_LINE,
    PATCHES,
    STAGE,
    STAMP,
    TIME_LINE,
    TITLE,
    Box,
    Rgb,
    stamp_cell,
)
from tools.mock_camera.sizes import SIZES, Size
from tools.mock_camera.stamp import STAMP_BITS


def is_inside(inner: Box, outer: Box) -> bool:
    return (
        outer.left <= inner.left
        and outer.top <= inner.top
        and inner.left + inner.width <= outer.left + outer.width
        and inner.top + inner.height <= outer.top + outer.height
    )


def test_everything_is_where_it_belongs():
    picture = Box(0, 0, GRID_COLUMNS, GRID_ROWS)
    assert all(is_inside(box, picture) for box in (TITLE, STAGE, BELT, FOOT, *(patch.box for patch in PATCHES)))
    assert is_inside(NAME_LINE, TITLE)
    assert is_inside(TIME_LINE, TITLE)
    assert is_inside(STAMP, FOOT)
    assert all(is_inside(stamp_cell(index), STAMP) for index in range(STAMP_BITS))


def test_what_moves_covers_nothing_that_is_read():
    rows = sorted([TITLE, STAGE, BELT, PATCHES[0].box, FOOT], key=lambda box: box.top)
    assert all(upper.top + upper.height <= lower.top for upper, lower in pairwise(rows))


@pytest.mark.parametrize("size", SIZES.values(), ids=str)
def test_cells_meet_without_gap_or_overlap(size: Size):
    cells = [stamp_cell(index).pixels(size) for index in range(16)]
    assert all(left.right == right.left for left, right in pairwise(cells))
    assert all(cell.width > 0 and cell.height > 0 for cell in cells)


@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.name)
def test_patch_colour_survives_the_samples_of_a_jpeg(patch):
    back = to_rgb(to_samples(patch.rgb))
    assert max(abs(one - other) for one, other in zip(patch.rgb, back, strict=True)) <= 1


@given(st.builds(Rgb, *[st.integers(min_value=0, max_value=255)] * 3))
def test_samples_are_bytes_and_give_the_colour_back(rgb):
    samples = to_samples(rgb)
    assert all(0 <= sample <= 255 for sample in samples)
    assert max(abs(one - other) for one, other in zip(rgb, to_rgb(samples), strict=True)) <= 2


def test_samples_are_those_of_bt601_full_range():
    assert to_samples(Rgb(255, 255, 255)) == (255, 128, 128)
    assert to_samples(Rgb(0, 0, 0)) == (0, 128, 128)
    assert to_samples(Rgb(255, 0, 0)) == (76, 85, 255)
