"""Who encodes a camera: the newest term that names this worker, while it is fresh."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.errors import WireError
from common.units import NS_PER_S
from services.transcode.assignments import Assignments

NOW = 1_000 * NS_PER_S


def camera(name="porch", worker="transcode-0", term=1, kind="jpeg"):
    return {"id": name, "worker": worker, "term": term, "kind": kind}


def record(*cameras, full=False, publisher="ingest-0", host="h"):
    return {"v": 1, "publisher": publisher, "host": host, "full": full, "cameras": list(cameras)}


@pytest.fixture
def assignments():
    return Assignments("transcode-0")


def test_worker_that_is_named_encodes(assignments):
    assert assignments.hear(record(camera()), NOW)
    assert list(assignments.mine()) == ["porch"]
    assert assignments.mine()["porch"].term == 1


def test_worker_that_is_not_named_does_not_encode(assignments):
    assignments.hear(record(camera(worker="transcode-1"), camera("yard", worker="")), NOW)
    assert assignments.mine() == {}


def test_worker_that_loses_the_term_stops(assignments):
    assignments.hear(record(camera(term=1)), NOW)
    assert assignments.hear(record(camera(worker="transcode-1", term=2)), NOW)
    assert assignments.mine() == {}


def test_lower_term_is_ignored_while_a_higher_one_is_fresh(assignments):
    assignments.hear(record(camera(worker="transcode-1", term=5)), NOW)
    assignments.hear(record(camera(term=4), publisher="ingest-1"), NOW + 2 * NS_PER_S - 1)
    assert assignments.mine() == {}


def test_lower_term_is_believed_when_the_higher_one_was_silent_for_two_seconds(assignments):
    assignments.hear(record(camera(worker="transcode-1", term=5)), NOW)
    assignments.hear(record(camera(term=4), publisher="ingest-1"), NOW + 2 * NS_PER_S)
    assert list(assignments.mine()) == ["porch"]


def test_higher_term_that_names_the_same_worker_is_told_as_a_change(assignments):
    assignments.hear(record(camera(term=1)), NOW)
    assert not assignments.hear(record(camera(term=1)), NOW + 1)
    assert assignments.hear(record(camera(term=2)), NOW + 2)
    assert assignments.mine()["porch"].term == 2


def test_camera_that_its_publisher_no_longer_lists_is_gone(assignments):
    assignments.hear(record(camera(), camera("yard"), full=True), NOW)
    assignments.hear(record(camera("yard"), full=False), NOW + 1)
    assert set(assignments.mine()) == {"porch", "yard"}
    assert assignments.hear(record(camera("yard"), full=True), NOW + 2)
    assert set(assignments.mine()) == {"yard"}


def test_camera_of_another_publisher_stays_when_one_lists_all_of_its_own(assignments):
    assignments.hear(record(camera(), full=True), NOW)
    assignments.hear(record(camera("yard"), full=True, publisher="ingest-1"), NOW)
    assignments.hear(record(full=True, publisher="ingest-0", host="other machine"), NOW)
    assert set(assignments.mine()) == {"porch", "yard"}


def test_camera_that_moved_to_another_publisher_survives_the_old_ones_list(assignments):
    assignments.hear(record(camera(term=1), full=True), NOW)
    assignments.hear(record(camera(term=2), full=True, publisher="ingest-1"), NOW)
    assignments.hear(record(full=True), NOW + 1)
    assert assignments.mine()["porch"].term == 2


def test_silent_publisher_is_forgotten_in_the_end(assignments):
    assignments.hear(record(camera(), full=True), NOW)
    assignments.hear(record(camera("yard"), full=True, publisher="ingest-1"), NOW + 61 * NS_PER_S)
    assert set(assignments.mine()) == {"yard"}


def test_worker_that_was_stopped_believes_only_what_it_hears_later(assignments):
    assignments.hear(record(camera()), NOW)
    assignments.doubt_until(NOW + 10)
    assignments.hear(record(camera()), NOW + 9)
    assert assignments.mine() == {}
    assert assignments.hear(record(camera()), NOW + 10)
    assert list(assignments.mine()) == ["porch"]


@pytest.mark.parametrize(
    "bad",
    [
        {},
        {"cameras": None},
        {"cameras": ["porch"]},
        {"cameras": [{"id": "Porch"}]},
        {"cameras": [{"id": 7}]},
        {"cameras": [camera(term=-1)]},
        {"cameras": [camera(term="new")]},
        {"cameras": [camera(worker=None)]},
        {"cameras": [camera(kind="mpeg")]},
    ],
)
def test_malformed_announcement_is_refused_as_a_whole(assignments, bad):
    with pytest.raises(WireError):
        assignments.hear(bad, NOW)
    assert assignments.mine() == {}


steps = st.tuples(st.sampled_from(["transcode-0", "transcode-1"]), st.integers(0, 5), st.integers(0, 3 * NS_PER_S))


@given(st.lists(steps, min_size=1, max_size=20))
def test_highest_fresh_term_always_decides(history):
    assignments = Assignments("transcode-0")
    now, best = NOW, None
    for worker, term, passed in history:
        now += passed
        assignments.hear(record(camera(worker=worker, term=term)), now)
        if best is None or term >= best[0] or now - best[2] >= 2 * NS_PER_S:
            best = (term, worker, now)
    assert bool(assignments.mine()) == (best[1] == "transcode-0")
