"""Who hangs."""

import pytest

from common.units import NS_PER_S
from services.keeper.watchdog import (
    AGAIN_NS,
    BUS_LIMIT_MOST_NS,
    BUS_LIMIT_NS,
    LIMIT_NS,
    START_GRACE_NS,
    Life,
    Watchdog,
)

# Long after the start of everything.
T0 = 1000 * NS_PER_S
STARTED = 100 * NS_PER_S


def life(name, stamp_ns, started_ns=STARTED, pid=7):
    return Life(name.partition("-")[0], name, pid, started_ns, stamp_ns)


class Desk:
    """A watchdog that looked every second until T0, with a bus that carried something until then."""

    def __init__(self):
        self.dog = Watchdog(T0 - 60 * NS_PER_S)
        self.now_ns = T0 - 60 * NS_PER_S
        self.pass_s(60)

    def pass_s(self, seconds, *, bus=True):
        for _ in range(seconds):
            self.now_ns += NS_PER_S
            self.dog.ran(self.now_ns)
            if bus:
                self.dog.heard_bus(self.now_ns)

    def hung(self, *lives):
        return [verdict.name for verdict in self.dog.hung(self.now_ns, lives)]


@pytest.fixture
def desk():
    return Desk()


def test_everybody_with_a_fresh_stamp_is_left_alone(desk):
    lives = [life(name, T0 - NS_PER_S) for name in ("broker", "ingest-0", "transcode-0", "fanout-0")]

    assert desk.hung(*lives) == []


def test_ingest_is_named_after_three_seconds_and_the_others_after_six(desk):
    lives = [life(name, T0) for name in ("broker", "ingest-0", "transcode-0", "fanout-0")]

    desk.pass_s(3)
    assert desk.hung(*lives) == []
    desk.pass_s(1)
    assert desk.hung(*lives) == ["ingest-0"]
    desk.pass_s(2)
    assert desk.hung(*lives) == ["ingest-0"]
    desk.pass_s(1)
    assert desk.hung(*lives) == ["broker", "ingest-0", "transcode-0", "fanout-0"]


def test_verdict_says_for_how_long_there_was_no_sign(desk):
    desk.pass_s(7)

    (verdict,) = desk.dog.hung(desk.now_ns, [life("fanout-0", T0)])

    assert (verdict.pid, verdict.reason) == (7, "no sign of life for 7.0 s")


