import signal
import threading

import pytest

from benchmarks.bound import TookTooLong, bounded


def test_bound_ends_a_wait_that_would_not_end():
    with pytest.raises(TookTooLong, match="not done"), bounded(0.01):
        threading.Event().wait(30)


def test_bound_leaves_no_alarm_behind():
    before = signal.getsignal(signal.SIGALRM)
    with bounded(30):
        pass
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert signal.getsignal(signal.SIGALRM) is before
