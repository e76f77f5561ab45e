import pytest

from common.errors import WireError
from common.names import CameraId
from common.units import NS_PER_S
from services.ingest.others import Others

PORCH, YARD = CameraId("porch"), CameraId("yard")


def camera(name: str = "porch", **fields):
    return {
        "id": name,
        "online": True,
        "stalled": False,
        "source": "ws 10.0.0.9",
        "named": True,
        "peer": "10.0.0.9",
        "claim_mono_ns": 5,
        "incarnation": 900,
        "worker": "transcode-0",
        "term": 70,
        **fields,
    }


def record(*cameras, full=True, publisher="ingest-1", host="here", **fields):
    return {"publisher": publisher, "incarnation": 1, "host": host, "full": full, "cameras": list(cameras), **fields}


def test_new_claim_is_news_once():
    others = Others(("here", "ingest-0"))
    (news,) = others.hear(record(camera()), 100)
    assert (news.claim.camera, news.claim.peer, news.claim.via, news.before) == (PORCH, "10.0.0.9", "ws", None)
    assert others.hear(record(camera(frames=3)), 200) == []
    assert others.holder(PORCH).first_heard_ns == 100
    assert others.cameras() == {PORCH}


def test_own_announcement_is_no_news():
    others = Others(("here", "ingest-1"))
    assert others.hear(record(camera()), 0) == []
    assert others.cameras() == set()


def test_claim_that_moves_between_others_tells_who_had_it():
    others = Others(("here", "ingest-0"))
    others.hear(record(camera()), 100)
    (news,) = others.hear(record(camera(incarnation=901, peer="10.0.0.8"), publisher="ingest-2"), 200)
    assert (news.claim.peer, news.before.peer) == ("10.0.0.8", "10.0.0.9")
    assert others.holder(PORCH).source == 901


def test_change_touches_only_the_cameras_in_it():
    others = Others(("here", "ingest-0"))
    others.hear(record(camera("porch"), camera("yard", incarnation=901)), 0)
    others.hear(record(camera("porch", online=False), full=False), 1)
    assert others.cameras() == {YARD}


def test_full_announcement_replaces_what_was_told_before():
    others = Others(("here", "ingest-0"))
    others.hear(record(camera("porch"), camera("yard", incarnation=901)), 0)
    others.hear(record(camera("yard", incarnation=901)), 1)
    assert others.cameras() == {YARD}


def test_silent_process_holds_nothing_after_three_seconds():
    others = Others(("here", "ingest-0"))
    others.hear(record(camera()), 0)
    others.expire(3 * NS_PER_S)
    assert others.holder(PORCH)
    others.expire(3 * NS_PER_S + 1)
    assert others.holder(PORCH) is None


def test_publisher_of_another_kind_may_leave_fields_out():
    others = Others(("here", "ingest-0"))
    others.hear(record({"id": "porch-motion", "online": True, "derived_from": "porch"}, publisher="motion"), 0)
    assert others.cameras() == {CameraId("porch-motion")}


@pytest.mark.parametrize(
    "malformed",
    [
        {"publisher": "x", "host": "y"},
        {"publisher": 5, "host": "y", "cameras": []},
        record("porch"),
        record(camera(id="")),
        record(camera(id=7)),
        record(camera(incarnation="x")),
        record(camera(claim_mono_ns=-1)),
        record(camera(term=(1 << 64) - 1)),
        record(camera(term=True)),
        record(camera(peer=None)),
    ],
)
def test_malformed_announcement_is_refused_and_changes_nothing(malformed):
    others = Others(("here", "ingest-0"))
    others.hear(record(camera("yard")), 0)
    with pytest.raises(WireError):
        others.hear(malformed, 1)
    assert others.cameras() == {YARD}
