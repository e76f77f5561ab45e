from itertools import pairwise

import pytest

from common.accounts import Holes
from common.errors import AccessUnitError, JpegError
from common.frame import Frame
from common.names import CameraId
from common.units import NS_PER_MS, NS_PER_S, to_90k
from services.ingest.jpeg import Limits
from services.ingest.ledger import POST, WS, Accounts, Instant, Ledger, MediaClock, Origin
from services.ingest.session import Session
from tests.helpers.annex_b import CODE, IDR, SETS, SETS_QVGA, SLICE
from tests.helpers.jpegs import make_jpeg

WALL_NS = 1_800_000_000 * NS_PER_S
START = Instant(5 * NS_PER_S, WALL_NS)
JPEG = make_jpeg()
OUT_NS = START.mono_ns + 77


def at(ms: float) -> Instant:
    return Instant(START.mono_ns + int(ms * NS_PER_MS), WALL_NS + int(ms * NS_PER_MS))


def make_session(limits: Limits = Limits()) -> Session:  # noqa: B008 - frozen
    session = Session(77, Origin(WS, "10.0.0.1", CameraId("porch")), START, MediaClock(START), "host", limits)
    session.ledger = Ledger(CameraId("porch"))
    return session


def taken(session: Session, message: bytes, now: Instant) -> Frame:
    """Return the frame of a message that somebody wants."""
    assert session.take(message, now)
    frame = session.newest(OUT_NS)
    session.note_published()
    return frame


def test_jpeg_becomes_a_numbered_and_timed_frame():
    session = make_session()
    frame = taken(session, b"lead" + JPEG + b"\0\0", at(40))
    assert frame.payload == JPEG
    assert (frame.seq, frame.source, frame.width, frame.height, frame.key) == (0, 77, 640, 480, True)
    assert (frame.host, frame.hops) == ("host", {"ingest_in": at(40).mono_ns, "ingest_out": OUT_NS})
    assert frame.media_time_ns == frame.captured_at_ns == WALL_NS + 40 * NS_PER_MS
    assert session.topic == "jpeg/porch/main"
    assert (session.ledger.frames, session.ledger.width, session.ledger.last_frame) == (1, 640, at(40))


def test_whole_jpeg_is_not_copied():
    assert taken(make_session(), JPEG, at(0)).payload is JPEG


def test_media_time_does_not_step_when_the_wall_clock_does():
    session = make_session()
    first = taken(session, JPEG, at(0))
    stepped = taken(session, JPEG, Instant(at(40).mono_ns, WALL_NS - 3600 * NS_PER_S))
    assert stepped.media_time_ns - first.media_time_ns == 40 * NS_PER_MS
    assert stepped.captured_at_ns == WALL_NS - 3600 * NS_PER_S


def test_frames_of_one_instant_differ_by_a_tick_of_90_khz():
    session = make_session()
    ticks = [to_90k(taken(session, JPEG, at(7)).media_time_ns) for _ in range(200)]
    assert all(b > a for a, b in pairwise(ticks))


def test_media_time_goes_on_over_a_new_connection():
    first, second = make_session(), make_session()
    for _ in range(1000):
        last = taken(first, JPEG, at(0))
    second.ledger = first.ledger
    assert taken(second, JPEG, at(1)).media_time_ns > last.media_time_ns


def test_dropped_message_is_counted_and_told_with_the_next_frame():
    session = make_session()
    taken(session, JPEG, at(0))
    for message in (JPEG[:-5], b"junk", JPEG[:-9]):
        with pytest.raises(JpegError):
            session.take(message, at(1))
    frame = taken(session, JPEG, at(2))
    assert (frame.seq, frame.skipped) == (4, {"truncated": 2, "junk": 1})
    assert taken(session, JPEG, at(3)).skipped == {}
    assert session.ledger.dropped == {"truncated": 2, "junk": 1}


def test_frame_carries_the_interval_that_it_makes_known():
    session = make_session()
    assert taken(session, JPEG, at(0)).interval_ns == 0
    assert taken(session, JPEG, at(40)).interval_ns == 40 * NS_PER_MS


def test_picture_beyond_the_settings_is_dropped():
    with pytest.raises(JpegError, match="oversize"):
        make_session(Limits(side_px=100)).take(JPEG, at(0))
    with pytest.raises(AccessUnitError, match="oversize"):
        make_session(Limits(side_px=100)).take(SETS + CODE + IDR, at(0))


