"""For every test: a hang can be looked at, no child process may be left, and CI skips nothing for want of a tool."""

import faulthandler
import signal
import time
from collections.abc import Iterator

import pytest

from tests.helpers.kernel import own_children
from tests.helpers.tools import require_tool

# Children that end by themselves after a test (a driver's helper, a process that was just killed) get this long.
GRACE_S = 2.0


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "requires_tool(name, ...): programs without which the test cannot run")
    # kill -USR1 of a test run that hangs shows where, in all threads; pytest-timeout does the same at its limit.
    faulthandler.register(signal.SIGUSR1, all_threads=True)


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("requires_tool"):
        for name in mark.args:
            require_tool(name)


@pytest.fixture(autouse=True)
def no_child_is_left() -> Iterator[None]:
    """Fail a test that leaves a child process behind."""
    before = own_children()
    yield
    deadline = time.monotonic() + GRACE_S
    while (left := {pid: name for pid, name in own_children().items() if pid not in before}) and (
        time.monotonic() < deadline
    ):
        time.sleep(0.02)
    assert not left, f"child processes were left: {left}"
