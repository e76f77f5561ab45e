"""A hard bound on how long a measurement may take: whatever it waits for, it is over then."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TookTooLong(Exception):
    """A measurement did not end in time."""


@contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Raise TookTooLong in the block when it takes longer. Main thread only, and not nested."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise TookTooLong(f"not done within {seconds:g} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
