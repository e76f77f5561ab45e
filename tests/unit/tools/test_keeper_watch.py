"""Whether keeper hangs, by what supervisord's process sees of it."""

import pytest

from tools.launcher.keeper_watch import GIVEN_UP_NS, LIMIT_NS, NS_PER_S, START_GRACE_NS, KeeperWatch

T0 = 1000 * NS_PER_S


class Desk:
    """A watch that looked once a second at keeper, process 7, which stamped each time until T0."""

    def __init__(self):
        self.watch = KeeperWatch()
        self.now_ns = T0 - 30 * NS_PER_S
        for _ in range(30):
            self.now_ns += NS_PER_S
            assert not self.watch.is_hung(self.now_ns, 7, self.now_ns - 1)

    def looks(self, seconds, pid=7, stamp_ns=T0):
        """Return after how many seconds of looking it was called hung; None for never."""
        for second in range(1, seconds + 1):
            self.now_ns += NS_PER_S
            if self.watch.is_hung(self.now_ns, pid, stamp_ns):
                return second
        return None


@pytest.fixture
def desk():
    return Desk()


def test_keeper_that_stamps_no_more_is_hung_after_ten_seconds(desk):
    assert desk.looks(60) == LIMIT_NS // NS_PER_S + 1


def test_new_keeper_has_time_for_its_first_stamp(desk):
    assert desk.looks(60, pid=8) == START_GRACE_NS // NS_PER_S + 1


def test_keeper_without_any_stamp_is_hung_in_the_end(desk):
    assert desk.looks(60, pid=8, stamp_ns=0) == START_GRACE_NS // NS_PER_S + 1


def test_keeper_that_hangs_right_after_its_first_stamp_has_no_grace_left(desk):
    assert desk.looks(60, pid=8, stamp_ns=T0 + NS_PER_S // 2) == 1 + LIMIT_NS // NS_PER_S


def test_nothing_is_concluded_from_the_time_when_supervisord_itself_did_not_run(desk):
    desk.now_ns += 100 * NS_PER_S

    assert not desk.watch.is_hung(desk.now_ns, 7, T0)
    assert desk.looks(60) == START_GRACE_NS // NS_PER_S + 1


def test_keeper_that_does_not_run_is_not_hung(desk):
    assert desk.looks(60, pid=0) is None


def test_keeper_that_was_given_up_is_due_again_once_a_minute(desk):
    due = []
    # The first look comes a second after the last one that saw it run.
    for second in range(200):
        desk.now_ns += NS_PER_S
        if desk.watch.is_due_again(desk.now_ns):
            due.append(second)

    assert due == [59, 119, 179]
    assert GIVEN_UP_NS == 60 * NS_PER_S
