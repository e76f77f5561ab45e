from dataclasses import replace

import pytest

from common.frame import Frame
from common.recordings.rows import Reason
from common.units import NS_PER_MS, NS_PER_S
from services.recorder.cutting import Cut, ReasonWatch, Run, judge
from services.recorder.recorder_time import RecorderTime

T = 1_795_381_200 * NS_PER_S
KEY = Frame(seq=0, source=1, media_time_ns=T, captured_at_ns=T, width=8, height=8, key=True, init=b"a")
SEGMENT_NS = 60 * NS_PER_S


def frame(seconds: float, *, key: bool = False, clock_s: float = 0.0, init: bytes = b"a", interval_s: float = 0.04):
    media_ns = T + int(seconds * NS_PER_S)
    return replace(
        KEY,
        media_time_ns=media_ns,
        captured_at_ns=media_ns + int(clock_s * NS_PER_S),
        key=key,
        init=init if key else b"",
        interval_ns=int(interval_s * NS_PER_S),
    )


def judged(next_frame: Frame, *, last_s: float = 0.0, why: Reason | None = None, mono_s: float | None = None) -> Cut:
    time = RecorderTime()
    run = Run(time.begin(frame(0, key=True), 0, T), b"a")
    time_ns = time.follow(frame(last_s)) if last_s else time.last_ns
    run.took(frame(last_s), time_ns, int(last_s * NS_PER_S))
    passed_ns = next_frame.media_time_ns - T if mono_s is None else int(mono_s * NS_PER_S)
    return judge(run, next_frame, time, why, SEGMENT_NS, passed_ns)


@pytest.mark.parametrize(
    ("next_frame", "changes", "cut"),
    [
        (frame(0.04), {}, Cut.GO_ON),
        (frame(0.04, key=True), {}, Cut.GO_ON),
        (frame(0.04), {"why": Reason.BUS}, Cut.GAP),
        (frame(60, key=True), {"last_s": 59.9}, Cut.SEAM),
        (frame(60), {"last_s": 59.9}, Cut.GO_ON),
        (frame(5, key=True, init=b"b"), {"last_s": 4.9}, Cut.SEAM),
        (frame(1.5, key=True), {}, Cut.GAP),
        (frame(1.5), {}, Cut.GO_ON),
        (frame(3.5), {}, Cut.GAP),
        (frame(12, key=True, interval_s=5), {}, Cut.GO_ON),
        (frame(16, key=True, interval_s=5), {}, Cut.GAP),
        (frame(0.04, key=True, clock_s=3600), {}, Cut.CLOCK),
        (frame(0.04, key=True, clock_s=-3600), {}, Cut.CLOCK),
        (frame(0.04, clock_s=-3600), {}, Cut.GO_ON),
        (frame(3600, key=True), {"mono_s": 0.5}, Cut.CLOCK),
    ],
)
def test_file_is_cut_where_it_has_to_be(next_frame, changes, cut):
    assert judged(next_frame, **changes) is cut


def test_first_frame_begins_a_file():
    assert judge(None, frame(0, key=True), RecorderTime(), None, SEGMENT_NS, 0) is Cut.BEGIN


def test_silence_is_one_after_three_seconds_and_three_intervals():
    run = Run(T, b"a")
    run.took(frame(0, interval_s=0.04), T, 0)
    assert not run.is_silent(3 * NS_PER_S)
    assert run.is_silent(3 * NS_PER_S + 1)
    run.took(frame(0, interval_s=5), T, 0)
    assert not run.is_silent(15 * NS_PER_S)
    assert run.is_silent(15 * NS_PER_S + 1)


def test_reason_changes_when_it_held_for_a_while_and_then_from_its_beginning():
    watch, ms = ReasonWatch(), NS_PER_MS
    assert watch.judge("down", "bus", T, 0) is None
    assert watch.judge("down", "bus", T + 1000 * ms, 1000 * ms) is None
    assert watch.judge("down", "offline", T + 1500 * ms, 1500 * ms) is None
    assert watch.judge("down", "offline", T + 3400 * ms, 3400 * ms) is None
    assert watch.judge("down", "offline", T + 3500 * ms, 3500 * ms) == T + 1500 * ms


def test_reason_that_is_the_same_never_changes():
    watch = ReasonWatch()
    assert watch.judge("bus", "offline", T, 0) is None
    assert watch.judge("bus", "bus", T, NS_PER_S) is None
    assert watch.judge("bus", "offline", T, 3 * NS_PER_S) is None