def test_process_that_has_just_started_has_time_for_its_first_stamp(desk):
    newborn = life("ingest-0", stamp_ns=T0 - 50 * NS_PER_S, started_ns=T0)

    desk.pass_s(START_GRACE_NS // NS_PER_S + 3)
    assert desk.hung(newborn) == []
    desk.pass_s(1)
    assert desk.hung(newborn) == ["ingest-0"]


def test_process_that_hangs_right_after_its_first_stamp_has_no_grace_left(desk):
    desk.pass_s(4)

    assert desk.hung(life("ingest-0", stamp_ns=T0 + 1, started_ns=T0)) == ["ingest-0"]


def test_process_that_never_stamped_is_named_in_the_end(desk):
    desk.pass_s(17)

    (verdict,) = desk.dog.hung(desk.now_ns, [life("fanout-0", stamp_ns=0, started_ns=T0)])

    assert verdict.reason == "no sign of life since its start 17 s ago"


def test_process_that_was_killed_before_its_first_stamp_has_more_time_for_the_next():
    def seconds_left_alone(dog, pid, stamp_ns):
        """Return for how long a process is let be that starts at T0."""
        for second in range(200):
            dog.ran(T0 + second * NS_PER_S)
            for verdict in dog.hung(T0 + second * NS_PER_S, [life("ingest-0", stamp_ns, T0, pid)]):
                dog.killed(verdict, T0 + second * NS_PER_S)
                return second - 1
        return 200

    dog = Watchdog(T0)
    assert [seconds_left_alone(dog, pid, 0) for pid in (1, 2, 3, 4, 5)] == [13, 23, 43, 83, 83]
    # One that came up in the end has recovered.
    assert seconds_left_alone(dog, 6, T0 + 1) == 3
    assert seconds_left_alone(dog, 7, 0) == 13


def test_nobody_is_judged_by_what_keeper_itself_missed(desk):
    lives = [life(name, T0) for name in ("ingest-0", "fanout-0")]
    desk.now_ns += 30 * NS_PER_S

    desk.dog.ran(desk.now_ns)
    assert desk.hung(*lives) == []
    desk.pass_s(4)
    assert desk.hung(*lives) == ["ingest-0"]


def test_new_keeper_gives_everybody_time():
    dog = Watchdog(T0)

    assert dog.hung(T0, [life("ingest-0", T0 - 100 * NS_PER_S)]) == []


def test_who_was_killed_is_named_again_only_when_it_is_still_there_later(desk):
    hung = life("fanout-0", T0)
    desk.pass_s(7)
    (verdict,) = desk.dog.hung(desk.now_ns, [hung])
    desk.dog.killed(verdict, desk.now_ns)

    assert desk.hung(hung) == []
    desk.pass_s(AGAIN_NS // NS_PER_S)
    assert desk.hung(hung) == ["fanout-0"]


def test_next_look_is_in_a_second_or_when_a_stamp_becomes_too_old(desk):
    fresh = life("fanout-0", T0)

    assert desk.dog.next_look_ns([fresh]) == T0 + NS_PER_S
    assert desk.dog.next_look_ns([fresh, life("ingest-0", T0 - 3 * NS_PER_S + 5)]) == T0 + 6
    # Known to hang already: no use in looking at once again.
    assert desk.dog.next_look_ns([life("ingest-0", T0 - 9 * NS_PER_S)]) == T0 + NS_PER_S


def fresh_lives(desk):
    return [life("broker", desk.now_ns), life("ingest-0", desk.now_ns), life("fanout-0", desk.now_ns)]


def test_broker_alone_is_named_when_the_bus_is_silent_while_all_live(desk):
    desk.pass_s(BUS_LIMIT_NS // NS_PER_S, bus=False)
    assert desk.hung(*fresh_lives(desk)) == []
    desk.pass_s(1, bus=False)

    (verdict,) = desk.dog.hung(desk.now_ns, fresh_lives(desk))

    assert verdict.name == "broker"
    assert "nothing came over the bus for 7 s" in verdict.reason


def test_broker_is_not_blamed_for_a_silence_while_somebody_hangs(desk):
    desk.pass_s(LIMIT_NS // NS_PER_S + 1, bus=False)

    assert desk.hung(life("broker", desk.now_ns), life("ingest-0", T0)) == ["ingest-0"]


def test_broker_that_has_just_started_is_not_blamed_for_the_silence(desk):
    desk.pass_s(8, bus=False)

    assert desk.hung(life("broker", desk.now_ns, started_ns=desk.now_ns - 5 * NS_PER_S)) == []


def test_brokers_are_killed_ever_less_often_while_it_does_not_help(desk):
    spans = []
    for pid in range(8):
        began_ns = desk.now_ns
        while not (verdicts := desk.dog.hung(desk.now_ns, [life("broker", desk.now_ns, STARTED, pid)])):
            desk.pass_s(1, bus=False)
        desk.dog.killed(verdicts[0], desk.now_ns)
        spans.append(desk.now_ns - began_ns)

    assert spans == sorted(spans)
    assert spans[-1] > 90 * NS_PER_S
    assert desk.dog._bus_limit_ns == BUS_LIMIT_MOST_NS
    desk.pass_s(1)
    desk.pass_s(BUS_LIMIT_NS // NS_PER_S + 1, bus=False)
    assert desk.hung(life("broker", desk.now_ns, STARTED, 99)) == ["broker"]
