"""Whose turn it is to accept: shares stay even, and nobody who hangs holds a connection up."""

import random

import pytest

from services.fanout.balance import PATIENCE_NS, Balance, Load
from services.fanout.load_table import STALE_NS, LoadTable
from tests.helpers.fanout import MS, START_NS

S = 1000 * MS


def loads(*open_, accepted=()):
    return [Load(slot, count, accepted[slot - 1] if accepted else count) for slot, count in enumerate(open_, start=1)]


@pytest.mark.parametrize("own", [0, 1, 10_000])
def test_lone_process_never_waits(own):
    assert Balance().may_accept(own, [], START_NS)


@pytest.mark.parametrize(("own", "others"), [(0, (0, 0)), (10, (10, 40)), (110, (100, 100)), (1, (0,))])
def test_process_within_its_share_accepts_at_once(own, others):
    assert Balance().may_accept(own, loads(*others), START_NS)


def test_process_above_its_share_leaves_a_connection_to_the_emptiest():
    balance = Balance()
    assert not balance.may_accept(20, loads(10, 20), START_NS)
    assert not balance.may_accept(20, loads(10, 20), START_NS + PATIENCE_NS - 1)


def test_patience_begins_anew_whenever_the_emptiest_accepts():
    balance = Balance()
    for step in range(20):
        assert not balance.may_accept(100, loads(step, 100), START_NS + step * (PATIENCE_NS - 1))


def test_process_that_does_not_take_its_turn_is_passed_over_until_it_accepts():
    balance = Balance()
    balance.may_accept(50, loads(10, 50), START_NS)
    assert balance.may_accept(50, loads(10, 50), START_NS + PATIENCE_NS)
    # The next one does not wait for it again...
    assert balance.may_accept(51, loads(10, 51), START_NS + PATIENCE_NS + 1)
    # ... but goes on being shared with the others.
    assert not balance.may_accept(80, loads(10, 51), START_NS + PATIENCE_NS + 2)
    # It is back.
    assert not balance.may_accept(52, loads(11, 51), START_NS + PATIENCE_NS + 3)


def test_all_others_hang_and_the_connection_is_accepted_all_the_same():
    balance, now_ns, waited = Balance(), START_NS, 0
    while not balance.may_accept(50, loads(1, 2, 3), now_ns):
        now_ns += MS
        waited += 1
    assert waited <= 3 * PATIENCE_NS // MS + 3


def test_wait_is_not_counted_from_an_earlier_connection():
    balance = Balance()
    assert not balance.may_accept(50, loads(10), START_NS)
    # Another process within its share took that one; the emptiest slept on.
    balance.rest()
    assert not balance.may_accept(50, loads(10), START_NS + 10 * PATIENCE_NS)


def test_process_that_was_passed_over_is_waited_for_again_after_a_while():
    balance = Balance()
    balance.may_accept(50, loads(10), START_NS)
    assert balance.may_accept(50, loads(10), START_NS + PATIENCE_NS)
    assert not balance.may_accept(50, loads(10), START_NS + 2 * S)


class Pool:
    """Processes of which any may be awake when connections wait; each looks every few ms."""

    def __init__(self, count, seed=1, open_=()):
        self.open = list(open_) or [0] * count
        self.accepted = [0] * count
        self.balances = [Balance() for _ in range(count)]
        self.random = random.Random(seed)
        self.now_ns = START_NS
        self.hung = set()

    def connect(self, count):
        waiting = count
        while waiting:
            self.now_ns += MS
            awake = [slot for slot in range(len(self.open)) if slot not in self.hung and self.random.random() < 0.4]
            for slot in awake:
                others = [Load(at, self.open[at], self.accepted[at]) for at in range(len(self.open)) if at != slot]
                if waiting and self.balances[slot].may_accept(self.open[slot], others, self.now_ns):
                    self.open[slot] += 1
                    self.accepted[slot] += 1
                    waiting -= 1
        for balance in self.balances:
            balance.rest()


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("at_once", [1, 7, 400])
def test_400_connections_over_4_processes_are_even(seed, at_once):
    pool = Pool(4, seed)
    for _ in range(400 // at_once):
        pool.connect(at_once)
    assert max(pool.open) <= 1.5 * min(pool.open)


def test_new_process_gets_the_connections_until_it_has_its_share():
    pool = Pool(4, open_=[100, 100, 100, 0])
    pool.connect(80)
    assert pool.open[3] >= 75


def test_hung_process_costs_a_connection_little_and_the_others_stay_even():
    pool = Pool(4, open_=[50, 50, 50, 10])
    pool.hung = {3}
    start_ns = pool.now_ns
    pool.connect(90)
    assert pool.now_ns - start_ns < S
    assert max(pool.open[:3]) <= 1.5 * min(pool.open[:3])


# The table


def test_processes_see_each_others_load(tmp_path):
    first, second = LoadTable(tmp_path, "fanout-0"), LoadTable(tmp_path, "fanout-1")
    for _ in range(3):
        first.accept()
    first.end()
    first.stamp(START_NS)
    assert list(second.others(START_NS + 1)) == [Load(0, 2, 3)]
    assert list(first.others(START_NS + 1)) == []
    assert (first.open, second.open) == (2, 0)


def test_silent_left_and_future_processes_do_not_count(tmp_path):
    first, second = LoadTable(tmp_path, "fanout-0"), LoadTable(tmp_path, "fanout-1")
    first.stamp(START_NS)
    assert list(second.others(START_NS + STALE_NS)) == []
    # From before the machine's start: its clock began anew.
    assert list(second.others(START_NS - 1)) == []
    first.leave()
    assert list(second.others(START_NS)) == []


def test_next_life_of_a_process_begins_with_nothing(tmp_path):
    first = LoadTable(tmp_path, "fanout-3")
    first.accept()
    first.stamp(START_NS)
    again = LoadTable(tmp_path, "fanout-3")
    assert again.open == 0
    assert list(LoadTable(tmp_path, "fanout-1").others(START_NS)) == []


def test_ends_beyond_the_accepted_are_none(tmp_path):
    table = LoadTable(tmp_path, "fanout")
    table.end()
    assert table.open == 0
