"""What one camera's stream does: which frame is encoded as what, and which messages come of it. No codec involved."""

import pytest

from common import fmp4
from common.frame import Frame
from common.h264 import AccessUnit, parse_access_unit
from common.units import NS_PER_MS, NS_PER_S, to_90k
from services.transcode.jobs import Encoded, Failed, Job
from services.transcode.ledger import CameraLedger
from services.transcode.rendition import Rendition, RenditionOptions
from tests.helpers.annex_b import IDR, PPS, SLICE, SPS_QVGA, SPS_VGA

HOST = "0f1e2d3c4b5a"
H264, MP4 = "h264/porch/main", "mp4/porch/main"
MEDIA = 1_795_000_000 * NS_PER_S
START = 500 * NS_PER_S
WALL = 1_795_000_000 * NS_PER_S


class Bench:
    """A rendition with a camera before it and an encoder beside it; `now_ns` is moved by hand."""

    def __init__(
        self, *topics: str, max_fps: float = 60.0, gop_s: float = 4.0, interval_ns: int = 40 * NS_PER_MS
    ) -> None:
        self.rendition = Rendition("porch", 7, RenditionOptions(round(gop_s * NS_PER_S), max_fps, HOST))
        self.now_ns = START
        self.interval_ns = interval_ns
        self.seq = -1
        self.sps = SPS_VGA
        self.published: list[tuple[str, Frame]] = []
        self.jobs: list[Job] = []
        self.rendition.want(frozenset(topics or (H264,)), self.now_ns)

    def frame(self, **changes: object) -> Frame:
        self.seq += 1
        fields = {
            "seq": self.seq,
            "source": 11,
            "media_time_ns": MEDIA + self.now_ns - START,
            "captured_at_ns": WALL,
            "width": 640,
            "height": 480,
            "host": HOST,
            "hops": {"ingest_in": self.now_ns},
            "key": True,
            "interval_ns": self.interval_ns,
            "payload": b"jpeg",
        }
        return Frame(**{**fields, **changes})

    def offer(self, **changes: object) -> Frame:
        frame = self.frame(**changes)
        self.rendition.offer(frame, self.now_ns)
        return frame

    def begin(self) -> Job | None:
        job = self.rendition.next_job(self.now_ns)
        if job is not None:
            self.jobs.append(job)
        return job

    def end(self, job: Job, outcome: object = None) -> list[tuple[str, Frame]]:
        outcome = outcome or self.encode(job)
        messages = self.rendition.finish(job, outcome, self.now_ns, WALL + self.now_ns)
        self.published += messages
        return messages

    def encode(self, job: Job) -> Encoded:
        nals = (self.sps, PPS, IDR) if job.idr else (SLICE,)
        return Encoded(AccessUnit(nals), 640, 480, "libx264", 1)

    def step(self, **changes: object) -> list[tuple[str, Frame]]:
        """A frame comes and is encoded at once, then time passes."""
        self.offer(**changes)
        job = self.begin()
        messages = self.end(job) if job is not None else []
        self.now_ns += self.interval_ns
        return messages

    def frames(self, topic: str = H264) -> list[Frame]:
        return [frame for where, frame in self.published if where == topic]


def test_each_frame_becomes_one_message_at_once_and_the_first_is_a_keyframe():
    bench = Bench()
    for _ in range(5):
        assert len(bench.step()) == 1
    frames = bench.frames()
    assert [frame.key for frame in frames] == [True, False, False, False, False]
    assert [frame.out_seq for frame in frames] == [0, 1, 2, 3, 4]
    assert [frame.seq for frame in frames] == [0, 1, 2, 3, 4]
    assert {frame.epoch for frame in frames} == {(7, WALL + START)}
    assert frames[0].codec == "avc1.42C01E"
    assert frames[1].codec == ""
    assert parse_access_unit(frames[0].payload).is_key


