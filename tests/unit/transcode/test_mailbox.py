"""The newest frame wins, and what lost is said with the next one that goes out."""

from dataclasses import replace

from common.counters import Counters
from common.frame import Frame
from services.transcode.mailbox import Arrived, Mailbox

FRAME = Frame(seq=0, source=1, media_time_ns=0, captured_at_ns=0, width=640, height=480)


def test_newest_frame_wins_and_the_others_are_counted():
    dropped = Counters()
    mailbox = Mailbox(dropped)
    for seq in range(4):
        mailbox.put(Arrived(replace(FRAME, seq=seq), seq))
    arrived = mailbox.take()
    assert arrived is not None
    assert arrived.frame.seq == 3
    assert mailbox.take() is None
    assert mailbox.settle({}) == {"overload": 3}
    assert dropped.snapshot() == {"overload": 3}


def test_causes_of_skipped_frames_are_carried_on_to_the_one_that_goes_out():
    mailbox = Mailbox(Counters())
    mailbox.put(Arrived(replace(FRAME, skipped={"truncated": 2}), 0))
    mailbox.put(Arrived(replace(FRAME, seq=3, skipped={"oversize": 1}), 1))
    mailbox.skip("corrupt", {"truncated": 1})
    mailbox.lose("bus", 4)
    assert mailbox.settle({"oversize": 1}) == {"truncated": 3, "overload": 1, "corrupt": 1, "bus": 4, "oversize": 1}


def test_skips_are_said_once():
    mailbox = Mailbox(Counters())
    mailbox.skip("stale", {})
    assert mailbox.settle({}) == {"stale": 1}
    assert mailbox.settle({}) == {}


def test_losing_nothing_is_not_counted():
    dropped = Counters()
    Mailbox(dropped).lose("bus", 0)
    assert dropped.snapshot() == {}
