"""Which frames are news, and what the bus lost before them."""

from dataclasses import replace

from common.frame import Frame
from common.units import NS_PER_S
from services.transcode.arrivals import Arrivals, Verdict

NOW = 50 * NS_PER_S
FRAME = Frame(seq=0, source=1, media_time_ns=0, captured_at_ns=0, width=640, height=480)


def test_frames_in_order_are_fresh_and_none_is_lost():
    arrivals = Arrivals()
    for seq in (4, 5, 6):
        assert arrivals.judge(replace(FRAME, seq=seq), NOW) is Verdict.FRESH
        assert arrivals.lost == 0


def test_repeat_of_a_known_frame_is_known():
    arrivals = Arrivals()
    arrivals.judge(replace(FRAME, seq=4), NOW)
    assert arrivals.judge(replace(FRAME, seq=4, repeat=True), NOW) is Verdict.KNOWN
    assert arrivals.judge(replace(FRAME, seq=3), NOW) is Verdict.KNOWN


def test_repeat_of_an_unknown_frame_is_fresh():
    assert Arrivals().judge(replace(FRAME, seq=9, repeat=True), NOW) is Verdict.FRESH


def test_hole_that_the_source_explains_is_no_loss():
    arrivals = Arrivals()
    arrivals.judge(replace(FRAME, seq=1), NOW)
    arrivals.judge(replace(FRAME, seq=5, skipped={"truncated": 2, "oversize": 1}), NOW)
    assert arrivals.lost == 0


def test_hole_that_nobody_explains_is_the_bus():
    arrivals = Arrivals()
    arrivals.judge(replace(FRAME, seq=1), NOW)
    arrivals.judge(replace(FRAME, seq=5, skipped={"truncated": 1}), NOW)
    assert arrivals.lost == 2


def test_new_connection_is_followed_and_the_old_one_ignored_for_a_while():
    arrivals = Arrivals()
    arrivals.judge(replace(FRAME, seq=100), NOW)
    assert arrivals.judge(replace(FRAME, source=2, seq=0), NOW) is Verdict.FRESH
    assert arrivals.judge(replace(FRAME, seq=101), NOW + NS_PER_S) is Verdict.FORMER
    assert arrivals.judge(replace(FRAME, source=2, seq=1), NOW + NS_PER_S) is Verdict.FRESH
    assert arrivals.judge(replace(FRAME, seq=150), NOW + 3 * NS_PER_S) is Verdict.FRESH
    assert arrivals.lost == 0


def test_hole_over_a_pause_is_no_loss():
    arrivals = Arrivals()
    arrivals.judge(replace(FRAME, seq=1), NOW)
    arrivals.pause()
    assert arrivals.judge(replace(FRAME, seq=1, repeat=True), NOW) is Verdict.FRESH
    arrivals.pause()
    arrivals.judge(replace(FRAME, seq=900), NOW)
    assert arrivals.lost == 0