def test_source_identity_times_and_stamps_travel_on():
    bench = Bench()
    source = bench.offer(skipped={"truncated": 1}, captured_at_ns=123)
    job = bench.begin()
    bench.now_ns += 3 * NS_PER_MS
    [(_, frame)] = bench.end(job)
    assert (frame.seq, frame.source, frame.media_time_ns) == (source.seq, source.source, source.media_time_ns)
    assert (frame.captured_at_ns, frame.host, frame.interval_ns) == (123, HOST, source.interval_ns)
    assert frame.hops == {"ingest_in": START, "transcode_in": START, "transcode_out": START + 3 * NS_PER_MS}
    assert frame.skipped == {"truncated": 1}


@pytest.mark.parametrize("interval_ms", [2000, 200, 33])
def test_times_follow_the_media_time_at_any_rate(interval_ms):
    bench = Bench(H264, MP4, interval_ns=interval_ms * NS_PER_MS)
    for _ in range(20):
        bench.step()
    for job, frame in zip(bench.jobs, bench.frames(MP4), strict=True):
        assert job.time_90k == to_90k(frame.media_time_ns)
        assert int.from_bytes(frame.payload[frame.tfdt_offset : frame.tfdt_offset + 8], "big") == job.time_90k


def test_nothing_is_encoded_while_nobody_wants_it():
    bench = Bench()
    bench.rendition.want(frozenset(), bench.now_ns)
    bench.offer()
    assert bench.begin() is None


def test_one_frame_is_encoded_at_a_time_and_the_newest_waits():
    bench = Bench()
    bench.offer()
    first = bench.begin()
    for _ in range(3):
        bench.offer()
        assert bench.begin() is None
    # What came while it was encoded is missing after it, not before it.
    assert bench.end(first)[0][1].skipped == {}
    second = bench.begin()
    assert second.arrived.frame.seq == 3
    [(_, frame)] = bench.end(second)
    assert frame.skipped == {"overload": 2}
    assert frame.out_seq == 1


@pytest.mark.parametrize("cause", ["corrupt", "encoder", "crash"])
def test_frame_that_gives_nothing_is_told_with_the_next_one(cause):
    bench = Bench()
    bench.step()
    bench.offer()
    assert bench.end(bench.begin(), Failed(cause, "why")) == []
    [(_, frame)] = bench.step()
    assert frame.skipped == {cause: 1}
    assert frame.out_seq == 1
    assert bench.rendition.dropped.snapshot() == {cause: 1}


def test_keyframe_that_failed_is_made_of_the_next_frame():
    bench = Bench()
    bench.offer()
    bench.end(bench.begin(), Failed("corrupt", "why"))
    [(_, frame)] = bench.step()
    assert frame.key


def test_frame_that_is_too_old_is_dropped_as_stale():
    bench = Bench()
    bench.step()
    bench.offer(hops={"ingest_in": bench.now_ns - 1_001 * NS_PER_MS})
    assert bench.begin() is None
    [(_, frame)] = bench.step()
    assert frame.skipped == {"stale": 1}


@pytest.mark.parametrize("changes", [{"host": "another host"}, {"repeat": True}, {"hops": {}}])
def test_age_is_not_judged_where_it_says_nothing(changes):
    bench = Bench()
    bench.offer(**{"hops": {"ingest_in": bench.now_ns - 9 * NS_PER_S}, **changes})
    assert bench.begin() is not None


def test_request_makes_that_very_frame_a_keyframe():
    bench = Bench()
    for _ in range(10):
        bench.step()
    bench.rendition.request_keyframe("join", bench.now_ns)
    [(_, frame)] = bench.step()
    assert (frame.seq, frame.key) == (10, True)
    assert not bench.step()[0][1].key


def test_request_within_the_limit_is_met_when_it_is_over():
    bench = Bench()
    bench.step()
    bench.rendition.request_keyframe("join", bench.now_ns)
    keys = [bench.step()[0][1].key for _ in range(10)]
    assert keys.index(True) == 6  # 40 ms a frame: at 280 ms, the first one beyond 250 ms
    assert sum(keys) == 1


