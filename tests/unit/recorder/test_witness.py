import pytest

from common.recordings.rows import Reason
from common.units import NS_PER_S
from services.recorder.publishers import Publishers
from services.recorder.witness import SILENCE_NS, Witness

WALL_NS = 1_795_381_200 * NS_PER_S
PORCH = {"id": "porch", "online": True, "kind": "jpeg", "worker": "transcode-0", "claim_mono_ns": 5}


def witness(**changes: object) -> Witness:
    found = Witness(0)
    found.hear_anything(0)
    found.hear_cameras({"host": "h", "publisher": "ingest-0", "cameras": [{**PORCH, **changes}]}, 0)
    return found


def why(found: Witness, now_ns: int = 0, **changes: bool) -> Reason:
    return found.why("porch", now_ns, WALL_NS, **changes).reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, Reason.BUS),
        ({"online": False}, Reason.OFFLINE),
        ({"stalled": True}, Reason.STALLED),
        ({"worker": ""}, Reason.OVERLOAD),
        ({"worker": "", "kind": "h264"}, Reason.BUS),
        ({"id": "attic"}, Reason.OFFLINE),
        ({"online": "yes"}, Reason.OFFLINE),
    ],
)
def test_reason_is_what_the_camera_publishes(changes, reason):
    assert why(witness(**changes)) is reason


def test_pictures_need_no_encoder():
    assert why(witness(worker=""), encoded=False) is Reason.BUS


def test_silence_of_everybody_is_the_bus():
    found = witness()
    assert why(found, SILENCE_NS + 1) is Reason.BUS
    found.hear_anything(SILENCE_NS + 1)
    assert why(found, SILENCE_NS + 1) is Reason.OFFLINE


def test_error_of_the_encoder_is_told_in_its_words():
    found = witness()
    found.hear_encodes("transcode-0", {"porch": {"error": "too small"}, "attic": 5}, 0)
    assert found.why("porch", 0, WALL_NS) == (Reason.ENCODER, "too small")
    found.hear_encodes("transcode-0", {"porch": {"limit": {"fps": 5.0}}}, 0)
    assert why(found) is Reason.OVERLOAD


def test_quarantine_is_the_encoder_as_long_as_it_lasts():
    found = witness()
    found.hear_keeper({"quarantined": {"porch": {"until_wall_ns": WALL_NS + 1}}})
    assert why(found) is Reason.ENCODER
    found.hear_keeper({"quarantined": {"porch": {"until_wall_ns": WALL_NS}}})
    assert why(found) is Reason.BUS


def test_publisher_that_lost_the_camera_is_not_believed():
    found = witness()
    found.hear_cameras({"host": "h", "publisher": "ingest-1", "cameras": [{**PORCH, "online": False}]}, 0)
    assert why(found) is Reason.BUS
    found.hear_cameras({"host": "h", "publisher": "ingest-1", "cameras": [{**PORCH, "claim_mono_ns": 9}]}, 0)
    found.hear_cameras({"host": "h", "publisher": "ingest-0", "cameras": [{**PORCH, "online": False}]}, 0)
    assert why(found) is Reason.BUS


def test_changes_are_told_once():
    found = witness()
    record = {"host": "h", "publisher": "ingest-0", "cameras": [PORCH, {"id": "../x"}, 7, {"id": 5}]}
    assert found.hear_cameras(record, 0) == []
    assert found.hear_cameras({**record, "cameras": [{**PORCH, "online": False}]}, 0) == ["porch"]
    assert found.hear_cameras({**record, "cameras": None}, 0) == []


def test_losses_are_put_down_to_who_sends():
    publishers = Publishers()
    publishers.learn({"publisher": "ingest-0", "cameras": [PORCH, 5]})
    assert publishers.name("porch", "mp4", 1) == "transcode-0"
    assert publishers.name("porch", "jpeg", 1) == "ingest-0"
    assert publishers.name("attic", "jpeg", 1) == "unknown"
