import pytest

from benchmarks.axes import decades, linear, logarithmic, spread_apart, ticks


@pytest.mark.parametrize(
    ("most", "expected"),
    [(97.3, [0, 20, 40, 60, 80, 100]), (1.0, [0, 0.2, 0.4, 0.6, 0.8, 1.0]), (180, [0, 50, 100, 150, 200]), (0, [0, 1])],
)
def test_ticks_are_round_and_reach_the_largest_value(most, expected):
    assert ticks(most) == pytest.approx(expected)


def test_decades_cover_the_values():
    assert decades(1, 2500) == [1, 10, 100, 1000]
    assert decades(30, 90) == [10]


def test_linear_scale_may_run_upwards_on_a_screen():
    place = linear(0, 100, 340, 40)
    assert (place(0), place(50), place(100)) == (340, 190, 40)


def test_logarithmic_scale_puts_equal_ratios_at_equal_distances():
    place = logarithmic(1, 100, 0, 200)
    assert place(10) == pytest.approx(100)


def test_labels_are_moved_apart_and_keep_their_order():
    assert spread_apart([100, 20, 104], 16) == [100, 20, 116]
