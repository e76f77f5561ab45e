"""The cameras that exist."""

import pytest

from common.errors import WireError
from common.units import NS_PER_S
from services.keeper.cameras import ForgetError, KnownCameras, remembered_from


def told(*cameras, publisher="ingest-0", full=True):
    return {"publisher": publisher, "full": full, "cameras": list(cameras)}


def row(camera, online=True, **more):
    return {"id": camera, "online": online, **more}


@pytest.fixture
def known():
    return KnownCameras(configured=["porch"], remembered={"attic": 5}, limit=4)


def test_camera_is_remembered_when_it_is_seen_online(known):
    new = known.heard(told(row("yard")), mono_ns=0, wall_ns=7)

    assert new == ["yard"]
    assert known.ids() == ["attic", "porch", "yard"]
    assert known.is_changed
    assert known.document()["yard"] == {"first_seen_wall_ns": 7}


def test_camera_is_new_only_once(known):
    known.heard(told(row("yard")), 0, 7)
    known.is_changed = False

    assert known.heard(told(row("yard")), 1, 8) == []
    assert not known.is_changed


def test_configured_camera_exists_without_being_seen_and_is_no_news(known):
    assert known.heard(told(row("porch")), 0, 7) == []
    assert known.ids() == ["attic", "porch"]


def test_offline_echo_does_not_bring_a_forgotten_camera_back(known):
    known.forget("attic", 0)

    known.heard(told(row("attic", online=False)), 1, 7)

    assert known.ids() == ["porch"]


def test_derived_stream_is_no_camera(known):
    assert known.heard(told(row("yard-small", derived_from="yard")), 0, 7) == []
    assert "yard-small" not in known.ids()


def test_no_more_cameras_are_remembered_than_may_exist(known):
    known.heard(told(row("c"), row("d"), row("e"), row("f")), 0, 7)

    assert len(known.ids()) == 4


def test_online_follows_changes_and_full_lists_of_each_publisher(known):
    known.heard(told(row("a"), row("b")), 0, 7)
    known.heard(told(row("c"), publisher="ingest-1"), 0, 7)
    assert known.online(1) == {"a", "b", "c"}

    known.heard(told(row("a", online=False), full=False), 2, 7)
    assert known.online(3) == {"b", "c"}

    known.heard(told(), 4, 7)
    assert known.online(5) == {"c"}


def test_cameras_of_a_silent_publisher_are_not_online(known):
    known.heard(told(row("a")), 0, 7)

    assert known.online(4 * NS_PER_S) == set()


@pytest.mark.parametrize(
    ("camera", "status", "words"),
    [
        ("yard", 409, "yard is online"),
        ("porch", 409, r"remove \[camera.porch\]"),
        ("nobody", 404, "no camera 'nobody'"),
    ],
)
def test_forgetting_is_refused_with_the_reason(known, camera, status, words):
    known.heard(told(row("yard")), 0, 7)

    with pytest.raises(ForgetError, match=words) as caught:
        known.forget(camera, 1)

    assert caught.value.status == status


def test_forgotten_camera_is_gone_from_list_and_document(known):
    known.forget("attic", 0)

    assert known.ids() == ["porch"]
    assert known.document() == {}
    assert known.is_changed


@pytest.mark.parametrize(
    "announcement",
    [{}, {"publisher": 1, "cameras": []}, told("porch"), told({"online": True}), told(row("../etc")), told(row("A b"))],
)
def test_malformed_announcement_is_refused(known, announcement):
    with pytest.raises(WireError):
        known.heard(announcement, 0, 0)


def test_document_survives_the_round_trip(known):
    known.heard(told(row("yard")), 0, 7)

    assert remembered_from(known.document()) == {"attic": 5, "yard": 7}


@pytest.mark.parametrize(
    "document", [{"A": {"first_seen_wall_ns": 1}}, {"a": 1}, {"a": {}}, {"a": {"first_seen_wall_ns": "1"}}]
)
def test_document_of_another_kind_is_refused(document):
    with pytest.raises(ValueError, match="first_seen_wall_ns"):
        remembered_from(document)
