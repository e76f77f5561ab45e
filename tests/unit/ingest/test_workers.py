from collections import Counter

import pytest

from common.errors import WireError
from common.names import CameraId
from common.units import NS_PER_MS, NS_PER_S
from services.ingest.ledger import Ledger
from services.ingest.workers import (
    KEEPER_WAIT_NS,
    NOBODY_APART,
    SETTLE_NS,
    SUSPECT_NS,
    Apart,
    Pool,
    Sign,
    Workers,
    assign,
    choose,
    read_apart,
    read_sign,
    renew_term,
)

NAMES = ["transcode-0", "transcode-1", "transcode-2"]
CAMERAS = [CameraId(f"cam{number}") for number in range(300)]


def test_cameras_spread_over_workers():
    counts = Counter(choose(camera, NAMES) for camera in CAMERAS)
    assert set(counts) == set(NAMES)
    assert min(counts.values()) > 70


def test_worker_that_goes_moves_only_its_own_cameras():
    before = {camera: choose(camera, NAMES) for camera in CAMERAS}
    after = {camera: choose(camera, NAMES[:2]) for camera in CAMERAS}
    moved = {camera for camera in CAMERAS if before[camera] != after[camera]}
    assert moved == {camera for camera in CAMERAS if before[camera] == "transcode-2"}


def test_choice_does_not_depend_on_the_order_of_hearing():
    assert all(choose(camera, NAMES) == choose(camera, NAMES[::-1]) for camera in CAMERAS)


def make_workers() -> Workers:
    """Workers of a process that has heard keeper."""
    workers = Workers(0)
    workers.keep_apart(NOBODY_APART)
    return workers


def names(workers: Workers, now_ns: int) -> tuple[str, ...]:
    return workers.pool(now_ns, 0).names


def test_workers_live_while_heard_within_a_second():
    workers = make_workers()
    workers.hear("transcode-0", Sign(1), 0)
    workers.hear("transcode-1", Sign(1), 600 * NS_PER_MS)
    assert names(workers, NS_PER_S) == ("transcode-0", "transcode-1")
    assert names(workers, NS_PER_S + 1) == ("transcode-1",)
    assert names(workers, 2 * NS_PER_S) == ()


def test_silent_worker_is_replaced_at_the_first_heartbeat_of_another_after_one_second():
    workers, beat_ns = make_workers(), 250 * NS_PER_MS
    replaced_ns = []
    for number in range(20):
        now_ns = number * beat_ns
        if number < 10:
            workers.hear("transcode-0", Sign(1), now_ns)
        # Not in step with the other one.
        workers.hear("transcode-1", Sign(1), now_ns + beat_ns - 1)
        if number > 1 and names(workers, now_ns + beat_ns - 1) == ("transcode-1",):
            replaced_ns.append(now_ns + beat_ns - 1)
    assert NS_PER_S < replaced_ns[0] - 9 * beat_ns <= NS_PER_S + beat_ns


def test_first_heartbeat_after_silence_names_nobody_until_the_others_could_be_heard():
    workers = make_workers()
    workers.hear("transcode-0", Sign(1), 0)
    assert names(workers, SETTLE_NS - 1) == ()
    workers.hear("transcode-1", Sign(1), SETTLE_NS - 1)
    assert names(workers, SETTLE_NS) == ("transcode-0", "transcode-1")
    # The broker was away: silence, and again one comes first.
    workers.hear("transcode-1", Sign(1), 10 * NS_PER_S)
    assert names(workers, 10 * NS_PER_S) == ()


