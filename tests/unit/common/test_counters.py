"""Rates: what was counted, over the time it was counted in."""

import pytest

from common.counters import Counters, RateMeter
from common.units import NS_PER_S


def test_counters_accumulate():
    counters = Counters()
    counters.add("frames")
    counters.add("frames", 2)
    assert counters.snapshot() == {"frames": 3}
    assert counters.get("other") == 0


@pytest.mark.parametrize("fps", [1, 5, 25, 60])
def test_rate_meter_tells_the_pace_when_frames_come_evenly(fps):
    meter = RateMeter()
    now_ns = 10**12
    for _ in range(fps * 6):
        now_ns += NS_PER_S // fps
        meter.add(now_ns)
    assert meter.per_second(now_ns) == pytest.approx(fps, rel=0.35 if fps < 5 else 0.12)


def test_rate_meter_is_zero_before_and_long_after():
    meter = RateMeter()
    assert meter.per_second(5 * NS_PER_S) == 0
    meter.add(5 * NS_PER_S, 100)
    assert meter.per_second(5 * NS_PER_S) > 0
    assert meter.per_second(60 * NS_PER_S) == 0
