import pytest

from common.units import NS_PER_S
from services.recorder.age_clock import DAY_NS, AgeClock
from services.recorder.taking import Moment

HOUR_NS = 3600 * NS_PER_S
T = 1_795_381_200 * NS_PER_S


def run(clock: AgeClock, wall_ns: int, hours: int, began_ns: int = 0) -> list[int]:
    """Look once an hour while the wall clock goes on from `wall_ns`."""
    return [clock.look(Moment(began_ns + hour * HOUR_NS, wall_ns + hour * HOUR_NS)) for hour in range(hours)]


def test_clock_that_goes_on_is_believed():
    assert run(AgeClock(T), T, 3) == [T, T + HOUR_NS, T + 2 * HOUR_NS]


def test_pause_of_a_night_is_believed_at_once():
    assert AgeClock(T).look(Moment(5, T + 14 * HOUR_NS)) == T + 14 * HOUR_NS


@pytest.mark.parametrize("ahead_days", [2, 365, 36_500])
def test_clock_far_ahead_is_believed_after_a_day_of_running(ahead_days):
    ahead_ns = T + ahead_days * DAY_NS
    times = run(AgeClock(T), ahead_ns, 26)
    assert times[:24] == [T + hour * HOUR_NS for hour in range(24)]
    assert times[25] == ahead_ns + 25 * HOUR_NS


def test_clock_that_was_ahead_for_a_while_changed_nothing():
    clock = AgeClock(T)
    run(clock, T + 365 * DAY_NS, 10)
    assert clock.is_in_doubt
    assert clock.look(Moment(10 * HOUR_NS, T + 10 * HOUR_NS)) == T + 10 * HOUR_NS
    assert not clock.is_in_doubt


def test_clock_that_is_set_again_is_doubted_anew():
    clock = AgeClock(T)
    run(clock, T + 10 * DAY_NS, 20)
    assert max(run(clock, T + 1000 * DAY_NS, 20, 20 * HOUR_NS)) < T + 2 * DAY_NS


def test_doubt_outlives_the_process():
    before = AgeClock(T)
    run(before, T + 30 * DAY_NS, 20)
    after = AgeClock(before.trusted_ns, before.doubted_ns)
    assert run(after, T + 31 * DAY_NS, 8)[-1] == T + 31 * DAY_NS + 7 * HOUR_NS


def test_board_that_begins_in_1970_at_each_start_is_right_as_soon_as_its_clock_is_set():
    clock = AgeClock(T)
    assert clock.look(Moment(0, NS_PER_S)) == NS_PER_S
    assert clock.look(Moment(HOUR_NS, T + 5 * HOUR_NS)) == T + 5 * HOUR_NS


def test_age_is_never_told_by_a_later_time_than_the_clocks():
    clock = AgeClock(T)
    assert all(time_ns <= T - 400 * DAY_NS + hour * HOUR_NS
               for hour, time_ns in enumerate(run(clock, T - 400 * DAY_NS, 30)))  # fmt: skip
