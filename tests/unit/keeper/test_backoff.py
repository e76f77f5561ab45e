"""When a member that was given up is started again."""

from itertools import pairwise

from common.units import NS_PER_S
from services.keeper.backoff import MOST_NS, Backoff
from services.keeper.desired import Member

FATAL = Member("broker", "broker", "FATAL", 0)
RUNNING = Member("broker", "broker", "RUNNING", 7)
STARTING = Member("broker", "broker", "STARTING", 7)


def starts(backoff, seconds, state=lambda second: FATAL):
    """Return the seconds at which the member was due, looked at once a second."""
    return [second for second in range(seconds) if backoff.due([state(second)], second * NS_PER_S)]


def test_member_that_fails_again_and_again_is_started_ever_less_often():
    times = starts(Backoff(), 400)

    spans = [after - before for before, after in pairwise(times)]
    # One look more each: it is given up again at the look after its start.
    assert times[0] == 1
    assert spans[:6] == [3, 5, 9, 17, 33, 61]
    assert set(spans[5:]) == {61}


def test_due_tells_the_delay_of_the_next_time():
    backoff = Backoff()
    assert backoff.due([FATAL], 0) == {}

    assert backoff.due([FATAL], NS_PER_S) == {"broker": 2.0}


def test_exited_member_that_supervisord_starts_by_itself_is_left_to_it():
    backoff = Backoff()
    backoff.due([Member("broker", "broker", "EXITED", 0)], 0)
    backoff.due([STARTING], NS_PER_S // 20)

    assert backoff.due([RUNNING], 2 * NS_PER_S) == {}
    assert backoff.wait_s(2 * NS_PER_S) is None


def test_member_that_lived_for_a_minute_begins_anew():
    backoff = Backoff()
    assert starts(backoff, 12) == [1, 4, 9]

    for second in range(100, 162):
        backoff.due([RUNNING], second * NS_PER_S)

    backoff.due([FATAL], 200 * NS_PER_S)
    assert backoff.due([FATAL], 201 * NS_PER_S) == {"broker": 2.0}


def test_member_that_lived_for_less_does_not():
    backoff = Backoff()
    assert starts(backoff, 12) == [1, 4, 9]

    for second in range(100, 150):
        backoff.due([RUNNING], second * NS_PER_S)

    backoff.due([FATAL], 150 * NS_PER_S)
    assert backoff.due([FATAL], 151 * NS_PER_S) == {}
    assert backoff.wait_s(151 * NS_PER_S) == 7.0


def test_nobody_waits_for_a_member_that_is_not_wanted_any_more():
    backoff = Backoff()
    backoff.due([FATAL], 0)

    backoff.due([], NS_PER_S // 2)

    assert backoff.wait_s(5 * NS_PER_S) is None


def test_delay_has_an_end():
    backoff = Backoff()
    starts(backoff, 1000)

    assert backoff._cases["broker"].delay_ns == MOST_NS


def test_each_member_has_its_own_delay():
    backoff = Backoff()
    other = Member("fanout", "fanout-0", "FATAL", 0)
    starts(backoff, 5)

    backoff.due([FATAL, other], 5 * NS_PER_S)

    assert backoff.due([FATAL, other], 6 * NS_PER_S) == {"fanout-0": 2.0}
