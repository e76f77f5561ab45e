from collections import Counter

from common.names import CameraId
from common.units import NS_PER_MS, NS_PER_S
from services.ingest.ledger import Ledger
from services.ingest.workers import SETTLE_NS, Workers, assign, choose, renew_term

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


def test_workers_live_while_heard_within_a_second():
    workers = Workers()
    workers.hear("transcode-0", 1, 0)
    workers.hear("transcode-1", 1, 600 * NS_PER_MS)
    assert workers.names(NS_PER_S) == ("transcode-0", "transcode-1")
    assert workers.names(NS_PER_S + 1) == ("transcode-1",)
    assert workers.names(2 * NS_PER_S) == ()


def test_first_heartbeat_after_silence_names_nobody_until_the_others_could_be_heard():
    workers = Workers()
    workers.hear("transcode-0", 1, 0)
    assert workers.names(SETTLE_NS - 1) == ()
    workers.hear("transcode-1", 1, SETTLE_NS - 1)
    assert workers.names(SETTLE_NS) == ("transcode-0", "transcode-1")
    # The broker was away: silence, and again one comes first.
    workers.hear("transcode-1", 1, 10 * NS_PER_S)
    assert workers.names(10 * NS_PER_S) == ()


def test_worker_that_leaves_is_forgotten_at_once_and_its_later_words_are_not_heard():
    workers = Workers()
    for name in ("transcode-0", "transcode-1"):
        workers.hear(name, 1, 0)
    workers.leave("transcode-1", 1, SETTLE_NS)
    workers.hear("transcode-1", 1, SETTLE_NS + 1)
    assert workers.names(SETTLE_NS + 1) == ("transcode-0",)


def test_worker_that_comes_back_as_another_incarnation_is_named_at_once():
    workers = Workers()
    for name in ("transcode-0", "transcode-1"):
        workers.hear(name, 1, 0)
    workers.leave("transcode-1", 1, SETTLE_NS)
    workers.hear("transcode-1", 2, SETTLE_NS + 1)
    assert workers.names(SETTLE_NS + 1) == ("transcode-0", "transcode-1")
    # The old one's word, heard late, does not mean the new one.
    workers.leave("transcode-1", 1, SETTLE_NS + 2)
    assert workers.names(SETTLE_NS + 2) == ("transcode-0", "transcode-1")


def test_term_grows_with_each_change_of_worker_and_only_then():
    ledger = Ledger(CameraId("porch"))
    assert assign(ledger, ["transcode-0"], wall_ns=1000)
    assert (ledger.worker, ledger.term) == ("transcode-0", 1000)
    assert not assign(ledger, ["transcode-0"], wall_ns=2000)
    assert ledger.term == 1000
    # The wall clock stepped back; the term does not.
    assert assign(ledger, ["transcode-1"], wall_ns=500)
    assert (ledger.worker, ledger.term) == ("transcode-1", 1001)


def test_last_worker_stays_named_while_nobody_is_heard():
    ledger = Ledger(CameraId("porch"), worker="transcode-0", term=7)
    assert not assign(ledger, [], wall_ns=1000)
    assert (ledger.worker, ledger.term) == ("transcode-0", 7)


def test_renewed_term_is_later_than_any_before():
    ledger = Ledger(CameraId("porch"), term=5000)
    renew_term(ledger, wall_ns=10)
    assert ledger.term == 5001
    renew_term(ledger, wall_ns=10_000)
    assert ledger.term == 10_000
