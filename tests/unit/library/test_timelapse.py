"""Steps of a timelapse and the pictures that they show."""

from array import array
from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from common.units import NS_PER_S
from services.library.timelapse import Pick, Steps, picks, to_decode, video_picks
from tests.helpers.tables import Table

S = NS_PER_S


def test_step_is_as_long_as_a_picture_of_the_film_at_that_speed():
    assert Steps.of(0, S, 60, 25).step_ns == Fraction(12 * S, 5)
    assert Steps.of(0, S, 16 / 3, 10).step_ns == Fraction(8 * S, 15)


def test_steps_of_a_file_are_those_of_its_time():
    steps = Steps(10 * S, 20 * S, Fraction(S))
    assert list(steps.within(0, 100 * S)) == list(range(10))
    assert list(steps.within(12 * S, 14 * S)) == [2, 3]
    assert list(steps.within(12 * S + S // 2, 14 * S + 1)) == [3]
    assert list(steps.within(0, 10 * S)) == []
    assert list(steps.within(20 * S, 30 * S)) == []


@given(
    st.lists(st.integers(0, 10**12), min_size=2, max_size=20, unique=True),
    st.integers(10**6, 10**11),
    st.integers(0, 10**11),
)
def test_files_that_follow_each_other_share_all_steps_and_none_twice(borders, step_ns, from_ns):
    borders.sort()
    steps = Steps(from_ns, from_ns + 200 * step_ns, Fraction(step_ns, 7))
    shared = [step for start, end in pairwise(borders) for step in steps.within(start, end)]
    assert shared == list(steps.within(borders[0], borders[-1]))


def test_picture_is_shown_for_all_steps_until_the_next():
    steps = Steps(0, 10 * S, Fraction(S))
    assert picks([0, 3 * S, 4 * S, 4 * S + 1000], steps, 0, 6 * S) == [Pick(0, 3), Pick(1, 1), Pick(3, 2)]


def test_picture_at_a_step_cut_to_microseconds_is_that_steps():
    times = [0, 1_066_666_666, 2_133_333_333]
    steps = Steps.of(0, 10 * S, 16, 15)
    assert picks(times, steps, 0, 3 * S) == [Pick(0, 1), Pick(1, 1), Pick(2, 1)]


def test_video_gives_keyframes_alone_when_they_are_close_enough():
    table = Table(array("Q", range(0, 900_000, 9_000)), array("I", range(0, 100, 20)))
    slow = video_picks(table, Steps(0, 10 * S, Fraction(S)), 0, 10 * S)
    assert [pick.index for pick in slow] == list(range(0, 100, 10))
    quick = video_picks(table, Steps(0, 10 * S, Fraction(2 * S)), 0, 10 * S)
    assert [pick.index for pick in quick] == list(range(0, 100, 20))


def test_decoder_goes_on_or_begins_at_the_nearest_keyframe():
    keys = [0, 10, 20]
    assert to_decode(keys, -1, 5) == range(6)
    assert to_decode(keys, 5, 7) == range(6, 8)
    assert to_decode(keys, 7, 12) == range(10, 13)
    assert to_decode(keys, 7, 20) == range(20, 21)