def test_newcomer_gets_the_newest_frame_again():
    session = make_session()
    assert session.repeats_for_newcomer(at(0).mono_ns) == ()
    session.take(JPEG, at(0))
    newest = taken(session, make_jpeg(number=2), at(5000))
    (repeat,) = session.repeats_for_newcomer(at(9000).mono_ns)
    assert repeat.repeat
    assert (repeat.seq, repeat.media_time_ns, repeat.payload) == (newest.seq, newest.media_time_ns, newest.payload)


def test_request_is_answered_unless_a_fresh_frame_is_due_soon():
    slow, fast = make_session(), make_session()
    for frame in range(5):
        slow.take(JPEG, at(frame * 1000))
        fast.take(JPEG, at(frame * 50))
    assert slow.repeats_for_request(at(4010).mono_ns)
    assert slow.repeats_for_request(at(4950).mono_ns) == ()
    assert fast.repeats_for_request(at(210).mono_ns) == ()
    # Overdue: nobody knows when it comes.
    assert fast.repeats_for_request(at(400).mono_ns)


def test_requests_are_answered_at_most_once_in_100_ms():
    session = make_session()
    session.take(JPEG, at(0))
    answered = [bool(session.repeats_for_request(at(ms).mono_ns)) for ms in range(1000, 1300, 20)]
    assert answered == [at % 5 == 0 for at in range(15)]


def test_request_that_comes_too_early_waits_for_its_time():
    session = make_session()
    session.take(JPEG, at(0))
    assert session.repeats_for_newcomer(at(5000).mono_ns)
    assert session.repeat_due_ns is None
    assert session.repeats_for_request(at(5001).mono_ns) == ()
    assert session.repeats_for_request(at(5050).mono_ns) == ()
    assert session.repeat_due_ns == at(5100).mono_ns
    assert session.repeats_due(at(5099).mono_ns) == ()
    assert [frame.seq for frame in session.repeats_due(at(5100).mono_ns)] == [0]
    assert session.repeat_due_ns is None
    assert session.repeats_due(at(5300).mono_ns) == ()


def test_request_that_waits_is_answered_by_a_fresh_picture():
    session = make_session()
    session.take(JPEG, at(0))
    session.repeats_for_newcomer(at(5000).mono_ns)
    session.repeats_for_request(at(5001).mono_ns)
    session.take(JPEG, at(5050))
    assert session.repeat_due_ns is None
    assert session.repeats_due(at(5100).mono_ns) == ()


@pytest.mark.parametrize(
    ("via", "pictures", "is_stalled"), [(POST, 1, False), (POST, 2, False), (POST, 3, True), (WS, 1, True)]
)
def test_silence_is_a_stall_only_where_pictures_are_expected(via, pictures, is_stalled):
    session = Session(77, Origin(via, "10.0.0.1", CameraId("porch")), START, MediaClock(START), "host")
    session.ledger = Ledger(CameraId("porch"))
    for number in range(pictures):
        session.take(JPEG, at(number * 1000))
    assert session.is_stalled(at(20_000).mono_ns) == is_stalled


def balance(session: Session) -> tuple[int, int, dict[str, int]]:
    row = session.ledger.account.record(held=0)
    assert row["in"] == row["out"] + sum(row["dropped"].values())
    return row["in"], row["out"], row["dropped"]


def left_out(session: Session, message: bytes, now: Instant) -> None:
    assert session.take(message, now)
    session.note_unwanted()


def test_what_nobody_wants_is_counted_and_told_with_the_next_frame():
    session = make_session()
    taken(session, JPEG, at(0))
    for ms in range(3):
        left_out(session, JPEG, at(ms))
    with pytest.raises(JpegError):
        session.take(b"junk", at(4))
    left_out(session, JPEG, at(5))
    assert balance(session) == (6, 1, {"junk": 1, "unwanted": 4})
    frame = taken(session, JPEG, at(6))
    assert (frame.seq, frame.skipped) == (6, {"junk": 1, "unwanted": 4})
    assert taken(session, JPEG, at(7)).skipped == {}
    assert balance(session) == (8, 3, {"junk": 1, "unwanted": 4})


def test_repeat_tells_what_is_missing_before_it_and_the_next_frame_only_what_is_missing_since():
    session = make_session()
    taken(session, JPEG, at(0))
    for ms in range(3):
        left_out(session, JPEG, at(ms))
    with pytest.raises(JpegError):
        session.take(b"junk", at(4))
    holes = Holes()
    (repeat,) = session.repeats_for_newcomer(at(5).mono_ns)
    session.note_repeated()
    assert (repeat.seq, repeat.skipped) == (3, {"unwanted": 2})
    fresh = taken(session, JPEG, at(6))
    assert (fresh.seq, fresh.skipped) == (5, {"junk": 1})
    assert [holes.before(frame) for frame in (repeat, fresh)] == [0, 0]
    # A repeat is not counted: the frame was left out, and stays so.
    assert balance(session) == (6, 2, {"junk": 1, "unwanted": 3})


