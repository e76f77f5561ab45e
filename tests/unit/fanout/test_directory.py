import pytest

from common.errors import WireError
from services.fanout.announced import Announcement, Camera, parse_announcement
from services.fanout.directory import SILENT_NS, Change, Directory
from tests.helpers.fanout import MS, START_NS

S = 1000 * MS


def camera(name, *, online=True, **changes):
    return Camera(name, online=online, **changes)


def announce(directory, *cameras, publisher="ingest-0", host="h", incarnation=1, full=True, now_ns=START_NS):
    return directory.announce(Announcement(publisher, host, incarnation, full, cameras), now_ns)


def test_camera_exists_when_configured_known_or_seen():
    directory = Directory(["gate"])
    directory.remember(["porch"])
    announce(directory, camera("yard"))
    assert directory.ids() == ["gate", "porch", "yard"]
    assert [directory.exists(name) for name in ("gate", "porch", "yard", "attic")] == [True, True, True, False]
    assert not directory.get("gate").online


def test_camera_is_forgotten_when_keeper_leaves_it_out_although_it_is_still_listed_as_gone():
    directory = Directory([])
    announce(directory, camera("porch"))
    directory.remember(["porch"])
    announce(directory, camera("porch", online=False))
    directory.remember([])
    announce(directory, camera("porch", online=False))
    assert not directory.exists("porch")
    announce(directory, camera("porch"))
    assert directory.exists("porch")


def test_camera_that_is_only_listed_as_gone_does_not_exist_for_a_process_that_never_saw_it():
    directory = Directory([])
    announce(directory, camera("porch", online=False))
    directory.remember([])
    assert not directory.exists("porch")
    directory.remember(["porch"])
    assert directory.exists("porch")


def test_online_camera_is_not_forgotten():
    directory = Directory([])
    announce(directory, camera("porch"))
    directory.remember(["porch"])
    directory.remember([])
    assert directory.exists("porch")


def test_seen_camera_that_keeper_has_not_heard_of_yet_exists():
    directory = Directory([])
    announce(directory, camera("porch"))
    directory.remember([])
    assert directory.exists("porch")


def test_changes_are_told_once():
    directory = Directory([])
    assert announce(directory, camera("porch")) == [Change("porch", True)]
    assert announce(directory, camera("porch")) == []
    gone = camera("porch", online=False, offline_since_wall_ns=5 * S)
    assert announce(directory, gone, full=False) == [Change("porch", False, 5.0)]


def test_absence_that_began_before_this_process_is_told_when_its_date_is_known():
    directory = Directory(["porch"])
    gone = camera("porch", online=False, offline_since_wall_ns=5 * S)
    assert announce(directory, gone) == [Change("porch", False, 5.0)]
    assert announce(directory, gone) == []


def test_camera_of_a_killed_publisher_is_gone_since_its_last_picture_not_since_an_absence_before():
    directory = Directory([])
    announce(directory, camera("porch", offline_since_wall_ns=5 * S, last_frame_wall_ns=90 * S))
    assert announce(directory, incarnation=2) == [Change("porch", False, 90.0)]


def test_partial_announcement_leaves_the_other_cameras_as_they_are():
    directory = Directory([])
    announce(directory, camera("porch"), camera("yard"))
    announce(directory, camera("porch", online=False), full=False)
    assert directory.get("yard").online
    assert not directory.get("porch").online


def test_camera_missing_from_a_full_announcement_is_offline():
    directory = Directory([])
    announce(directory, camera("porch"), camera("yard"))
    assert announce(directory, camera("yard")) == [Change("porch", False)]


def test_camera_missing_after_its_publisher_restarted_is_offline():
    directory = Directory([])
    announce(directory, camera("porch"))
    assert announce(directory, full=False, incarnation=2) == [Change("porch", False)]


def test_newest_claim_wins_on_one_host():
    directory = Directory([])
    announce(directory, camera("porch", source="old", claim_mono_ns=1), publisher="ingest-0")
    announce(directory, camera("porch", source="new", claim_mono_ns=2), publisher="ingest-1")
    announce(directory, camera("porch", source="old", claim_mono_ns=1), publisher="ingest-0")
    assert directory.get("porch").source == "new"


def test_camera_stays_online_while_one_of_its_publishers_has_it():
    directory = Directory([])
    announce(directory, camera("porch", claim_mono_ns=1), publisher="ingest-0")
    announce(directory, camera("porch", claim_mono_ns=2), publisher="ingest-1")
    assert announce(directory, camera("porch", claim_mono_ns=1, online=False), publisher="ingest-0") == []
    gone = announce(directory, camera("porch", claim_mono_ns=2, online=False), publisher="ingest-1")
    assert gone == [Change("porch", False)]


def test_silent_publisher_is_gone_while_others_speak():
    directory = Directory([])
    announce(directory, camera("porch"))
    assert directory.expire(START_NS + SILENT_NS) == []
    assert directory.expire(START_NS + SILENT_NS + 1) == [Change("porch", False)]
    assert directory.exists("porch")


def test_publisher_that_is_back_brings_its_cameras_back():
    directory = Directory([])
    announce(directory, camera("porch"))
    directory.expire(START_NS + 4 * S)
    assert announce(directory, camera("porch"), now_ns=START_NS + 5 * S) == [Change("porch", True)]


def test_longest_online_is_the_camera_that_connected_first():
    directory = Directory([])
    assert directory.longest_online() == ""
    announce(
        directory,
        camera("new", connected_wall_ns=3 * S),
        camera("gone", online=False, connected_wall_ns=S),
        camera("old", connected_wall_ns=2 * S),
    )
    assert directory.longest_online() == "old"


# Reading announcements


def record(**changes):
    camera_fields = {"id": "porch", "online": True, "fps": 25, "dropped": {"corrupt": 2}, "unknown": object}
    return {"publisher": "ingest-0", "host": "h", "incarnation": 1, "full": True, "cameras": [camera_fields], **changes}


def test_announcement_is_read_and_unknown_fields_are_ignored():
    announcement = parse_announcement(record())
    assert announcement.cameras == (Camera("porch", online=True, fps=25.0, dropped={"corrupt": 2}),)


@pytest.mark.parametrize(
    "changes",
    [
        {"cameras": "porch"},
        {"cameras": [{"id": "../etc"}]},
        {"cameras": [{"id": "a", "online": 1}]},
        {"cameras": [{"id": "a", "dropped": {"x": "y"}}]},
        {"cameras": [{}]},
        {"host": 5},
    ],
)
def test_malformed_announcement_is_refused(changes):
    with pytest.raises(WireError):
        parse_announcement(record(**changes))