def test_group_ends_after_its_seconds_at_any_rate():
    bench = Bench(gop_s=4.0, interval_ns=2 * NS_PER_S)
    assert [bench.step()[0][1].key for _ in range(6)] == [True, False, True, False, True, False]


def test_newcomer_at_a_slow_camera_gets_the_newest_picture_again_as_a_keyframe():
    bench = Bench(interval_ns=5 * NS_PER_S)
    bench.step()
    [(_, second)] = bench.step()
    bench.now_ns -= 3 * NS_PER_S
    bench.rendition.request_keyframe("join", bench.now_ns)
    assert bench.rendition.wakes_at_ns(bench.now_ns) == bench.now_ns
    job = bench.begin()
    [(_, again)] = bench.end(job)
    assert again.key
    assert (again.seq, again.out_seq) == (second.seq, second.out_seq + 1)
    assert to_90k(again.media_time_ns) == to_90k(second.media_time_ns) + 1
    assert again.skipped == {}
    # A reader that has this frame must not leave it out: what follows refers to it.
    assert not again.repeat
    assert bench.rendition.wakes_at_ns(bench.now_ns) is None
    assert bench.begin() is None


def test_newcomer_at_a_fast_camera_waits_for_the_fresh_picture():
    bench = Bench()
    for _ in range(20):
        bench.step()
    bench.now_ns -= 10 * NS_PER_MS
    bench.rendition.request_keyframe("join", bench.now_ns)
    assert bench.begin() is None
    assert bench.rendition.wakes_at_ns(bench.now_ns) > bench.now_ns
    bench.now_ns += 10 * NS_PER_MS
    assert bench.step()[0][1].key


def test_repeat_of_a_frame_that_went_out_is_not_encoded_again_unless_somebody_waits():
    bench = Bench()
    bench.step()
    bench.seq -= 1
    bench.offer(repeat=True)
    assert bench.begin() is None


def test_corrupt_frame_is_never_the_one_that_is_repeated():
    bench = Bench(interval_ns=5 * NS_PER_S)
    [(_, good)] = bench.step()
    bench.offer()
    bench.end(bench.begin(), Failed("corrupt", "why"))
    bench.now_ns += NS_PER_S
    bench.rendition.request_keyframe("join", bench.now_ns)
    [(_, again)] = bench.end(bench.begin())
    assert again.seq == good.seq


def test_fragments_are_made_only_while_they_are_wanted():
    bench = Bench(H264)
    for _ in range(3):
        bench.step()
    assert bench.frames(MP4) == []
    bench.rendition.want(frozenset((H264, MP4)), bench.now_ns)
    for _ in range(8):
        bench.step()
    fragments = bench.frames(MP4)
    assert fragments[0].key
    assert [frame.out_seq for frame in fragments] == list(range(len(fragments)))
    assert fragments[0].init == fmp4.init_segment(AccessUnit((SPS_VGA, PPS, IDR)))
    assert fragments[1].init == b""
    bench.rendition.want(frozenset((H264,)), bench.now_ns)
    bench.step()
    assert bench.frames(MP4) == fragments


def test_access_units_are_not_published_when_only_fragments_are_wanted():
    bench = Bench(MP4)
    bench.step()
    assert bench.frames(H264) == []
    assert len(bench.frames(MP4)) == 1


def test_those_who_come_back_go_on_in_the_epoch_with_a_keyframe():
    bench = Bench()
    for _ in range(12):
        bench.step()
    bench.rendition.want(frozenset(), bench.now_ns)
    bench.now_ns += NS_PER_S
    bench.rendition.want(frozenset((H264,)), bench.now_ns)
    bench.seq += 25
    [(_, frame)] = bench.step()
    assert frame.key
    assert frame.out_seq == 12
    assert frame.epoch == bench.frames()[0].epoch
    assert frame.skipped == {}


