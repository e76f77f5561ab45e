from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from common.recordings.spans import cut_out, join

spans = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 10)).map(lambda pair: (pair[0], sum(pair))), max_size=6)


def points(of):
    return {point for start, end in of for point in range(start, end)}


@given(spans)
def test_joined_spans_cover_the_same_and_are_apart(some):
    joined = join(some)
    assert points(joined) == points(some)
    assert all(end < start for (_, end), (start, _) in pairwise(joined))


@given(spans, spans)
def test_cut_out_leaves_what_no_hole_covers(some, holes):
    left = cut_out(join(some), holes)
    assert points(left) == points(some) - points(holes)
    assert all(start < end for start, end in left)


def test_spans_within_the_tolerance_are_one():
    assert join([(0, 10), (12, 20), (30, 40)], 2) == [(0, 20), (30, 40)]
