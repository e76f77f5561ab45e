from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from common.frame import Frame
from common.units import NS_PER_MS, NS_PER_S
from services.recorder.recorder_time import JUMP_NS, LONGEST_GUESS_NS, RecorderTime, guess_end_ns

T = 1_795_381_200 * NS_PER_S
FRAME = Frame(seq=0, source=1, media_time_ns=T, captured_at_ns=T, width=8, height=8, interval_ns=66 * NS_PER_MS)


def frame(seconds: float, clock_s: float = 0.0, **changes: object) -> Frame:
    media_ns = T + int(seconds * NS_PER_S)
    return replace(FRAME, media_time_ns=media_ns, captured_at_ns=media_ns + int(clock_s * NS_PER_S), **changes)


def test_time_is_the_wall_clocks_when_the_picture_was_captured():
    time = RecorderTime()
    assert time.begin(frame(0, 5), 0, T) == T + 5 * NS_PER_S
    assert time.follow(frame(0.04, 5)) == T + 5 * NS_PER_S + 40 * NS_PER_MS
    assert time.shift_ns == 0


def test_time_goes_on_from_the_newest_instant_when_the_clock_was_set_back():
    time = RecorderTime()
    assert time.begin(frame(10, -3600), T + 10 * NS_PER_S, T - 3590 * NS_PER_S) == T + 10 * NS_PER_S
    assert time.shift_ns == 3600 * NS_PER_S
    assert time.follow(frame(11, -3600)) == T + 11 * NS_PER_S


def test_run_tries_again_with_less_shift_when_time_has_passed():
    time = RecorderTime()
    time.begin(frame(10, -3600), T + 10 * NS_PER_S, T)
    assert time.begin(frame(5000, -3600), T + 12 * NS_PER_S, T + 1400 * NS_PER_S) == T + 1400 * NS_PER_S
    assert time.shift_ns == 0


def test_picture_that_is_sent_again_is_no_clock_set_back():
    time, floor_ns, wall_ns = RecorderTime(), T + 4 * NS_PER_S, T + 5 * NS_PER_S
    assert time.begin(frame(0, interval_ns=5 * NS_PER_S), floor_ns, wall_ns) == wall_ns
    assert time.shift_ns == 0
    assert time.follow(frame(5.5)) == T + 5500 * NS_PER_MS


def test_guess_that_was_too_long_is_no_clock_set_back():
    time = RecorderTime()
    floor_ns = T + 100 * NS_PER_MS
    assert time.begin(frame(0), floor_ns, T) == floor_ns
    assert time.shift_ns == 0


def test_clock_that_was_set_is_a_jump_and_one_that_is_slewed_is_none():
    time = RecorderTime()
    time.begin(frame(0), 0, T)
    assert not time.is_jump(frame(60, 0.4))
    assert time.is_jump(frame(60, 0.6))
    assert time.is_jump(frame(60, -3600))


def test_another_connection_has_a_timebase_of_its_own():
    time = RecorderTime()
    time.begin(frame(0), 0, T)
    other = replace(FRAME, source=2, media_time_ns=T + NS_PER_S - 300 * NS_PER_MS, captured_at_ns=T + NS_PER_S)
    assert time.follow(other) == T + NS_PER_S


def test_guess_is_short_for_slow_cameras():
    assert guess_end_ns(T, 5 * NS_PER_S) == T + LONGEST_GUESS_NS
    assert guess_end_ns(T, 66 * NS_PER_MS) == T + 66 * NS_PER_MS
    assert guess_end_ns(T, 0) > T


STEPS = st.lists(
    st.tuples(
        st.integers(1, 20_000),  # ms since the frame before
        st.one_of(st.just(0), st.just(0), st.integers(-7_200_000, 7_200_000)),  # ms that the clock is set by
        st.sampled_from(["frame", "frame", "frame", "frame", "cut", "restart", "reconnect"]),
    ),
    max_size=60,
)


@given(STEPS)
def test_times_never_go_back_whatever_the_clock_does(steps):
    time, floor_ns = RecorderTime(), 0
    passed_ns, clock_ns, source, begins = 0, 0, 1, True
    for gap_ms, step_ms, what in steps:
        passed_ns += gap_ms * NS_PER_MS
        clock_ns += step_ms * NS_PER_MS
        if what == "restart":
            time, begins = RecorderTime(), True
        elif what == "reconnect":
            source += 1
        begins = begins or what == "cut"
        media_ns = T + passed_ns + source * 7 * NS_PER_MS
        wall_ns = T + passed_ns + clock_ns
        now = Frame(0, source, media_ns, wall_ns, 8, 8, interval_ns=66 * NS_PER_MS)
        if begins or time.is_jump(now):
            time_ns = time.begin(now, floor_ns, wall_ns)
            assert abs(time_ns - wall_ns - time.shift_ns) <= 250 * NS_PER_MS or time_ns == floor_ns
            begins = False
        else:
            time_ns = time.follow(now)
            assert time_ns - wall_ns - time.shift_ns <= JUMP_NS + 20_000 * NS_PER_MS
        assert time_ns >= floor_ns
        floor_ns = time_ns + 1