def test_picture_of_before_is_not_shown_to_those_who_come_back():
    bench = Bench()
    bench.step()
    bench.rendition.want(frozenset(), bench.now_ns)
    bench.now_ns += 4 * NS_PER_S
    bench.rendition.want(frozenset((H264,)), bench.now_ns)
    assert bench.begin() is None


def test_outcome_that_nobody_wants_any_more_is_not_published():
    bench = Bench()
    bench.offer()
    job = bench.begin()
    bench.rendition.want(frozenset(), bench.now_ns)
    assert bench.end(job) == []


def test_change_of_size_begins_a_new_epoch():
    bench = Bench(H264, MP4)
    bench.step()
    bench.step()
    bench.sps = SPS_QVGA
    bench.offer()
    job = bench.begin()
    opened = Encoded(AccessUnit((SPS_QVGA, PPS, IDR)), 320, 240, "libx264", 1)
    messages = dict(bench.end(job, opened))
    before = bench.frames()[0]
    for frame in messages.values():
        assert frame.epoch > before.epoch
        assert (frame.out_seq, frame.key, frame.width, frame.height) == (0, True, 320, 240)
    assert messages[MP4].init != bench.frames(MP4)[0].init


def test_encoder_opened_anew_for_the_same_stream_stays_in_the_epoch():
    bench = Bench()
    bench.step()
    bench.offer()
    job = bench.begin()
    [(_, frame)] = bench.end(job, Encoded(AccessUnit((SPS_VGA, PPS, IDR)), 640, 480, "libx264", 1))
    assert frame.out_seq == 1
    assert frame.epoch == bench.frames()[0].epoch


def test_newer_term_begins_a_new_epoch_with_a_keyframe():
    bench = Bench()
    bench.step()
    bench.rendition.follow_term(9)
    [(_, frame)] = bench.step()
    assert (frame.term, frame.key, frame.out_seq) == (9, True, 0)
    assert [bench.step()[0][1].out_seq for _ in range(3)] == [1, 2, 3]


def test_picture_on_its_way_when_the_term_changed_still_belongs_to_the_old_one():
    bench = Bench()
    bench.step()
    bench.offer()
    job = bench.begin()
    bench.rendition.follow_term(9)
    [(_, frame)] = bench.end(job)
    assert (frame.term, frame.out_seq) == (7, 1)
    assert bench.step()[0][1].term == 9


def test_large_step_back_of_media_time_begins_a_new_epoch():
    bench = Bench()
    bench.step()
    [(_, frame)] = bench.step(media_time_ns=MEDIA - 3600 * NS_PER_S, source=12)
    assert (frame.key, frame.out_seq) == (True, 0)
    assert frame.media_time_ns == MEDIA - 3600 * NS_PER_S
    assert frame.epoch > bench.frames()[0].epoch


def test_new_epoch_survives_a_failure_of_its_first_frame():
    bench = Bench()
    bench.step()
    bench.offer(media_time_ns=MEDIA - 3600 * NS_PER_S, source=12)
    bench.end(bench.begin(), Failed("corrupt", "why"))
    [(_, frame)] = bench.step(media_time_ns=MEDIA - 3599 * NS_PER_S, source=12)
    assert (frame.key, frame.out_seq) == (True, 0)


def test_epochs_rise_although_the_wall_clock_steps_back():
    bench = Bench()
    bench.step()
    first = bench.frames()[0]
    bench.rendition.follow_term(7)
    bench.sps = SPS_QVGA
    bench.offer()
    job = bench.begin()
    opened = Encoded(AccessUnit((SPS_QVGA, PPS, IDR)), 320, 240, "libx264", 1)
    [(_, frame)] = bench.rendition.finish(job, opened, bench.now_ns, 1)
    assert frame.epoch > first.epoch


def test_encoder_that_gives_no_keyframe_where_it_must_is_asked_again():
    bench = Bench()
    bench.offer()
    job = bench.begin()
    assert bench.end(job, Encoded(AccessUnit((SLICE,)), 640, 480, "h264_x", 1)) == []
    bench.offer()
    again = bench.begin()
    assert again.idr
    assert bench.end(again)[0][1].out_seq == 0


