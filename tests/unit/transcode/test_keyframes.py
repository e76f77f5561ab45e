"""Keyframes: the first picture, after so many seconds, and on request, not too often but never forgotten."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.units import NS_PER_MS, NS_PER_S
from services.transcode.keyframes import KeyframePolicy

GOP = 4 * NS_PER_S
NOW = 100 * NS_PER_S
MEDIA = 1_795_000_000 * NS_PER_S


@pytest.fixture
def policy():
    policy = KeyframePolicy(GOP)
    policy.made(NOW, MEDIA)
    return policy


def due(policy, after_ns):
    return policy.is_due(NOW + after_ns, MEDIA + after_ns)


def test_first_picture_is_a_keyframe():
    assert KeyframePolicy(GOP).is_due(NOW, MEDIA)


def test_next_keyframe_comes_when_the_group_is_long_enough_in_media_time(policy):
    assert not policy.is_due(NOW + 9 * NS_PER_S, MEDIA + GOP - 1)
    assert policy.is_due(NOW, MEDIA + GOP)


@pytest.mark.parametrize(
    ("reason", "limit_ms"), [("join", 250), ("loss", 250), ("late", 1000), ("some new word", 1000)]
)
def test_request_that_comes_too_early_is_deferred_and_not_dropped(policy, reason, limit_ms):
    policy.request(reason, NOW + 10 * NS_PER_MS)
    assert not due(policy, limit_ms * NS_PER_MS - 1)
    assert due(policy, limit_ms * NS_PER_MS)


def test_request_long_after_a_keyframe_is_met_at_once(policy):
    policy.request("join", NOW + 2 * NS_PER_S)
    assert due(policy, 2 * NS_PER_S)


def test_newcomer_does_not_wait_for_the_limit_of_one_who_lags(policy):
    policy.request("late", NOW + 1)
    policy.request("join", NOW + 2)
    assert due(policy, 250 * NS_PER_MS)


def test_keyframe_answers_all_requests_before_it(policy):
    policy.request("join", NOW + NS_PER_S)
    policy.request("late", NOW + NS_PER_S)
    policy.made(NOW + NS_PER_S, MEDIA + NS_PER_S)
    assert not due(policy, 3 * NS_PER_S)
    assert policy.repeat_at_ns(None) is None


def test_newest_picture_is_repeated_when_the_camera_is_slow(policy):
    policy.request("join", NOW + NS_PER_S)
    assert policy.repeat_at_ns(NOW + 3 * NS_PER_S) == NOW + NS_PER_S
    assert policy.repeat_at_ns(None) == NOW + NS_PER_S
    assert policy.repeat_at_ns(NOW) == NOW + NS_PER_S


def test_fresh_picture_that_is_due_soon_is_waited_for(policy):
    policy.request("join", NOW + NS_PER_S)
    fresh = NOW + NS_PER_S + 40 * NS_PER_MS
    assert policy.repeat_at_ns(fresh) == fresh + 60 * NS_PER_MS
    late = NOW + NS_PER_S - 20 * NS_PER_MS
    assert policy.repeat_at_ns(late) == late + 60 * NS_PER_MS


def test_nothing_is_repeated_when_nobody_asked(policy):
    assert policy.repeat_at_ns(None) is None


@given(st.lists(st.tuples(st.integers(0, NS_PER_S), st.sampled_from(["join", "loss", "late"])), max_size=40))
def test_requests_never_make_keyframes_closer_than_the_limit_and_none_is_lost(requests):
    policy = KeyframePolicy(1000 * NS_PER_S)
    now, made = NOW, [NOW]
    policy.made(NOW, NOW)
    pending = False
    for passed, reason in requests:
        for _ in range(10):  # pictures all the while
            now += passed // 10
            if policy.is_due(now, now):
                policy.made(now, now)
                made.append(now)
                pending = False
        policy.request(reason, now)
        pending = True
    assert all(later - earlier >= 250 * NS_PER_MS for earlier, later in itertools.pairwise(made))
    assert policy.is_due(now + NS_PER_S, now + NS_PER_S) or not pending


def extra_keyframes(fps: int, joins_ns: list[int], *, made_before_ns: int | None) -> tuple[int, int]:
    """Let viewers come to a stream behind a server that starts them at keyframes of the last 300 ms.

    Return how many keyframes were made for them, and how long the unluckiest waited.
    """
    policy = KeyframePolicy(1000 * NS_PER_S)
    made: list[int] = []
    if made_before_ns is not None:
        policy.made(NOW - made_before_ns, NOW - made_before_ns)
        made.append(NOW - made_before_ns)
    waiting: list[int] = []
    longest_ns = extra = 0
    joins = sorted(joins_ns)
    for picture in range(2 * fps):
        now_ns = NOW + (picture + 1) * NS_PER_S // fps
        while joins and NOW + joins[0] < now_ns:
            came_ns = NOW + joins.pop(0)
            if not made or came_ns - made[-1] >= 300 * NS_PER_MS:
                policy.request("join", came_ns)
                waiting.append(came_ns)
        if policy.is_due(now_ns, now_ns):
            policy.made(now_ns, now_ns)
            extra += bool(made)
            made.append(now_ns)
            longest_ns = max([longest_ns, *(now_ns - came_ns for came_ns in waiting)])
            waiting = []
    assert waiting == []
    return extra, longest_ns


@pytest.mark.parametrize("made_before_ms", [None, 0, 100, 250, 299, 350, 3000])
@pytest.mark.parametrize("fps", [15, 25, 30, 60])
def test_hundred_viewers_within_a_second_cost_three_keyframes(fps, made_before_ms):
    joins_ns = [number * 10 * NS_PER_MS for number in range(100)]
    before_ns = None if made_before_ms is None else made_before_ms * NS_PER_MS
    extra, longest_ns = extra_keyframes(fps, joins_ns, made_before_ns=before_ns)
    assert extra <= 3
    assert longest_ns <= 50 * NS_PER_MS + 2 * NS_PER_S // fps


@given(
    st.lists(st.integers(0, NS_PER_S - 1), min_size=1, max_size=100),
    st.sampled_from([5, 15, 25, 30, 60]),
    st.none() | st.integers(0, 4 * NS_PER_S),
)
def test_viewers_within_a_second_cost_three_keyframes_however_they_come(joins_ns, fps, made_before_ns):
    assert extra_keyframes(fps, joins_ns, made_before_ns=made_before_ns)[0] <= 3


@pytest.mark.parametrize("after_ms", [300, 340, 2000])
def test_single_viewer_after_a_regular_keyframe_waits_for_one_picture(after_ms):
    _, waited_ns = extra_keyframes(25, [0], made_before_ns=after_ms * NS_PER_MS)
    assert waited_ns <= 40 * NS_PER_MS
