"""Threads that run tasks and wake the main thread by a descriptor."""

import os
import select
import threading

from services.transcode.pool import Pool


def collect(pool: Pool[int], count: int) -> list[int]:
    results: list[int] = []
    while len(results) < count:
        assert select.select([pool.fd], [], [], 10)[0]
        results += pool.results()
    return results


def test_results_come_with_a_readable_descriptor():
    with Pool[int](2) as pool:
        assert pool.results() == []
        for n in range(50):
            pool.give(lambda n=n: n * n)
        assert sorted(collect(pool, 50)) == [n * n for n in range(50)]
        assert pool.results() == []


def test_tasks_run_at_the_same_time_in_as_many_threads():
    barrier = threading.Barrier(3)
    with Pool[int](3) as pool:
        for _ in range(3):
            pool.give(lambda: barrier.wait(10))
        assert sorted(collect(pool, 3)) == [0, 1, 2]


def test_threads_give_way_and_nobody_else_does():
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with Pool[int](2, nice=3) as pool:
        pool.give(lambda: os.getpriority(os.PRIO_PROCESS, 0))
        assert collect(pool, 1) == [min(19, before + 3)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_close_finishes_what_runs_and_joins_the_threads():
    before = set(threading.enumerate())
    begun, go_on = threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        go_on.wait(10)
        return 1

    pool = Pool[int](1)
    pool.give(slow)
    pool.give(lambda: 1 // 0)  # never begun
    assert begun.wait(10)
    threading.Timer(0.01, go_on.set).start()
    pool.close()
    pool.close()
    assert {thread for thread in threading.enumerate() if not isinstance(thread, threading.Timer)} <= before