def test_frames_beyond_the_limit_are_skipped_and_said():
    bench = Bench(max_fps=12.5)
    frames = [messages[0][1] for messages in (bench.step() for _ in range(11)) if messages]
    assert [frame.seq for frame in frames] == [0, 2, 4, 6, 8, 10]
    assert [frame.skipped for frame in frames] == [{}, *[{"max_fps": 1}] * 5]
    assert {frame.interval_ns for frame in frames} == {80 * NS_PER_MS}


def test_loss_on_the_bus_is_counted_by_that_name():
    bench = Bench()
    bench.step()
    bench.seq += 2
    [(_, frame)] = bench.step()
    assert frame.skipped == {"bus": 2}


def test_frame_of_the_other_connection_after_a_take_over_is_ignored():
    bench = Bench()
    bench.step()
    bench.step(source=12, seq=0)
    assert bench.step(source=11, seq=40) == []


def test_flags_of_late_and_replayed_frames_travel_on():
    bench = Bench()
    bench.offer(late=True, replay=True)
    [(_, frame)] = bench.end(bench.begin())
    assert frame.late
    assert frame.replay


def test_repeat_flag_is_for_jpegs_only():
    bench = Bench()
    [(_, frame)] = bench.step(repeat=True, skipped={"truncated": 3})
    assert not frame.repeat
    # What was missing before it was missing before it was sent first.
    assert frame.skipped == {}


def test_newest_frame_of_a_burst_waits_for_its_turn():
    bench = Bench(max_fps=10)
    bench.step()
    for _ in range(3):
        bench.offer()
        assert bench.begin() is None
    ready_ns = bench.rendition.wakes_at_ns(bench.now_ns)
    assert bench.now_ns < ready_ns <= bench.now_ns + 100 * NS_PER_MS
    bench.now_ns = ready_ns
    [(_, frame)] = bench.end(bench.begin())
    assert (frame.seq, dict(frame.skipped)) == (3, {"max_fps": 2})


def test_frame_that_waits_ten_seconds_by_wish_is_not_stale():
    bench = Bench(max_fps=0.1)
    bench.step()
    bench.offer()
    bench.now_ns += 9 * NS_PER_S
    assert bench.begin() is not None


def test_frames_that_come_all_at_once_because_the_worker_was_late_are_overload():
    bench = Bench()
    for _ in range(4):
        bench.offer()
    [(_, frame)] = bench.end(bench.begin())
    assert (frame.seq, dict(frame.skipped)) == (3, {"overload": 3})


def test_first_picture_is_a_millisecond_later_when_it_was_sent_before():
    bench = Bench()
    first = bench.offer(repeat=True)
    bench.end(bench.begin())
    bench.now_ns += bench.interval_ns
    second = bench.offer()
    bench.end(bench.begin())
    times = [frame.media_time_ns for frame in bench.frames()]
    # Whoever encoded it before did so at its own time, perhaps again some ticks later; no time goes back.
    assert 0 <= times[0] - (first.media_time_ns + NS_PER_MS) < 2 * NS_PER_S // 90_000
    assert times[1] == second.media_time_ns


def test_frame_that_is_encoded_again_for_a_newcomer_is_counted_once():
    ledger = CameraLedger()
    bench = Bench(interval_ns=5 * NS_PER_S)
    bench.rendition = Rendition("porch", 7, RenditionOptions(4 * NS_PER_S, 60.0, HOST), ledger)
    bench.rendition.want(frozenset((H264,)), bench.now_ns)
    bench.offer()
    bench.end(bench.begin())
    bench.now_ns += NS_PER_S
    bench.rendition.request_keyframe("join", bench.now_ns)
    job = bench.begin()
    assert job.again
    assert bench.rendition.held() == 0
    bench.end(job)
    assert len(bench.frames()) == 2
    assert (ledger.record(0)["in"], ledger.record(0)["out"]) == (1, 1)


