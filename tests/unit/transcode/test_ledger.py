"""The accounts of a process's cameras."""

from services.transcode import ledger
from services.transcode.ledger import CameraLedger, Ledger


def test_frame_is_counted_once_however_often_it_comes():
    account = CameraLedger()
    assert account.enter("a", 3)
    assert not account.enter("a", 3)
    assert not account.enter("a", 2)
    assert account.enter("a", 4)
    assert account.enter("b", 0)
    assert account.record(3)["in"] == 3


def test_missing_frames_are_missing_from_the_publisher_of_then():
    account = CameraLedger()
    account.publisher = "ingest-0"
    account.miss(2)
    account.publisher = "ingest-1"
    account.miss(1)
    account.enter_late()
    row = account.record(1)
    assert (row["bus"], row["bus_from"], row["in"]) == (2, {"ingest-0": 2}, 1)


def test_account_of_a_camera_is_the_same_in_all_its_lines():
    accounts = Ledger()
    accounts.of("porch").enter("a", 0)
    accounts.of("yard")
    accounts.of("porch").leave()
    assert accounts.record({})["porch"] == {
        "hop": "transcode", "in": 1, "out": 1, "dropped": {}, "held": 0, "bus": 0, "bus_from": {},
    }  # fmt: skip


def test_accounts_are_bounded_and_those_at_work_are_kept(monkeypatch):
    monkeypatch.setattr(ledger, "MOST_ACCOUNTS", 2)
    accounts = Ledger()
    for camera in ("a", "b", "c", "d"):
        accounts.of(camera).enter("x", 0)
    assert set(accounts.record({"a": 1})) == {"a", "d"}
