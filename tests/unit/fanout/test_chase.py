"""Viewers that say what they show: who is behind, and how often it may skip for that."""

import pytest

from services.fanout.chase import KEY_WAIT_REMEMBERED_NS, PROMPT_NS, Chase, Edge, KeyWait
from tests.helpers.fanout import FRAME_NS, MS, START_NS

S = 1000 * MS
BOUND_NS = 500 * MS


def make_edge(*numbers, interval_ns=FRAME_NS, delay_ns=0):
    edge = Edge(BOUND_NS)
    for number in numbers:
        edge.advance(START_NS + number * interval_ns, 7, number * interval_ns + delay_ns)
    return edge


def test_viewer_that_shows_the_newest_or_a_little_less_is_not_behind():
    edge = make_edge(*range(100))
    for frames_ago in range(12):
        assert not edge.is_behind(START_NS + (99 - frames_ago) * FRAME_NS, 99 * FRAME_NS)


def test_viewer_is_behind_when_it_should_have_shown_a_later_picture_for_longer_than_the_bound():
    edge = make_edge(*range(100))
    # Frame 86 came 520 ms before the end.
    assert not edge.is_behind(START_NS + 86 * FRAME_NS, 99 * FRAME_NS)
    assert edge.is_behind(START_NS + 85 * FRAME_NS, 99 * FRAME_NS)


def test_journey_to_the_server_is_not_the_viewers_fault():
    edge = make_edge(*range(100), delay_ns=3 * S)
    assert not edge.is_behind(START_NS + 90 * FRAME_NS, 99 * FRAME_NS + 3 * S)


def test_viewer_of_a_slow_camera_is_never_behind_while_it_shows_the_picture_before_a_fresh_one():
    edge = make_edge(0, 1, 2, interval_ns=10 * S)
    assert not edge.is_behind(START_NS + 10 * S, 20 * S + 400 * MS)
    assert edge.is_behind(START_NS + 10 * S, 20 * S + 501 * MS)
    assert not edge.is_behind(START_NS + 20 * S, 900 * S)


def test_time_passes_without_new_pictures_too():
    edge = make_edge(0, 1)
    assert not edge.is_behind(START_NS, FRAME_NS + 499 * MS)
    assert edge.is_behind(START_NS, FRAME_NS + 501 * MS)


def test_rounded_times_are_not_behind():
    edge = make_edge(0, 1)
    assert not edge.is_behind(START_NS + FRAME_NS - 3 * MS, 60 * S)


def test_being_behind_is_allowed_for_as_long_as_a_skip_would_take():
    edge = make_edge(*range(100))
    assert not edge.is_behind(START_NS + 40 * FRAME_NS, 99 * FRAME_NS, 2 * S)
    assert edge.is_behind(START_NS + 30 * FRAME_NS, 99 * FRAME_NS, 2 * S)


@pytest.mark.parametrize(("waited_ns", "expected_ns"), [(PROMPT_NS, 0), (PROMPT_NS + 1, PROMPT_NS + 1)])
def test_long_wait_for_a_keyframe_is_expected_again_for_a_while(waited_ns, expected_ns):
    wait = KeyWait()
    wait.end(START_NS)
    wait.begin(START_NS)
    wait.begin(START_NS + 1)
    key_ns = START_NS + waited_ns
    wait.end(key_ns)
    wait.end(key_ns + 10 * S)
    assert wait.expected_ns(key_ns + KEY_WAIT_REMEMBERED_NS - 1) == expected_ns
    assert wait.expected_ns(key_ns + KEY_WAIT_REMEMBERED_NS) == 0


def test_another_connection_of_the_camera_begins_anew():
    edge = make_edge(*range(100))
    edge.advance(START_NS + 500 * S, 8, 4 * S)
    assert not edge.is_behind(START_NS, 4 * S + 400 * MS)
    assert edge.is_behind(START_NS, 4 * S + 501 * MS)


def test_nothing_is_behind_before_the_first_picture():
    assert not Edge(BOUND_NS).is_behind(0, START_NS)


def skips(chase, reports):
    """Return at which seconds the viewer skips, of its reports (second, behind)."""
    return [at for at, is_behind in reports if chase.judge(is_behind=is_behind, now_ns=START_NS + at * S)]


def test_viewer_that_is_behind_skips_at_once_and_not_again_before_that_could_help():
    assert skips(Chase(), [(0, True), (1, True)]) == [0]


def test_viewer_that_buffers_on_purpose_skips_less_and_less_often():
    assert skips(Chase(), [(at, True) for at in range(250)]) == [0, 2, 6, 14, 30, 62, 122, 182, 242]


def test_skip_that_helped_ends_the_long_waits():
    reports = [(0, True), (2, True), (6, True), (8, False), (14, True), (16, True), (20, True), (24, True)]
    assert skips(Chase(), reports) == [0, 2, 6, 14, 16, 20]


@pytest.mark.parametrize("between_s", [2, 3, 30])
def test_viewer_that_falls_behind_again_and_again_is_helped_each_time(between_s):
    reports = [(at, is_behind) for at in range(0, 10 * between_s, between_s) for is_behind in (True, False)]
    assert skips(Chase(), reports) == list(range(0, 10 * between_s, between_s))