def test_limited_camera_gives_every_second_frame_evenly_and_says_so():
    bench = Bench()
    bench.step()
    bench.rendition.limit(2)
    frames = [messages[0][1] for messages in (bench.step() for _ in range(10)) if messages]
    assert [frame.seq for frame in frames] == [2, 4, 6, 8, 10]
    assert [frame.skipped for frame in frames] == [{"overload": 1}] * 5
    assert {frame.interval_ns for frame in frames} == {80 * NS_PER_MS}
    assert {job.interval_ns for job in bench.jobs[1:]} == {80 * NS_PER_MS}
    assert (bench.rendition.asked, bench.rendition.short, bench.rendition.left_out) == (6, 0, 5)
    assert bench.rendition.dropped.snapshot() == {"overload": 5}


def test_camera_whose_limit_ends_gives_every_frame_again():
    bench = Bench()
    bench.rendition.limit(4)
    for _ in range(5):
        bench.step()
    bench.rendition.limit(1)
    frames = [bench.step()[0][1] for _ in range(3)]
    assert [frame.seq for frame in frames] == [5, 6, 7]
    assert [frame.skipped for frame in frames] == [{}] * 3


def test_limit_counts_on_top_of_what_the_settings_allow():
    bench = Bench(max_fps=12.5)
    bench.step()
    bench.rendition.limit(2)
    frames = [messages[0][1] for messages in (bench.step() for _ in range(16)) if messages]
    assert [frame.seq for frame in frames] == [4, 8, 12, 16]
    assert {frame.interval_ns for frame in frames} == {160 * NS_PER_MS}
    assert bench.rendition.interval_ns == 80 * NS_PER_MS


def test_newcomer_at_a_limited_camera_gets_the_very_next_frame():
    bench = Bench()
    bench.rendition.limit(25)
    for _ in range(12):
        bench.step()
    assert [frame.seq for frame in bench.frames()] == [0]
    bench.rendition.request_keyframe("join", bench.now_ns)
    [(_, frame)] = bench.step()
    assert (frame.seq, frame.key, frame.skipped) == (12, True, {"overload": 11})


def test_frame_beyond_the_limit_renews_the_one_that_waits_and_is_no_shortage():
    bench = Bench()
    bench.rendition.limit(4)
    bench.step()
    for _ in range(3):
        bench.offer()
    bench.offer()
    job = bench.begin()
    for _ in range(5):  # the fourth of them takes a turn that nobody is free for, the fifth its place
        bench.offer()
    [(_, first)] = bench.end(job)
    [(_, second)] = bench.end(bench.begin())
    assert (first.seq, first.skipped) == (4, {"overload": 3})
    assert (second.seq, second.skipped) == (9, {"overload": 4})
    assert bench.rendition.short == 0


def test_shortage_is_what_gives_way_while_no_encoder_is_free():
    bench = Bench()
    bench.offer()
    job = bench.begin()
    for _ in range(3):
        bench.offer()
    assert (bench.rendition.asked, bench.rendition.short) == (4, 2)
    bench.end(job)


def test_first_frame_of_another_connection_is_taken_whatever_the_limit():
    bench = Bench()
    bench.rendition.limit(4)
    bench.step()
    [(_, frame)] = bench.step(source=12, seq=2)
    assert frame.seq == 2


def test_what_is_owed_is_not_said_with_a_picture_that_was_there_before():
    bench = Bench()
    bench.step()
    bench.rendition.limit(40)
    for _ in range(3):
        bench.step()
    bench.now_ns += NS_PER_S
    bench.rendition.request_keyframe("join", bench.now_ns)
    [(_, again)] = bench.end(bench.begin())
    assert (again.seq, again.skipped) == (0, {})
    bench.now_ns += NS_PER_S
    bench.rendition.limit(1)
    [(_, frame)] = bench.step()
    assert (frame.seq, frame.skipped) == (4, {"overload": 3})
