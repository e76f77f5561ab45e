"""A few threads that encode, so that several cameras use several cores: tasks in, results out by a descriptor.

libav releases the interpreter while it works. The bus's sockets belong to the main thread, so results wait for it in a
queue, and an eventfd wakes it.
"""

import logging
import os
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Pool(Generic[Result]):
    """Threads that run tasks in the order they were given; none of them may raise.

    Neither queue needs a bound of its own: whoever gives tasks has one out for each camera at most.
    """

    def __init__(self, threads: int, nice: int = 0) -> None:
        """`nice`: how much the threads give way to everything else, this process's main thread included."""
        self._nice = nice
        self.fd: Final = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._tasks: SimpleQueue[Callable[[], Result] | None] = SimpleQueue()
        self._results: SimpleQueue[Result] = SimpleQueue()
        self._threads = [Thread(target=self._work, name=f"encode-{n}") for n in range(threads)]
        for thread in self._threads:
            thread.start()

    def give(self, task: Callable[[], Result]) -> None:
        """Let a thread run the task; its result will be among `results()`, and `fd` readable."""
        self._tasks.put(task)

    def results(self) -> list[Result]:
        """Return the results that are there."""
        try:
            os.eventfd_read(self.fd)
        except BlockingIOError:
            return []
        results = []
        while True:
            try:
                results.append(self._results.get_nowait())
            except Empty:
                return results

    def close(self) -> None:
        """Finish what runs, forget the rest and join the threads. Idempotent."""
        if not self._threads:
            return
        while True:
            try:
                self._tasks.get_nowait()
            except Empty:
                break
        for _ in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join()
        self._threads = []
        os.close(self.fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _work(self) -> None:
        try:
            # Of this thread alone, on Linux (setpriority(2), "C library/kernel differences").
            os.nice(self._nice)
        except OSError as error:
            log.warning("a thread encodes at everybody's priority: %s", error)
        while (task := self._tasks.get()) is not None:
            self._results.put(task())
            os.eventfd_write(self.fd, 1)
