from dataclasses import replace

import pytest

from common.frame import Frame
from common.recordings.rows import Reason
from common.stream_account import StreamAccount
from common.topics import JPEG, MP4
from common.units import NS_PER_MS, NS_PER_S
from services.recorder.arrivals import JOIN, LOSS, PROMPT_ASKS, Arrivals

MS = NS_PER_MS


class Subscription:
    """Arrivals with their account, fed at 25 fps."""

    def __init__(self, format_: str = MP4) -> None:
        self.account = StreamAccount("porch", format_, lambda camera, format_, term: "transcode-0")
        self.arrivals = Arrivals(format_, self.account, 0)

    def take(self, number: int, *, key: bool = False, has_room: bool = True, at_ms: int | None = None, **changes):
        frame = Frame(number, 1, number * 40 * MS, 0, 8, 8, key=key, term=1, encoder_start_ns=1, out_seq=number)
        now_ns = (number * 40 if at_ms is None else at_ms) * MS
        return self.arrivals.take(replace(frame, **changes), now_ns, has_room=has_room)

    @property
    def row(self):
        return self.account.record()


def test_stream_begins_at_a_keyframe_and_is_whole_then():
    sub = Subscription()
    assert sub.take(3) is None
    first, second = sub.take(4, key=True), sub.take(5)
    assert first is not None
    assert (first.missing, first.why) == (0, None)
    assert second is not None
    assert sub.row["in"] == 3
    assert sub.row["dropped"] == {"broken": 1}


def test_hole_breaks_the_chain_until_a_keyframe_and_says_how_many_are_missing():
    sub = Subscription()
    sub.take(0, key=True)
    assert [sub.take(number) for number in (3, 4)] == [None, None]
    kept = sub.take(5, key=True)
    assert kept is not None
    assert (kept.missing, kept.why) == (4, Reason.BUS)
    assert sub.row["bus"] == 2
    assert sub.row["bus_from"] == {"transcode-0": 2}
    assert sub.row["dropped"] == {"broken": 2}


def test_frames_lost_before_the_encoder_are_told_when_no_skip_does():
    sub = Subscription()
    sub.take(0, key=True)
    kept = sub.take(4, out_seq=1, repeat=True, skipped={"corrupt": 1})
    assert kept is not None
    assert (kept.missing, kept.why, kept.untold) == (0, None, 2)
    told = sub.take(8, out_seq=2, skipped={"overload": 3})
    assert told is not None
    assert told.untold == 0
    other_connection = sub.take(100, out_seq=3, source=2)
    assert other_connection is not None
    assert other_connection.untold == 0


def test_hole_right_before_a_keyframe_is_told_too():
    sub = Subscription()
    sub.take(0, key=True)
    kept = sub.take(4, key=True)
    assert kept is not None
    assert (kept.missing, kept.why) == (3, Reason.BUS)


def test_frame_without_room_breaks_the_chain():
    sub = Subscription()
    sub.take(0, key=True)
    assert sub.take(1, has_room=False) is None
    assert sub.take(2) is None
    assert sub.take(3, key=True, has_room=False) is None
    kept = sub.take(4, key=True)
    assert kept is not None
    assert (kept.missing, kept.why) == (3, Reason.SLOW_DISK)
    assert sub.row["dropped"] == {"slow_disk": 2, "broken": 1}


def test_double_is_neither_kept_nor_counted():
    sub = Subscription()
    sub.take(0, key=True)
    assert sub.take(0, key=True, repeat=True) is None
    assert sub.row["in"] == 1


def test_older_epoch_is_counted_and_not_kept():
    sub = Subscription()
    sub.take(0, key=True, term=5)
    assert sub.take(1, key=True, term=4) is None
    assert sub.row["dropped"] == {"epoch": 1}


def test_picture_that_was_encoded_again_goes_on_and_is_not_new():
    sub = Subscription()
    sub.take(0, key=True)
    kept = sub.take(0, key=True, out_seq=1)
    assert kept is not None
    assert not kept.is_new
    assert sub.row["in"] == 1


@pytest.mark.parametrize("waits", [JOIN, LOSS])
def test_keyframe_is_asked_for_until_it_comes(waits):
    sub = Subscription()
    if waits == LOSS:
        sub.take(0, key=True)
        sub.take(2)
    start = 2 * 40 * MS
    assert sub.arrivals.take_due(start) == waits
    assert sub.arrivals.take_due(start + 249 * MS) == ""
    assert sub.arrivals.take_due(start + 250 * MS) == waits
    sub.take(9, key=True)
    assert sub.arrivals.next_ask_ns is None
    assert sub.arrivals.take_due(10 * NS_PER_S) == ""


def test_camera_that_is_away_is_asked_more_rarely():
    sub = Subscription()
    asked = sum(bool(sub.arrivals.take_due(ms * MS)) for ms in range(0, 60_000, 50))
    assert PROMPT_ASKS < asked < PROMPT_ASKS + 30


def test_keyframe_that_the_disk_thread_needs_is_asked_for_at_once():
    sub = Subscription()
    sub.take(0, key=True)
    sub.arrivals.need_key(100 * MS)
    assert sub.arrivals.take_due(100 * MS) == LOSS
    assert sub.take(1) is None
    assert sub.take(2, key=True) is not None


def jpeg(sub: Subscription, number: int, source: int = 1, **changes):
    values = {"key": True, "source": source, "term": 0, "encoder_start_ns": 0, "out_seq": -1, **changes}
    return sub.take(number, **values)


def test_jpegs_need_no_keyframe_and_their_holes_are_told():
    sub = Subscription(JPEG)
    assert jpeg(sub, 0) is not None
    kept = jpeg(sub, 3, skipped={"corrupt": 1})
    assert kept is not None
    assert (kept.missing, kept.why) == (1, Reason.BUS)
    assert jpeg(sub, 3, repeat=True) is None
    assert sub.row["in"] == 2
    assert sub.row["bus"] == 1


def test_jpegs_of_a_connection_that_was_replaced_are_not_kept():
    sub = Subscription(JPEG)
    jpeg(sub, 8, source=1)
    assert jpeg(sub, 0, source=2, at_ms=400) is not None
    assert jpeg(sub, 9, source=1, at_ms=440) is None
    assert jpeg(sub, 10, source=1, at_ms=4000) is not None


def test_jpeg_without_room_is_missing_before_the_next():
    sub = Subscription(JPEG)
    jpeg(sub, 0)
    assert jpeg(sub, 1, has_room=False) is None
    kept = jpeg(sub, 2)
    assert kept is not None
    assert (kept.missing, kept.why) == (1, Reason.SLOW_DISK)
    assert sub.row["dropped"] == {"slow_disk": 1}
