import pytest

from common.errors import WireError
from common.frame import Frame
from common.units import NS_PER_S
from services.recorder.plausible import LATEST_NS, LONGEST_INTERVAL_NS, plausible

T = 1_795_381_200 * NS_PER_S
HUGE = (1 << 64) - 1


def frame(**changes) -> Frame:
    return Frame(**{"seq": 1, "source": 2, "media_time_ns": T, "captured_at_ns": T, "width": 8, "height": 8, **changes})


@pytest.mark.parametrize(
    "changes", [{}, {"width": 65_500, "height": 65_500}, {"seq": HUGE, "source": HUGE, "skipped": {"bus": 1 << 32}}]
)
def test_frame_that_makes_sense_goes_on_as_it_is(changes):
    told = frame(**changes)
    assert plausible(told) is told


@pytest.mark.parametrize(
    "changes",
    [
        {"captured_at_ns": LATEST_NS + 1},
        {"media_time_ns": HUGE},
        {"width": HUGE},
        {"height": 65_536},
        {"skipped": {"bus": 1, "overload": HUGE}},
    ],
)
def test_frame_that_no_file_can_hold_is_refused(changes):
    with pytest.raises(WireError):
        plausible(frame(**changes))


def test_estimate_of_the_next_frame_is_limited():
    assert plausible(frame(interval_ns=HUGE)).interval_ns == LONGEST_INTERVAL_NS
    assert 3 * LONGEST_INTERVAL_NS * 90_000 // NS_PER_S < 1 << 32
