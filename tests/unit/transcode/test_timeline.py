"""Decode times: from media times alone, strictly rising, at any frame rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.units import HZ_90K, NS_PER_MS, NS_PER_S, to_90k
from services.transcode.timeline import Timeline, duration_90k, media_time_ns

EPOCH = 1_795_000_000 * NS_PER_S


@pytest.mark.parametrize("fps", [0.5, 5, 30, 60, 29.97])
def test_times_keep_the_cameras_pace_without_drift(fps):
    timeline = Timeline()
    pictures = 2000
    times = [timeline.next_90k(EPOCH + round(n * NS_PER_S / fps)) for n in range(pictures)]
    assert times[0] == to_90k(EPOCH)
    for n, time_90k in enumerate(times):
        assert abs(time_90k - times[0] - n * HZ_90K / fps) <= 1


def test_another_worker_gives_the_same_times():
    media = [EPOCH + n * 33_366_667 for n in range(100)]
    first, second = Timeline(), Timeline()
    times = [first.next_90k(at) for at in media]
    assert [second.next_90k(at) for at in media[50:]] == times[50:]


@given(st.lists(st.integers(-300 * NS_PER_MS, 3 * NS_PER_S), min_size=1, max_size=50))
def test_times_rise_strictly_whatever_the_media_times_do(steps):
    timeline = Timeline()
    now, last = EPOCH, -1
    for step in steps:
        now += step
        if timeline.stepped_back(now):
            timeline.begin()
            last = -1
        time_90k = timeline.next_90k(now)
        assert time_90k > last
        assert time_90k >= to_90k(now)
        assert time_90k - to_90k(now) <= to_90k(500 * NS_PER_MS) + 1
        assert to_90k(media_time_ns(now, time_90k)) == time_90k
        last = time_90k


def test_same_picture_again_comes_one_tick_later():
    timeline = Timeline()
    first = timeline.next_90k(EPOCH)
    assert timeline.next_90k(EPOCH) == first + 1


def test_step_back_is_bent_away_when_small_and_told_when_large():
    timeline = Timeline()
    timeline.next_90k(EPOCH)
    assert not timeline.stepped_back(EPOCH - 400 * NS_PER_MS)
    assert timeline.stepped_back(EPOCH - 600 * NS_PER_MS)
    timeline.begin()
    assert timeline.next_90k(EPOCH - NS_PER_S) == to_90k(EPOCH - NS_PER_S)


@given(st.integers(0, 1 << 62))
def test_media_time_of_an_unmoved_picture_is_its_own(media_ns):
    assert media_time_ns(media_ns, to_90k(media_ns)) == media_ns


@pytest.mark.parametrize(
    ("interval_ns", "ticks"),
    [(0, 3600), (40 * NS_PER_MS, 3600), (2 * NS_PER_S, 180_000), (1, 375), (3600 * NS_PER_S, 900_000)],
)
def test_declared_duration_is_the_estimate_within_reason(interval_ns, ticks):
    assert duration_90k(interval_ns) == ticks
