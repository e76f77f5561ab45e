import pytest

from common.units import NS_PER_MS, NS_PER_S
from services.ingest.pace import Pace


def run(pace: Pace, start_ns: int, intervals_ms: list[int], size_bytes: int = 1000) -> int:
    now_ns = start_ns
    for interval_ms in intervals_ms:
        now_ns += interval_ms * NS_PER_MS
        pace.add(now_ns, size_bytes)
    return now_ns


def test_interval_is_unknown_until_two_frames_came():
    pace = Pace(0)
    assert pace.interval_ns == 0
    pace.add(5 * NS_PER_S, 1)
    assert pace.interval_ns == 0
    pace.add(7 * NS_PER_S, 1)
    assert pace.interval_ns == 2 * NS_PER_S


def test_stall_and_the_burst_after_it_do_not_move_the_interval():
    pace = Pace(0)
    run(pace, 0, [40] * 20 + [3000, 1, 1, 1, 1, 40])
    assert pace.interval_ns == 40 * NS_PER_MS


def test_interval_of_a_camera_that_always_sends_bursts_is_no_moment():
    pace = Pace(0)
    run(pace, 0, [500, 1, 1, 1, 1] * 6)
    assert 25 * NS_PER_MS < pace.interval_ns < 150 * NS_PER_MS


def test_interval_follows_a_lasting_change():
    pace = Pace(0)
    run(pace, 0, [40] * 20 + [200] * 15)
    assert pace.interval_ns == 200 * NS_PER_MS


@pytest.mark.parametrize(("interval_ms", "fps"), [(40, 25), (33, 30.3), (5000, 0.2), (100, 10)])
def test_fps_and_bytes_are_those_of_the_last_frames(interval_ms, fps):
    pace = Pace(0)
    now_ns = run(pace, 0, [interval_ms] * 10)
    assert pace.fps(now_ns) == pytest.approx(fps, rel=0.01)
    assert pace.bytes_per_s(now_ns) == pytest.approx(fps * 1000, rel=0.01)


def test_rates_are_zero_before_the_second_frame():
    pace = Pace(0)
    pace.add(1, 1)
    assert (pace.fps(2), pace.bytes_per_s(2)) == (0.0, 0.0)


def test_fps_falls_while_the_camera_is_silent():
    pace = Pace(0)
    now_ns = run(pace, 0, [40] * 32)
    assert pace.fps(now_ns + 60 * NS_PER_MS) == pytest.approx(25)
    assert pace.fps(now_ns + 10 * NS_PER_S) < 4
    assert pace.fps(now_ns + 1000 * NS_PER_S) < 0.05


def test_fast_camera_is_stalled_after_ten_seconds():
    pace = Pace(0)
    now_ns = run(pace, 0, [40] * 20)
    assert not pace.is_stalled(now_ns + 10 * NS_PER_S)
    assert pace.is_stalled(now_ns + 10 * NS_PER_S + 1)


def test_slow_camera_is_stalled_after_three_of_its_intervals():
    pace = Pace(0)
    now_ns = run(pace, 0, [5000] * 5)
    assert not pace.is_stalled(now_ns + 15 * NS_PER_S)
    assert pace.is_stalled(now_ns + 15 * NS_PER_S + 1)


def test_camera_that_never_sent_is_stalled_ten_seconds_after_it_connected():
    pace = Pace(7 * NS_PER_S)
    assert not pace.is_stalled(17 * NS_PER_S)
    assert pace.is_stalled(17 * NS_PER_S + 1)


def test_next_frame_is_due_one_interval_after_the_last():
    pace = Pace(0)
    assert pace.due_in_ns(0) is None
    now_ns = run(pace, 0, [40] * 3)
    assert pace.due_in_ns(now_ns + 10 * NS_PER_MS) == 30 * NS_PER_MS
    assert pace.due_in_ns(now_ns + 41 * NS_PER_MS) is None