def test_process_that_begins_names_nobody_before_keeper_could_be_heard():
    workers = Workers(0)
    for now_ns in (0, KEEPER_WAIT_NS // 2, KEEPER_WAIT_NS - 1):
        workers.hear("transcode-0", Sign(1), now_ns)
        assert names(workers, now_ns) == ()
    assert names(workers, KEEPER_WAIT_NS) == ("transcode-0",)
    sooner = Workers(0)
    sooner.hear("transcode-0", Sign(1), 0)
    sooner.keep_apart(NOBODY_APART)
    assert names(sooner, SETTLE_NS) == ("transcode-0",)


def test_worker_that_leaves_is_forgotten_at_once_and_its_later_words_are_not_heard():
    workers = make_workers()
    for name in ("transcode-0", "transcode-1"):
        workers.hear(name, Sign(1), 0)
    workers.leave("transcode-1", 1, SETTLE_NS)
    workers.hear("transcode-1", Sign(1), SETTLE_NS + 1)
    assert names(workers, SETTLE_NS + 1) == ("transcode-0",)


def test_worker_that_comes_back_as_another_incarnation_is_named_at_once():
    workers = make_workers()
    for name in ("transcode-0", "transcode-1"):
        workers.hear(name, Sign(1), 0)
    workers.leave("transcode-1", 1, SETTLE_NS)
    workers.hear("transcode-1", Sign(2), SETTLE_NS + 1)
    assert names(workers, SETTLE_NS + 1) == ("transcode-0", "transcode-1")
    # The old one's word, heard late, does not mean the new one.
    workers.leave("transcode-1", 1, SETTLE_NS + 2)
    assert names(workers, SETTLE_NS + 2) == ("transcode-0", "transcode-1")


def test_alone_worker_is_for_nobody_but_its_own_camera():
    workers = make_workers()
    workers.hear("transcode-alone-0", Sign(1, is_alone=True), 0)
    # It is no first worker after whom others are waited for.
    workers.hear("transcode-0", Sign(1), SETTLE_NS)
    # A sign that does not say everything takes nothing back.
    workers.hear("transcode-alone-0", Sign(1), SETTLE_NS)
    workers.keep_apart(Apart({"wild": "transcode-alone-0"}, {}))
    pool = workers.pool(2 * SETTLE_NS, 0)
    assert pool.names == ("transcode-0",)
    assert (pool.choose("wild"), pool.choose("tame")) == ("transcode-alone-0", "transcode-0")


def test_isolated_camera_has_no_worker_while_its_own_is_not_heard():
    workers = make_workers()
    workers.keep_apart(Apart({"wild": "transcode-alone-0"}, {}))
    workers.hear("transcode-0", Sign(1), 0)
    assert workers.pool(SETTLE_NS, 0).choose("wild") == ""
    workers.hear("transcode-alone-0", Sign(1, is_alone=True), SETTLE_NS)
    assert workers.pool(SETTLE_NS + NS_PER_S, 0).choose("wild") == "transcode-alone-0"
    assert workers.pool(SETTLE_NS + NS_PER_S + 1, 0).choose("wild") == ""
    workers.hear("transcode-0", Sign(1), 2 * NS_PER_S)
    workers.keep_apart(NOBODY_APART)
    assert workers.pool(2 * NS_PER_S + SETTLE_NS, 0).choose("wild") == "transcode-0"


def test_quarantined_camera_has_no_worker_until_its_time_is_over():
    workers = make_workers()
    workers.hear("transcode-0", Sign(1), 0)
    workers.keep_apart(Apart({"wild": "transcode-0"}, {"wild": 5000}))
    assert workers.pool(SETTLE_NS, 4999).choose("wild") == ""
    assert workers.pool(SETTLE_NS, 5000).choose("wild") == "transcode-0"


def test_suspect_waits_for_the_word_of_keeper_but_not_for_ever():
    workers = make_workers()
    sign = Sign(2, crash_id=1, suspects=("wild",))
    for now_ns in range(0, SUSPECT_NS + 1, 250 * NS_PER_MS):
        workers.hear("transcode-0", sign, now_ns)
        pool = workers.pool(now_ns, 0)
        assert pool.choose("wild") == ("" if now_ns < SUSPECT_NS else "transcode-0")
    assert pool.choose("tame") == "transcode-0"
    # Another crash is another suspicion; keeper's word ends it.
    workers.hear("transcode-0", Sign(3, crash_id=2, suspects=("wild",)), SUSPECT_NS)
    assert workers.pool(SUSPECT_NS, 0).choose("wild") == ""
    workers.hear("transcode-alone-1", Sign(7, is_alone=True), SUSPECT_NS)
    workers.keep_apart(Apart({"wild": "transcode-alone-1"}, {}))
    assert workers.pool(SUSPECT_NS, 0).choose("wild") == "transcode-alone-1"


def test_suspects_are_forgotten_in_the_end():
    workers = make_workers()
    for crash_id in range(1000):
        workers.hear("transcode-0", Sign(1, crash_id=crash_id, suspects=("wild",)), crash_id * NS_PER_S)
    assert len(workers._suspected) <= 121


def test_pool_is_the_same_as_long_as_nothing_changes():
    workers = make_workers()
    workers.keep_apart(Apart({"wild": "transcode-alone-0"}, {"sick": 99}))
    workers.hear("transcode-0", Sign(1), 0)
    before = workers.pool(SETTLE_NS, 5)
    workers.hear("transcode-0", Sign(1), SETTLE_NS)
    workers.keep_apart(Apart({"wild": "transcode-alone-0"}, {"sick": 99}))
    assert workers.pool(SETTLE_NS + 1, 6) == before


@pytest.mark.parametrize(
    "record",
    [{"incarnation": "x"}, {"crash_id": 1.5}, {"suspects": "porch"}, {"suspects": [5]}, {"suspects": None}],
)
def test_malformed_sign_is_refused(record):
    with pytest.raises(WireError):
        read_sign(record)


def test_sign_is_read_from_what_a_worker_says():
    record = {"incarnation": 3, "alone": True, "crash_id": 2, "suspects": ["porch"]}
    assert read_sign(record) == Sign(3, True, 2, ("porch",))
    assert read_sign({"incarnation": 3}) == Sign(3)


@pytest.mark.parametrize(
    "record",
    [{"isolated": []}, {"isolated": {"porch": 3}}, {"isolated": {b"a": "x", "b": "y"}}, {"quarantined": []},
     {"quarantined": {"porch": 5}}, {"quarantined": {"porch": {"until_wall_ns": "soon"}}}],
)  # fmt: skip
def test_malformed_word_of_keeper_is_refused(record):
    with pytest.raises(WireError):
        read_apart(record)


def test_word_of_keeper_is_read():
    quarantine = {"since_wall_ns": 1, "until_wall_ns": 2, "reason": "three crashes"}
    record = {"isolated": {"wild": "transcode-alone-0"}, "quarantined": {"sick": quarantine}}
    assert read_apart(record) == Apart({"wild": "transcode-alone-0"}, {"sick": 2})
    assert read_apart({}) == NOBODY_APART


def test_term_grows_with_each_change_of_worker_and_only_then():
    ledger = Ledger(CameraId("porch"))
    assert assign([ledger], Pool(("transcode-0",)), wall_ns=1000) == {"porch"}
    assert (ledger.worker, ledger.term) == ("transcode-0", 1000)
    assert assign([ledger], Pool(("transcode-0",)), wall_ns=2000) == set()
    assert ledger.term == 1000
    # The wall clock stepped back; the term does not.
    assert assign([ledger], Pool(("transcode-1",)), wall_ns=500) == {"porch"}
    assert (ledger.worker, ledger.term) == ("transcode-1", 1001)


def test_camera_that_is_barred_gets_nobody_under_a_new_term():
    ledgers = [Ledger(CameraId("porch"), worker="transcode-0", term=7), Ledger(CameraId("gate"), worker="transcode-0")]
    barred = Pool(("transcode-0",), barred=frozenset({"porch"}))
    assert assign(ledgers, barred, wall_ns=1000) == {"porch"}
    assert (ledgers[0].worker, ledgers[0].term) == ("", 1000)
    # Also while no worker is heard; and not anew each time.
    assert assign(ledgers, Pool(barred=frozenset({"porch"})), wall_ns=2000) == set()
    assert assign(ledgers, Pool(("transcode-0",)), wall_ns=3000) == {"porch"}


def test_joining_worker_takes_its_share_and_nobody_else_moves():
    ledgers = [Ledger(camera) for camera in CAMERAS]
    assign(ledgers, Pool(("transcode-0", "transcode-1")), wall_ns=1)
    moved = assign(ledgers, Pool(tuple(NAMES)), wall_ns=2)
    assert {ledger.camera for ledger in ledgers if ledger.worker == "transcode-2"} == moved
    assert 70 < len(moved) < 130


def test_last_worker_stays_named_while_nobody_is_heard():
    ledger = Ledger(CameraId("porch"), worker="transcode-0", term=7)
    assert assign([ledger], Pool(), wall_ns=1000) == set()
    assert (ledger.worker, ledger.term) == ("transcode-0", 7)


def test_renewed_term_is_later_than_any_before():
    ledger = Ledger(CameraId("porch"), term=5000)
    renew_term(ledger, wall_ns=10)
    assert ledger.term == 5001
    renew_term(ledger, wall_ns=10_000)
    assert ledger.term == 10_000
