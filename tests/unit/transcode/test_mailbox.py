"""The newest frame wins, and what lost is said with the next one that goes out."""

from dataclasses import replace

from common.counters import Counters
from common.frame import Frame
from services.transcode.ledger import CameraLedger
from services.transcode.mailbox import Arrived, Mailbox

FRAME = Frame(seq=0, source=1, media_time_ns=0, captured_at_ns=0, width=640, height=480)


def test_newest_frame_wins_and_the_others_are_counted():
    dropped = Counters()
    mailbox = Mailbox(dropped, CameraLedger())
    for seq in range(4):
        mailbox.put(Arrived(replace(FRAME, seq=seq), seq))
    arrived = mailbox.take()
    assert arrived is not None
    assert arrived.frame.seq == 3
    assert mailbox.take() is None
    assert mailbox.settle({}) == {"overload": 3}
    assert dropped.snapshot() == {"overload": 3}


def test_causes_of_skipped_frames_are_carried_on_to_the_one_that_goes_out():
    mailbox = Mailbox(Counters(), CameraLedger())
    mailbox.put(Arrived(replace(FRAME, skipped={"truncated": 2}), 0))
    mailbox.put(Arrived(replace(FRAME, seq=3, skipped={"oversize": 1}), 1))
    mailbox.skip("corrupt", Arrived(replace(FRAME, skipped={"truncated": 1}), 2))
    mailbox.lose("bus", 4)
    assert mailbox.settle({"oversize": 1}) == {"truncated": 3, "overload": 1, "corrupt": 1, "bus": 4, "oversize": 1}


def test_skips_are_said_once():
    mailbox = Mailbox(Counters(), CameraLedger())
    mailbox.skip("stale", Arrived(FRAME, 0))
    assert mailbox.settle({}) == {"stale": 1}
    assert mailbox.settle({}) == {}


def test_losing_nothing_is_not_counted():
    dropped = Counters()
    Mailbox(dropped, CameraLedger()).lose("bus", 0)
    assert dropped.snapshot() == {}


def test_every_frame_that_ends_in_the_box_is_in_the_account():
    ledger = CameraLedger()
    mailbox = Mailbox(Counters(), ledger)
    for seq in range(4):
        ledger.enter("source", seq)
        mailbox.put(Arrived(replace(FRAME, seq=seq), seq), "max_fps" if seq == 2 else "overload")
    assert ledger.record(1) == {
        "hop": "transcode",
        "in": 4,
        "out": 0,
        "dropped": {"overload": 2, "max_fps": 1},
        "held": 1,
        "bus": 0,
        "bus_from": {},
    }


def test_frame_that_had_come_in_before_is_dropped_uncounted():
    ledger, dropped = CameraLedger(), Counters()
    mailbox = Mailbox(dropped, ledger)
    mailbox.skip("corrupt", Arrived(replace(FRAME, skipped={"truncated": 1}), 0, is_new=False))
    assert mailbox.settle({}) == {"truncated": 1}
    assert dropped.snapshot() == {}
    assert ledger.record(0)["dropped"] == {}
