"""supervisord's poller, made prompt, and its eye on keeper."""

import os
import signal
import subprocess
import threading
import time
from types import SimpleNamespace

import pytest
from supervisor.states import ProcessStates, SupervisorStates

from tools.launcher.foreground import QUICK_ROUNDS, KeeperGuard, PromptPoller

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


class Clock:
    """A clock that a test moves on, a second at a time."""

    def __init__(self):
        self.now_ns = 10**15

    def __call__(self):
        return self.now_ns


class Keeper:
    """supervisord's row of keeper: a real process that sleeps, or none."""

    def __init__(self, state=ProcessStates.RUNNING):
        self.config = SimpleNamespace(name="keeper")
        self.state = state
        self.pid = 0
        self.spawned = 0

    def spawn(self):
        self.spawned += 1


@pytest.fixture
def sleeper():
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def look_for(guard, clock, seconds):
    for _ in range(seconds):
        clock.now_ns += 10**9
        guard.look()


def guarded(tmp_path, keeper, **more):
    said = []
    children = {keeper.pid: keeper} if keeper.pid else {}
    logger = SimpleNamespace(warn=said.append)
    options = SimpleNamespace(mood=SupervisorStates.RUNNING, pidhistory=children, logger=logger, **more)
    clock = Clock()
    return KeeperGuard(options, str(tmp_path), clock), clock, options, said


def test_guard_kills_its_child_keeper_when_the_stamp_gets_old(tmp_path, sleeper):
    keeper = Keeper()
    keeper.pid = sleeper.pid
    guard, clock, _, said = guarded(tmp_path, keeper)
    (tmp_path / "alive").mkdir()
    (tmp_path / "alive" / "keeper").touch()
    for _ in range(30):
        os.utime(tmp_path / "alive" / "keeper", ns=(clock.now_ns, clock.now_ns))
        look_for(guard, clock, 1)
    assert said == []

    look_for(guard, clock, 12)

    assert sleeper.wait(LONG_S) == -signal.SIGKILL
    assert said[0] == f"keeper (pid {sleeper.pid}) hangs; it is killed and started anew"


def test_guard_lets_everything_end_in_peace(tmp_path, sleeper):
    keeper = Keeper()
    keeper.pid = sleeper.pid
    guard, clock, options, said = guarded(tmp_path, keeper)
    look_for(guard, clock, 1)
    options.mood = SupervisorStates.SHUTDOWN

    look_for(guard, clock, 100)

    assert said == []
    assert sleeper.poll() is None


def test_guard_starts_a_keeper_that_was_given_up_once_a_minute(tmp_path, sleeper):
    keeper = Keeper()
    keeper.pid = sleeper.pid
    guard, clock, options, _ = guarded(tmp_path, keeper)
    look_for(guard, clock, 1)
    options.pidhistory.clear()
    keeper.pid, keeper.state = 0, ProcessStates.BACKOFF
    look_for(guard, clock, 100)
    assert keeper.spawned == 0
    keeper.state = ProcessStates.FATAL

    look_for(guard, clock, 150)

    assert keeper.spawned in (2, 3)
