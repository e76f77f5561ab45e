import pytest

from benchmarks.calm import Span
from benchmarks.stats import median_ratio, percentile, slope, spread, ways


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (95, 95), (99, 99), (100, 100), (1, 1), (0, 1)])
def test_percentile_is_a_sample_by_nearest_rank(percent, expected):
    assert percentile([float(n) for n in reversed(range(1, 101))], percent) == expected


def test_percentile_of_few_samples_is_the_worst_one():
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0


def test_percentile_refuses_nothing():
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 50)


def test_median_ratio_pairs_blocks_so_that_a_disturbed_pair_does_not_count():
    assert median_ratio([8.0, 80.0, 8.0], [10.0, 100.0, 100.0]) == 0.8


def test_slope_leaves_out_what_a_start_costs():
    assert slope(short=70 + 60 * 2.0, long=70 + 240 * 2.0, short_length=60, long_length=240) == pytest.approx(2.0)


def test_slope_refuses_lengths_that_do_not_grow():
    with pytest.raises(ValueError, match="do not grow"):
        slope(1.0, 2.0, 240, 240)


def test_ways_leave_out_frames_that_never_came():
    assert ways({1: 0, 2: 33, 3: 66}, {1: 5, 3: 70, 9: 1}) == [Span(0, 5), Span(66, 70)]


def test_spread_says_nothing_of_a_single_block():
    assert spread([1.0]) == ""
    assert spread([0.8, 0.75, 0.9]) == "0.75 to 0.90 in 3 blocks"
