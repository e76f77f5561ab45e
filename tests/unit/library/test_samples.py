"""Which samples belong to a range."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.moments import moment_ns, moment_text
from services.library.samples import Cut, Extent, count_keys, cut, extents, nearest_tick, time_ns

START_NS = 1_795_381_200_123_456_789


@dataclass
class FakeTable:
    times_90k: list[int]
    keys: list[int]
    sizes: list[int] = field(default_factory=list)
    offsets: list[int] = field(default_factory=list)
    init: bytes = b""


# A keyframe a second, four pictures a second.
TABLE = FakeTable([at * 22_500 for at in range(12)], [0, 4, 8])


def at(seconds):
    return START_NS + round(seconds * 1e9)


@pytest.mark.parametrize(
    ("from_s", "to_s", "expected"),
    [
        (0, 3, Cut(0, 0, 12)),
        (-5, 99, Cut(0, 0, 12)),
        (1, 2, Cut(4, 4, 8)),
        (1.3, 2.1, Cut(4, 5, 9)),
        (1.999, 2, Cut(4, 7, 8)),
        (2.9, 99, Cut(8, 11, 12)),
        (-5, 0, None),
        (-5, 0.001, Cut(0, 0, 1)),
    ],
)
def test_cut_begins_with_what_is_seen_and_its_keyframe(from_s, to_s, expected):
    assert cut(TABLE, START_NS, at(from_s), at(to_s)) == expected


def test_file_without_samples_or_keyframe_gives_nothing():
    assert cut(FakeTable([], []), START_NS, 0, at(99)) is None
    assert cut(FakeTable([0, 1], []), START_NS, 0, at(99)) is None


@given(st.lists(st.integers(1, 500_000), min_size=1, max_size=40), st.data())
def test_time_that_an_answer_gave_finds_the_same_picture(steps, data):
    times = [sum(steps[:index]) - steps[0] for index in range(1, len(steps) + 1)]
    index = data.draw(st.integers(0, len(times) - 1))
    given_ns = moment_ns(moment_text(time_ns(START_NS, times[index])))
    found = cut(FakeTable(times, [0]), START_NS, given_ns, given_ns + 10**15)
    assert found is not None
    # A tick is 11 us: pictures at least so far apart are told from each other.
    assert times[found.shown] == times[index]


@given(st.integers(0, 10**10))
def test_ticks_and_times_are_each_other_s_way_back(tick):
    assert nearest_tick(time_ns(START_NS, tick) - START_NS) == tick


def test_windows_that_follow_each_other_miss_no_picture_and_have_none_twice():
    first, second = (cut(TABLE, START_NS, at(a), at(b)) for a, b in ((0.1, 1.3), (1.3, 2.9)))
    assert first is not None
    assert second is not None
    # What is seen at the seam ends the first window and begins the second.
    assert first.stop == second.shown + 1


def test_extents_join_what_lies_together():
    table = FakeTable([0] * 5, [0, 3], [10, 20, 30, 40, 5], [100, 110, 130, 300, 340])
    assert extents(table, 0, 5) == [Extent(100, 60), Extent(300, 45)]
    assert extents(table, 1, 4) == [Extent(110, 50), Extent(300, 40)]
    assert extents(table, 2, 2) == []


def test_keys_are_counted_within_a_run():
    assert [count_keys(TABLE, *run) for run in ((0, 12), (1, 12), (4, 5), (5, 8))] == [3, 2, 1, 0]
