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
