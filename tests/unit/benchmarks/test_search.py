import pytest

from benchmarks.search import largest


def carries(limit: int, tried: list[int]):
    def passes(load: int) -> bool:
        tried.append(load)
        return load <= limit

    return passes


@pytest.mark.parametrize(
    ("limit", "found"), [(20, 20), (21, 20), (25, 24), (99, 40), (19, 18), (7, 6), (2, 2), (1, None)]
)
def test_search_finds_the_largest_load_that_passes_good_to_a_step(limit, found):
    answer = largest(carries(limit, []), 20, 2, 40, 2)
    assert answer == found or (answer is not None and found is not None and found - 2 < answer <= limit)


def test_search_never_tries_far_beyond_what_passes():
    tried: list[int] = []
    largest(carries(25, tried), 20, 2, 40, 2)
    assert tried == [20, 22, 24, 26]


def test_search_below_its_start_takes_few_tries():
    tried: list[int] = []
    assert largest(carries(9, tried), 64, 1, 100) == 9
    assert len(tried) < 10


def test_search_refuses_a_start_outside_its_bounds():
    with pytest.raises(ValueError, match="nothing to search"):
        largest(lambda _: True, 50, 2, 40)