def test_frames_left_out_are_no_loss_for_whoever_listens_before_and_after():
    session, holes = make_session(), Holes()
    heard = []
    for number in range(60):
        if number % 20 < 10:
            heard.append(taken(session, JPEG, at(number)))
        else:
            left_out(session, JPEG, at(number))
        if number % 20 == 19:
            heard += session.repeats_for_newcomer(at(number).mono_ns)
            session.note_repeated()
    assert len(heard) == 33
    assert [holes.before(frame) for frame in heard] == [0] * 33
    # And what is lost on the way shows.
    del heard[5], heard[15]
    seen = Holes()
    assert sum(seen.before(frame) for frame in heard) == 2


def test_ledger_holds_for_h264_too():
    session = make_session()
    with pytest.raises(AccessUnitError):
        session.take(CODE + SLICE, at(0))
    assert not session.take(SETS, at(0))
    taken(session, CODE + IDR, at(40))
    left_out(session, CODE + SLICE, at(80))
    left_out(session, SETS + CODE + IDR, at(120))
    left_out(session, CODE + SLICE, at(160))
    repeats = session.repeats_for_newcomer(at(170).mono_ns)
    session.note_repeated()
    assert [(frame.seq, frame.out_seq, frame.skipped) for frame in repeats] == [(3, 2, {"unwanted": 1}), (4, 3, {})]
    fresh = taken(session, CODE + SLICE, at(200))
    assert (fresh.seq, fresh.out_seq, fresh.skipped) == (5, 4, {})
    assert balance(session) == (6, 2, {"no_keyframe": 1, "unwanted": 3})


def test_account_outlives_the_ledger_and_is_given_up_only_when_there_are_too_many():
    accounts = Accounts(limit=2)
    porch, gate, yard = CameraId("porch"), CameraId("gate"), CameraId("yard")
    accounts.open(porch, {porch}).enter()
    assert accounts.open(porch, {porch}).record(0)["in"] == 1
    accounts.open(gate, {porch, gate})
    accounts.open(yard, {porch, yard})
    assert list(accounts.rows()) == [porch, yard]
    assert accounts.rows()[porch] == {
        "hop": "ingest", "in": 1, "out": 0, "dropped": {}, "held": 0, "bus": 0, "bus_from": {},
    }  # fmt: skip


def test_h264_is_published_as_it_is_with_contiguous_numbers():
    session = make_session()
    with pytest.raises(AccessUnitError):
        session.take(CODE + SLICE, at(0))
    frames = [taken(session, message, at(40)) for message in (SETS + CODE + IDR, CODE + SLICE, CODE + SLICE)]
    assert session.topic == "h264/porch/main"
    assert [frame.seq for frame in frames] == [1, 2, 3]
    assert [frame.out_seq for frame in frames] == [0, 1, 2]
    assert [frame.key for frame in frames] == [True, False, False]
    assert [frame.codec for frame in frames] == ["avc1.42C01E", "", ""]
    assert len({frame.epoch for frame in frames}) == 1
    assert frames[0].skipped == {"no_keyframe": 1}
    assert frames[0].term > 0


def test_h264_parameter_sets_alone_are_no_frame_and_leave_no_hole():
    session = make_session()
    assert not session.take(SETS, at(0))
    assert session.ledger.frames == 0
    frame = taken(session, CODE + IDR, at(40))
    assert (frame.seq, frame.skipped, frame.payload) == (0, {}, SETS + CODE + IDR)


def test_h264_of_a_new_size_is_a_newer_epoch_that_counts_anew():
    session = make_session()
    first = taken(session, SETS + CODE + IDR, at(0))
    session.take(CODE + SLICE, at(40))
    second = taken(session, SETS_QVGA + CODE + IDR, at(80))
    assert second.epoch > first.epoch
    assert (second.out_seq, second.width, second.height) == (0, 320, 240)


def test_h264_newcomer_gets_the_group_of_pictures():
    session = make_session()
    for message in (SETS + CODE + IDR, CODE + SLICE, SETS + CODE + IDR, CODE + SLICE):
        session.take(message, at(0))
    repeats = session.repeats_for_newcomer(at(10).mono_ns)
    assert [(frame.seq, frame.out_seq, frame.key, frame.repeat) for frame in repeats] == [
        (2, 2, True, True),
        (3, 3, False, True),
    ]
