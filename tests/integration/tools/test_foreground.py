"""supervisord's poller, made prompt."""

import os
import signal
import threading
import time
from types import SimpleNamespace

import pytest
from supervisor.states import SupervisorStates

from tools.launcher.foreground import QUICK_ROUNDS, PromptPoller

# Far longer than anything here takes, far shorter than a test may.
LONG_S = 20.0


@pytest.fixture
def options():
    return SimpleNamespace(mood=SupervisorStates.RUNNING)


@pytest.fixture
def poller(options):
    before = signal.signal(signal.SIGUSR2, lambda _number, _frame: None)
    prompt = PromptPoller(options, lambda: None)
    yield prompt
    os.close(signal.set_wakeup_fd(-1))
    os.close(prompt._wake_fd)
    prompt.close()
    signal.signal(signal.SIGUSR2, before)


def rounds_within(poller, count):
    began = time.monotonic()
    results = [poller.poll(LONG_S) for _ in range(count)]
    assert time.monotonic() - began < LONG_S
    return results


def test_poller_goes_quickly_through_its_first_rounds(poller):
    assert rounds_within(poller, QUICK_ROUNDS) == [([], [])] * QUICK_ROUNDS


def test_poller_wakes_for_a_signal_and_goes_on_quickly(poller):
    rounds_within(poller, QUICK_ROUNDS)
    timer = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGUSR2))
    timer.start()

    woken = rounds_within(poller, 1 + QUICK_ROUNDS)

    timer.join()
    # The wake-up itself is nobody's descriptor.
    assert woken == [([], [])] * (1 + QUICK_ROUNDS)


def test_poller_does_not_sleep_while_supervisord_stops(poller, options):
    options.mood = SupervisorStates.SHUTDOWN

    rounds_within(poller, 3 * QUICK_ROUNDS)


def test_poller_sleeps_when_nothing_happens(poller):
    rounds_within(poller, QUICK_ROUNDS)

    began = time.monotonic()
    poller.poll(0.3)

    assert time.monotonic() - began >= 0.29


def test_poller_still_tells_what_is_readable(poller):
    reader, writer = os.pipe()
    try:
        poller.register_readable(reader)
        os.write(writer, b"x")
        assert poller.poll(LONG_S) == ([reader], [])
    finally:
        os.close(reader)
        os.close(writer)
