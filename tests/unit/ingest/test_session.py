from itertools import pairwise

import pytest

from common.errors import AccessUnitError, JpegError
from common.names import CameraId
from common.units import NS_PER_MS, NS_PER_S, to_90k
from services.ingest.jpeg import Limits
from services.ingest.ledger import POST, WS, Instant, Ledger, MediaClock, Origin
from services.ingest.session import Session
from tests.helpers.annex_b import CODE, IDR, SETS, SETS_QVGA, SLICE
from tests.helpers.jpegs import make_jpeg

WALL_NS = 1_800_000_000 * NS_PER_S
START = Instant(5 * NS_PER_S, WALL_NS)
JPEG = make_jpeg()


def at(ms: float) -> Instant:
    return Instant(START.mono_ns + int(ms * NS_PER_MS), WALL_NS + int(ms * NS_PER_MS))


def make_session(limits: Limits = Limits()) -> Session:  # noqa: B008 - frozen
    session = Session(77, Origin(WS, "10.0.0.1", CameraId("porch")), START, MediaClock(START), "host", limits)
    session.ledger = Ledger(CameraId("porch"))
    return session


def test_jpeg_becomes_a_numbered_and_timed_frame():
    session = make_session()
    frame = session.take(b"lead" + JPEG + b"\0\0", at(40))
    assert frame.payload == JPEG
    assert (frame.seq, frame.source, frame.width, frame.height, frame.key) == (0, 77, 640, 480, True)
    assert (frame.host, frame.hops) == ("host", {"ingest_in": at(40).mono_ns})
    assert frame.media_time_ns == frame.captured_at_ns == WALL_NS + 40 * NS_PER_MS
    assert session.topic == "jpeg/porch/main"
    assert (session.ledger.frames, session.ledger.width, session.ledger.last_frame) == (1, 640, at(40))


def test_whole_jpeg_is_not_copied():
    assert make_session().take(JPEG, at(0)).payload is JPEG


def test_media_time_does_not_step_when_the_wall_clock_does():
    session = make_session()
    first = session.take(JPEG, at(0))
    stepped = session.take(JPEG, Instant(at(40).mono_ns, WALL_NS - 3600 * NS_PER_S))
    assert stepped.media_time_ns - first.media_time_ns == 40 * NS_PER_MS
    assert stepped.captured_at_ns == WALL_NS - 3600 * NS_PER_S


def test_frames_of_one_instant_differ_by_a_tick_of_90_khz():
    session = make_session()
    ticks = [to_90k(session.take(JPEG, at(7)).media_time_ns) for _ in range(200)]
    assert all(b > a for a, b in pairwise(ticks))


def test_media_time_goes_on_over_a_new_connection():
    first, second = make_session(), make_session()
    for _ in range(1000):
        last = first.take(JPEG, at(0))
    second.ledger = first.ledger
    assert second.take(JPEG, at(1)).media_time_ns > last.media_time_ns


def test_dropped_message_is_counted_and_told_with_the_next_frame():
    session = make_session()
    session.take(JPEG, at(0))
    for message in (JPEG[:-5], b"junk", JPEG[:-9]):
        with pytest.raises(JpegError):
            session.take(message, at(1))
    frame = session.take(JPEG, at(2))
    assert (frame.seq, frame.skipped) == (4, {"truncated": 2, "junk": 1})
    assert session.take(JPEG, at(3)).skipped == {}
    assert session.ledger.dropped == {"truncated": 2, "junk": 1}


def test_frame_carries_the_interval_that_it_makes_known():
    session = make_session()
    assert session.take(JPEG, at(0)).interval_ns == 0
    assert session.take(JPEG, at(40)).interval_ns == 40 * NS_PER_MS


def test_picture_beyond_the_settings_is_dropped():
    with pytest.raises(JpegError, match="oversize"):
        make_session(Limits(side_px=100)).take(JPEG, at(0))
    with pytest.raises(AccessUnitError, match="oversize"):
        make_session(Limits(side_px=100)).take(SETS + CODE + IDR, at(0))


def test_newcomer_gets_the_newest_frame_again():
    session = make_session()
    assert session.repeats_for_newcomer(at(0).mono_ns) == ()
    session.take(JPEG, at(0))
    newest = session.take(make_jpeg(number=2), at(5000))
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


def test_h264_is_published_as_it_is_with_contiguous_numbers():
    session = make_session()
    with pytest.raises(AccessUnitError):
        session.take(CODE + SLICE, at(0))
    frames = [session.take(message, at(40)) for message in (SETS + CODE + IDR, CODE + SLICE, CODE + SLICE)]
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
    assert session.take(SETS, at(0)) is None
    assert session.ledger.frames == 0
    frame = session.take(CODE + IDR, at(40))
    assert (frame.seq, frame.skipped, frame.payload) == (0, {}, SETS + CODE + IDR)


def test_h264_of_a_new_size_is_a_newer_epoch_that_counts_anew():
    session = make_session()
    first = session.take(SETS + CODE + IDR, at(0))
    session.take(CODE + SLICE, at(40))
    second = session.take(SETS_QVGA + CODE + IDR, at(80))
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
