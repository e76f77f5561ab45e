"""The pace that the rate control is told, and the limit on how many pictures are taken."""

from fractions import Fraction

import pytest

from common.units import NS_PER_S
from services.transcode.pace import RateLimit, Thinning, is_far_off, millihertz, pace_hz


@pytest.mark.parametrize(
    ("interval_ns", "pace"),
    [(0, 25), (40_000_000, 25), (33_333_333, 30), (2 * NS_PER_S, 5), (1_000_000, 60), (80_000_000, Fraction(125, 10))],
)
def test_pace_is_the_cameras_within_what_the_buffer_allows(interval_ns, pace):
    assert pace_hz(interval_ns) == pace


@pytest.mark.parametrize(("interval_ns", "expected"), [(0, 25_000), (2 * NS_PER_S, 500), (40_000_000, 25_000)])
def test_true_pace_is_told_to_readers(interval_ns, expected):
    assert millihertz(interval_ns) == expected


def test_pace_is_far_off_beyond_half_as_much_again():
    assert not is_far_off(Fraction(30), Fraction(20))
    assert not is_far_off(Fraction(20), Fraction(30))
    assert is_far_off(Fraction(30), Fraction(19))
    assert is_far_off(Fraction(5), Fraction(25))


def taken(limit_fps: float, times_s: list[float]) -> list[float]:
    """Return which pictures of a camera are taken, when the newest one waits for its turn."""
    limit = RateLimit(limit_fps)
    result: list[float] = []
    waiting: float | None = None
    for at, following in zip(times_s, [*times_s[1:], times_s[-1] + 3600], strict=True):
        waiting = at
        ready_ns = limit.ready_at_ns(round(at * NS_PER_S))
        if ready_ns < following * NS_PER_S:
            limit.take(max(ready_ns, round(at * NS_PER_S)))
            result.append(waiting)
    return result


@pytest.mark.parametrize(("camera_fps", "limit_fps"), [(60, 25), (30, 10), (25, 0.5), (30, 0.1), (30, 29), (200, 60)])
def test_limit_is_kept_on_average(camera_fps, limit_fps):
    times = [100 + n / camera_fps for n in range(camera_fps * 40)]
    assert abs(len(taken(limit_fps, times)) - 40 * limit_fps) <= max(3, 0.02 * 40 * limit_fps)


@pytest.mark.parametrize("camera_fps", [0.2, 5, 24.9, 25])
def test_camera_within_the_limit_neither_loses_nor_delays_a_picture(camera_fps):
    limit = RateLimit(25)
    for n in range(200):
        now_ns = round((100 + n / camera_fps + (0.2 / 25 if n % 2 else 0)) * NS_PER_S)
        assert limit.ready_at_ns(now_ns) == now_ns
        limit.take(now_ns)


def test_newest_picture_of_a_burst_is_taken_in_the_end():
    burst = [102 + n / 1000 for n in range(10)]
    for limit_fps in (60, 25, 1):
        assert taken(limit_fps, [100, 101, *burst])[-1] == burst[-1]
    assert taken(60, [100, 101, *burst])[:6] == [100, 101, *burst[:4]]


def test_picture_waits_for_its_credit_and_no_longer():
    limit = RateLimit(1)
    limit.take(NS_PER_S)
    assert limit.ready_at_ns(NS_PER_S) == NS_PER_S * 7 // 4
    assert limit.ready_at_ns(NS_PER_S * 7 // 4) == NS_PER_S * 7 // 4


def test_thinning_takes_each_nth_number_of_a_source():
    thinning = Thinning()
    thinning.every = 3
    taken = []
    for seq in [0, 1, 2, 3, 5, 8, 9, 10, 11]:
        if not thinning.leaves_out(7, seq):
            thinning.take(7, seq)
            taken.append(seq)
    assert taken == [0, 3, 8, 11]


def test_thinning_begins_anew_with_another_source():
    thinning = Thinning()
    thinning.every = 3
    thinning.take(7, 100)
    assert thinning.leaves_out(7, 101)
    assert not thinning.leaves_out(8, 101)
    # A camera that counts from the beginning again.
    assert not thinning.leaves_out(7, 2)
