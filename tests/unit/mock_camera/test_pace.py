import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.units import NS_PER_MS, NS_PER_S
from tools.mock_camera.faults import Faults, Rates, Stall
from tools.mock_camera.pace import Pace

START_NS = 5_000 * NS_PER_S
FRAME_NS = 40 * NS_PER_MS
GOOD = Faults()


def paced(faults: Faults, frames: int, fps: float = 25.0, seed: int = 1) -> list[int]:
    """Return when a camera that is always in time sends, in ns since its start."""
    pace, times_ns = Pace(fps, START_NS, random.Random(seed)), [START_NS]
    for _ in range(frames):
        times_ns.append(pace.next_ns(times_ns[-1], faults))
    assert pace.skipped == 0
    return [time_ns - START_NS for time_ns in times_ns[1:]]


@pytest.mark.parametrize("fps", [0.2, 5, 25, 29.97])
def test_frames_lie_on_a_steady_grid(fps):
    assert paced(GOOD, 100, fps) == [index * round(NS_PER_S / fps) for index in range(100)]


@given(st.floats(min_value=0, max_value=0.3), st.integers(min_value=0, max_value=1000))
def test_jitter_delays_each_frame_within_its_bound_and_keeps_the_order(jitter_s, seed):
    times_ns = paced(Faults(jitter_s=jitter_s), 60, seed=seed)
    assert times_ns == sorted(times_ns)
    most_ns = round(jitter_s * NS_PER_S)
    assert all(0 <= time_ns - index * FRAME_NS <= most_ns for index, time_ns in enumerate(times_ns))


def test_jitter_is_there_at_all():
    lateness_ns = [time_ns - index * FRAME_NS for index, time_ns in enumerate(paced(Faults(jitter_s=0.02), 100))]
    assert max(lateness_ns) > 15 * NS_PER_MS
    assert min(lateness_ns) < 5 * NS_PER_MS


def test_burst_sends_n_at_once_and_keeps_the_rate():
    times_ns = paced(Faults(burst=5), 15)
    assert times_ns == [4 * FRAME_NS] * 5 + [9 * FRAME_NS] * 5 + [14 * FRAME_NS] * 5


def test_stall_leaves_a_gap_of_its_length_each_time():
    times_ns = paced(Faults(stall=Stall(1, 4)), 300)
    assert not [time_ns for time_ns in times_ns if time_ns >= 4 * NS_PER_S and time_ns % (4 * NS_PER_S) < NS_PER_S]
    gaps_ns = [after - before for before, after in pairwise(times_ns)]
    assert sum(gap_ns > NS_PER_S for gap_ns in gaps_ns) == 3
    # No burst makes up for the stall.
    assert min(gaps_ns) >= FRAME_NS


def test_rates_take_turns_and_no_frame_is_closer_than_the_faster_one():
    times_ns = paced(Faults(rates=Rates((5, 20), 2)), 150)
    gaps_ns = [after - before for before, after in pairwise(times_ns)]
    assert set(gaps_ns) == {200 * NS_PER_MS, 50 * NS_PER_MS}
    by_second = [
        sum(second * NS_PER_S <= time_ns < (second + 1) * NS_PER_S for time_ns in times_ns) for second in range(8)
    ]
    assert by_second == pytest.approx([5, 5, 20, 20, 5, 5, 20, 20], abs=4)


def test_slow_camera_skips_instead_of_catching_up():
    pace = Pace(25, START_NS, random.Random(1))
    assert pace.next_ns(START_NS, GOOD) == START_NS
    late_ns = START_NS + 10 * FRAME_NS + 7
    assert pace.next_ns(late_ns, GOOD) == START_NS + 10 * FRAME_NS
    assert pace.next_ns(late_ns, GOOD) == START_NS + 11 * FRAME_NS
    assert pace.skipped == 9


def test_faults_may_change_between_frames():
    pace = Pace(25, START_NS, random.Random(1))
    steady = pace.next_ns(START_NS, GOOD)
    jittered = pace.next_ns(START_NS, Faults(jitter_s=0.03))
    assert steady == START_NS
    assert 0 < jittered - START_NS - FRAME_NS < 30 * NS_PER_MS
