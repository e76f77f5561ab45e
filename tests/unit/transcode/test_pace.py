"""The pace that the rate control is told, and the limit on how many pictures are taken."""

from fractions import Fraction

import pytest

from common.units import NS_PER_S
from services.transcode.pace import RateLimit, is_far_off, millihertz, pace_hz


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
    limit = RateLimit(limit_fps)
    return [at for at in times_s if limit.admits(round(at * NS_PER_S))]


@pytest.mark.parametrize(("camera_fps", "limit_fps"), [(60, 25), (30, 10), (25, 0.5), (30, 0.1), (30, 29), (200, 60)])
def test_limit_is_kept_on_average(camera_fps, limit_fps):
    times = [100 + n / camera_fps for n in range(camera_fps * 40)]
    assert abs(len(taken(limit_fps, times)) - 40 * limit_fps) <= max(2, 0.02 * 40 * limit_fps)


@pytest.mark.parametrize("camera_fps", [0.2, 5, 24.9, 25])
def test_camera_within_the_limit_loses_nothing_to_its_jitter(camera_fps):
    times = [100 + n / camera_fps + (0.2 / 25 if n % 2 else 0) for n in range(200)]
    assert taken(25, times) == times


def test_limit_begins_anew_when_time_steps_back_or_stands_long():
    assert taken(1, [100, 100.5, 50, 50.5, 51, 500, 500.2]) == [100, 50, 51, 500]


def test_newest_pictures_of_a_burst_after_a_stall_are_taken():
    burst = [102 + n / 1000 for n in range(4)]
    assert taken(60, [100, 100.04, *burst]) == [100, 100.04, *burst]
    assert taken(1, [100, 101, *burst]) == [100, 101, 102]
