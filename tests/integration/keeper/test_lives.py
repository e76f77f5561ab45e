"""What the watchdog is told: stamps as the services make them, and starts as the kernel remembers them."""

import os
import time

import pytest

from common.config import load
from common.service import Process, stamp_alive
from common.units import NS_PER_S
from services.keeper.desired import Member
from services.keeper.lives import Lives, started_mono_ns


@pytest.fixture
def settings(tmp_path):
    return load({"CAM_RUN_DIR": str(tmp_path), "CAM_STATE_DIR": str(tmp_path)})


def stamp(settings, name):
    stamp_alive(settings, Process(name, name.partition("-")[0], "h", 1, 0))


def member(name, state="RUNNING", pid=None):
    return Member(name.partition("-")[0], name, state, os.getpid() if pid is None else pid)


def test_stamp_is_read_in_the_time_that_durations_are_measured_in(settings):
    before_ns = time.monotonic_ns()
    stamp(settings, "ingest-0")
    after_ns = time.monotonic_ns()

    (life,) = Lives(settings.run_dir).of([member("ingest-0")], after_ns)

    assert before_ns <= life.stamp_ns <= after_ns
    assert (life.stage, life.name, life.pid) == ("ingest", "ingest-0", os.getpid())
    assert 0 < life.started_ns < before_ns


def test_second_stamp_replaces_the_first(settings):
    stamp(settings, "ingest-0")
    between_ns = time.monotonic_ns()
    stamp(settings, "ingest-0")

    (life,) = Lives(settings.run_dir).of([member("ingest-0")], time.monotonic_ns())

    assert life.stamp_ns >= between_ns


def test_only_serving_members_that_run_are_judged(settings):
    stamp(settings, "fanout-0")
    rows = [member("keeper"), member("fanout-8"), member("fanout-1", "STOPPING"), member("fanout-2", "BACKOFF", 0)]

    assert Lives(settings.run_dir).of(rows, time.monotonic_ns()) == []


def test_member_without_a_stamp_is_judged_by_its_start(settings):
    stamp(settings, "fanout-0")

    (life,) = Lives(settings.run_dir).of([member("fanout-1")], time.monotonic_ns())

    assert life.stamp_ns == 0


def test_nobody_is_judged_when_there_are_no_stamps_at_all(settings):
    assert Lives(settings.run_dir).of([member("fanout-1")], time.monotonic_ns()) == []


def test_process_that_is_gone_counts_as_started_now():
    assert started_mono_ns(2**22 + 1, 5 * NS_PER_S) == 5 * NS_PER_S
