import struct

import pytest

from common.counters import Counters
from services.fanout.asking import JOIN, LATE, LOSS, LateLimit
from services.fanout.framing import read_tfdt
from services.fanout.stream import Stream
from tests.helpers.fanout import (
    FRAME_NS,
    MS,
    START_NS,
    TFDT_OFFSET,
    make_frame,
    make_http_viewer,
    make_ledger,
    make_viewer,
    numbers,
    texts,
)


def at(number):
    return START_NS + number * FRAME_NS


class Camera:
    """A stream, and the frames that are published on it."""

    def __init__(self, format_="h264"):
        self.format = format_
        self.counters = Counters()
        self.wants = []
        self.account = make_ledger().open("porch", format_)
        self.stream = Stream(
            "porch", format_, LateLimit(), self.counters, self.account, lambda s: self.wants.append(s.asker.reason)
        )

    def publish(self, *frames, **changes):
        for number in frames:
            self.stream.publish(make_frame(number, self.format, **changes), at(number))

    def keyframe(self, number, **changes):
        self.publish(number, key=True, **changes)

    def watch(self, number=0, **how):
        viewer, wire = make_viewer(self.format, **how)
        self.stream.join(viewer, at(number))
        return viewer, wire

    def watch_over_http(self, number=0, **how):
        viewer, wire = make_http_viewer(self.format, **how)
        self.stream.join(viewer, at(number))
        return viewer, wire


def told(wire, kind):
    return [text for text in texts(wire) if text["type"] == kind]


# Joining


def test_newcomer_waits_for_a_keyframe_and_asks_for_one():
    camera = Camera()
    _, wire = camera.watch()
    camera.publish(0, 1)
    assert wire.sent == []
    assert camera.stream.asker.reason == JOIN
    camera.keyframe(2)
    camera.publish(3)
    assert numbers(wire.all) == [2, 3]
    assert camera.stream.asker.reason == ""


def test_newcomer_within_300_ms_of_a_keyframe_starts_there():
    camera = Camera()
    camera.watch()
    camera.keyframe(0)
    camera.publish(*range(1, 7))
    viewer, wire = camera.watch(7)
    assert numbers(wire.all) == [0, 1, 2, 3, 4, 5, 6]
    assert viewer.live
    camera.publish(7)
    assert numbers(wire.all)[-1] == 7
    assert camera.stream.asker.reason == ""


def test_newcomer_after_300_ms_waits_for_the_next_keyframe():
    camera = Camera()
    camera.watch()
    camera.keyframe(0)
    camera.publish(*range(1, 8))
    _, wire = camera.watch(8)
    assert wire.sent == []
    assert camera.stream.asker.reason == JOIN


def test_keyframe_is_preceded_by_stream_once_an_epoch():
    camera = Camera()
    _, wire = camera.watch()
    camera.keyframe(0)
    camera.publish(1)
    camera.keyframe(2)
    camera.keyframe(3, out_seq=0, encoder_start_ns=9, width=800)
    assert told(wire, "stream") == [
        {"type": "stream", "codec": "avc1.42C01F", "width": 640, "height": 480, "epoch": "1.5"},
        {"type": "stream", "codec": "avc1.42C01F", "width": 800, "height": 480, "epoch": "1.9"},
    ]
    assert numbers(wire.all) == [0, 1, 2, 3]


def test_mp4_viewer_gets_the_init_segment_first_and_again_only_when_it_changes():
    camera = Camera("mp4")
    _, wire = camera.watch()
    camera.keyframe(0)
    camera.keyframe(1)
    camera.keyframe(2, out_seq=0, encoder_start_ns=6)
    assert wire.all.count(b"init-1") == 1
    assert len(told(wire, "stream")) == 1
    camera.keyframe(3, out_seq=0, encoder_start_ns=7, init=b"init-2")
    assert len(told(wire, "stream")) == 2
    assert wire.all.index(b'"epoch":"1.7"') < wire.all.index(b"init-2") < wire.all.index(b"mp4 3 ")


def test_late_joiner_through_the_cache_is_told_the_init_segment_too():
    camera = Camera("mp4")
    camera.watch()
    camera.keyframe(0)
    camera.publish(1)
    _, wire = camera.watch(2)
    assert (
        wire.all.index(b'"stream"') < wire.all.index(b"init-1") < wire.all.index(b"mp4 0 ") < wire.all.index(b"mp4 1")
    )


def test_meta_announces_every_binary_message():
    camera = Camera("mp4")
    _, wire = camera.watch(meta=True)
    camera.keyframe(0)
    camera.publish(1)
    frames = told(wire, "frame")
    assert [frame["key"] for frame in frames] == [True, True, False]
    assert frames[2] == {"type": "frame", "seq": 1, "media_time_ns": at(1), "key": False}


# One path for all


def test_all_viewers_of_a_form_get_the_very_same_bytes():
    camera = Camera()
    wires = [camera.watch()[1] for _ in range(3)]
    camera.keyframe(0)
    camera.publish(1)
    assert wires[0].sent[-1] is wires[1].sent[-1] is wires[2].sent[-1]


def test_blocked_viewer_shares_the_bytes_when_it_gets_them():
    camera = Camera()
    fast, slow = camera.watch(), camera.watch()
    camera.keyframe(0)
    slow[0].blocked()
    camera.publish(1)
    assert numbers(slow[1].all) == [0]
    slow[0].resumed(at(1))
    assert slow[1].sent[-1] is fast[1].sent[-1]


# Slow viewers


def test_slow_viewer_skips_to_the_next_keyframe_and_is_told_while_the_other_misses_nothing():
    camera = Camera()
    _, fast = camera.watch()
    slow, wire = camera.watch()
    camera.keyframe(0)
    slow.blocked()
    camera.publish(*range(1, 16))
    assert not slow.live
    slow.resumed(at(15) + MS)
    assert camera.stream.asker.reason == LATE
    camera.publish(16)
    camera.keyframe(17)
    camera.publish(18)
    assert numbers(wire.all) == [0, 17, 18]
    assert told(wire, "dropped") == [{"type": "dropped", "frames": 16, "reason": "late"}]
    assert wire.all.index(b"dropped") < wire.all.index(b"h264 17 ")
    assert slow.dropped == 16
    assert numbers(fast.all) == list(range(19))
    assert told(fast, "dropped") == []


def test_keyframe_is_not_asked_for_while_the_viewer_takes_nothing():
    camera = Camera()
    slow, _ = camera.watch()
    camera.keyframe(0)
    slow.blocked()
    camera.publish(*range(1, 60))
    assert camera.stream.asker.reason == ""


def test_waiting_messages_that_grew_old_are_dropped_when_the_connection_resumes():
    camera = Camera()
    slow, wire = camera.watch()
    camera.keyframe(0)
    slow.blocked()
    camera.publish(1)
    slow.resumed(at(1) + 501 * MS)
    assert numbers(wire.all) == [0]
    assert slow.dropped == 1
    assert camera.stream.asker.reason == LATE


def test_slow_viewer_goes_on_at_a_keyframe_that_waits_for_it():
    camera = Camera()
    slow, wire = camera.watch()
    camera.keyframe(0)
    slow.blocked()
    camera.publish(*range(1, 10))
    camera.keyframe(10)
    camera.publish(*range(11, 15))
    slow.resumed(at(14))
    assert numbers(wire.all) == [0, 10, 11, 12, 13, 14]
    assert told(wire, "dropped") == [{"type": "dropped", "frames": 9, "reason": "late"}]


def test_viewer_that_blocks_in_mid_flush_keeps_the_rest():
    camera = Camera()
    slow, wire = camera.watch()
    camera.keyframe(0)
    slow.blocked()
    camera.publish(1, 2, 3)
    wire.on_write = slow.blocked
    slow.resumed(at(3))
    assert numbers(wire.all) == [0, 1]
    slow.resumed(at(3))
    slow.resumed(at(3))
    assert numbers(wire.all) == [0, 1, 2, 3]


def test_epoch_that_came_while_blocked_is_told_before_its_keyframe():
    camera = Camera()
    slow, wire = camera.watch()
    camera.keyframe(0)
    slow.blocked()
    camera.keyframe(1, out_seq=0, encoder_start_ns=9)
    camera.publish(2, out_seq=1, encoder_start_ns=9)
    slow.resumed(at(2))
    assert [text["epoch"] for text in told(wire, "stream")] == ["1.5", "1.9"]
    assert numbers(wire.all) == [0, 1, 2]


# Holes and epochs


def test_hole_stops_viewers_until_the_next_keyframe_and_is_counted_as_bus():
    camera = Camera()
    viewer, wire = camera.watch()
    camera.keyframe(0)
    camera.publish(1, 4, 5)
    assert numbers(wire.all) == [0, 1]
    assert camera.stream.asker.reason == LOSS
    camera.keyframe(6)
    assert numbers(wire.all) == [0, 1, 6]
    assert told(wire, "dropped") == [{"type": "dropped", "frames": 4, "reason": "loss"}]
    assert camera.counters.get("dropped_bus") == camera.account.record()["bus"] == 2
    assert viewer.dropped == 4


def test_newcomer_does_not_start_in_a_broken_chain():
    camera = Camera()
    camera.watch()
    camera.keyframe(0)
    camera.publish(2)
    _, wire = camera.watch(3)
    assert wire.sent == []


def test_older_epoch_is_not_delivered():
    camera = Camera()
    _, wire = camera.watch()
    camera.keyframe(0, term=2)
    camera.publish(1, term=1)
    camera.keyframe(2, term=1)
    camera.publish(3, term=2, out_seq=1)
    assert numbers(wire.all) == [0, 3]
    assert camera.counters.get("dropped_epoch") == 2


def test_new_epoch_goes_on_without_a_loss_when_it_begins_with_a_keyframe():
    camera = Camera()
    viewer, wire = camera.watch()
    camera.keyframe(0)
    camera.keyframe(1, term=2, out_seq=0)
    camera.publish(2, term=2, out_seq=1)
    assert numbers(wire.all) == [0, 1, 2]
    assert viewer.dropped == 0


def test_overdue_messages_end_here_and_the_stream_goes_on_at_a_keyframe():
    camera = Camera()
    viewer, wire = camera.watch()
    camera.keyframe(0)
    for number in range(1, 4):
        camera.stream.publish(make_frame(number, key=number == 2), at(number), overdue=True)
    assert numbers(wire.all) == [0]
    assert camera.stream.asker.reason == LATE
    camera.publish(4)
    camera.keyframe(5)
    assert numbers(wire.all) == [0, 5]
    assert told(wire, "dropped") == [{"type": "dropped", "frames": 4, "reason": "late"}]
    assert (viewer.dropped, camera.counters.get("dropped_overdue"), camera.account.record()["bus"]) == (4, 3, 0)


def test_overdue_jpeg_is_not_shown():
    camera = Camera("jpeg")
    _, wire = camera.watch()
    camera.stream.publish(make_frame(0, "jpeg"), at(0), overdue=True)
    camera.publish(1)
    assert numbers(wire.all, "jpeg") == [1]


# JPEG


def test_jpeg_viewer_has_never_more_than_the_newest_waiting():
    camera = Camera("jpeg")
    viewer, wire = camera.watch()
    camera.publish(0)
    viewer.blocked()
    camera.publish(1, 2, 3)
    viewer.resumed(at(60))
    camera.publish(61)
    assert numbers(wire.all, "jpeg") == [0, 3, 61]
    assert told(wire, "dropped") == [{"type": "dropped", "frames": 2, "reason": "late"}]


def test_repeat_goes_to_those_alone_who_have_nothing():
    camera = Camera("jpeg")
    _, old = camera.watch()
    camera.publish(0)
    _, new = camera.watch(60)
    assert camera.stream.asker.reason == JOIN
    camera.publish(0, repeat=True)
    assert numbers(old.all, "jpeg") == [0]
    assert numbers(new.all, "jpeg") == [0]
    assert camera.stream.asker.reason == ""


def test_repeat_goes_to_all_when_nobody_has_it():
    camera = Camera("jpeg")
    _, wire = camera.watch()
    camera.publish(5, repeat=True)
    assert numbers(wire.all, "jpeg") == [5]


def test_repeated_keyframe_of_an_encoder_goes_to_all_because_what_follows_refers_to_it():
    camera = Camera()
    _, wire = camera.watch()
    camera.keyframe(0)
    camera.keyframe(0, repeat=True, out_seq=1)
    assert numbers(wire.all) == [0, 0]


def test_jpeg_viewer_is_told_no_stream():
    camera = Camera("jpeg")
    _, wire = camera.watch()
    camera.publish(0)
    assert texts(wire) == []


# HTTP


def test_mp4_over_http_starts_near_zero_for_each_viewer():
    camera = Camera("mp4")
    _, first = camera.watch_over_http()
    camera.keyframe(100)
    camera.publish(101)
    camera.keyframe(120, out_seq=102)
    _, second = camera.watch_over_http(121)
    camera.publish(121, out_seq=103)
    times = [
        [read_tfdt(fragment, TFDT_OFFSET) for fragment in wire.sent[0:1] + wire.sent[1:]]
        for wire in (_without_init(first), _without_init(second))
    ]
    assert times == [[0, 3600, 20 * 3600, 21 * 3600], [0, 3600]]


def test_mp4_over_http_ends_when_the_init_segment_changes():
    camera = Camera("mp4")
    _, wire = camera.watch_over_http()
    camera.keyframe(0)
    camera.publish(1)
    camera.keyframe(2, init=b"init-2")
    camera.publish(3)
    assert wire.ended == 1
    assert numbers(wire.all, "mp4") == [0, 1]


def test_h264_over_http_goes_on_when_the_epoch_changes():
    camera = Camera()
    _, wire = camera.watch_over_http()
    camera.keyframe(0)
    camera.keyframe(1, term=2, out_seq=0)
    assert numbers(wire.all) == [0, 1]
    assert wire.ended == 0


def test_chunked_and_bare_bodies_carry_the_same():
    camera = Camera()
    _, bare = camera.watch_over_http()
    _, chunked = camera.watch_over_http(chunked=True)
    camera.keyframe(0)
    size, _, rest = chunked.all.partition(b"\r\n")
    assert int(size, 16) == len(bare.all)
    assert rest == bare.all + b"\r\n"


def test_malformed_fragment_reaches_nobody():
    camera = Camera("mp4")
    _, over_websocket = camera.watch()
    _, over_http = camera.watch_over_http()
    with pytest.raises(ValueError, match="decode time"):
        camera.keyframe(0, tfdt_offset=10_000)
    camera.keyframe(0)
    assert numbers(over_websocket.all, "mp4") == numbers(over_http.all, "mp4") == [0]


def _without_init(wire):
    assert wire.sent[0].startswith(b"init-1")
    wire.sent[0] = wire.sent[0].removeprefix(b"init-1")
    assert struct.unpack_from("!Q", wire.sent[0], TFDT_OFFSET)
    return wire


# A camera that makes keyframes when it likes: its group is sent again


def in_the_middle(format_="h264"):
    """Return a camera 20 frames after its keyframe, with a live viewer, and what that one was sent."""
    camera = Camera(format_)
    _, wire = camera.watch()
    camera.keyframe(0)
    camera.publish(*range(1, 20))
    return camera, wire


def repeat(camera, first, last):
    for number in range(first, last + 1):
        camera.stream.publish(make_frame(number, camera.format, key=number == 0, repeat=True), at(20))


@pytest.mark.parametrize("format_", ["h264", "mp4"])
def test_newcomer_gets_the_group_that_is_sent_again_and_goes_on_live(format_):
    camera, live = in_the_middle(format_)
    _, wire = camera.watch(20)
    assert camera.stream.asker.reason == JOIN
    repeat(camera, 0, 19)
    assert camera.stream.asker.reason == ""
    camera.publish(20, 21)
    assert numbers(wire.all, format_) == list(range(22))
    assert numbers(live.all, format_) == list(range(22))
    assert camera.counters.snapshot() == {}


def test_newcomer_to_a_process_that_heard_no_keyframe_gets_the_group_that_is_sent_again():
    camera = Camera()
    _, wire = camera.watch()
    camera.publish(18, 19)
    repeat(camera, 0, 19)
    camera.publish(20)
    assert numbers(wire.all) == list(range(21))


def test_group_that_is_sent_again_goes_on_where_the_newest_frame_was_lost():
    camera, live = in_the_middle()
    _, wire = camera.watch(20)
    repeat(camera, 0, 20)
    camera.publish(21)
    assert numbers(wire.all) == numbers(live.all) == list(range(22))


def test_fresh_frame_amid_a_group_that_is_sent_again_is_neither_missed_nor_doubled():
    camera, live = in_the_middle()
    _, wire = camera.watch(20)
    repeat(camera, 0, 10)
    camera.publish(20)
    repeat(camera, 11, 19)
    assert wire.sent == []
    repeat(camera, 20, 20)
    camera.publish(21)
    assert numbers(wire.all) == numbers(live.all) == list(range(22))


def test_group_that_is_sent_again_with_a_hole_is_of_no_use():
    camera, _ = in_the_middle()
    _, wire = camera.watch(20)
    repeat(camera, 0, 8)
    repeat(camera, 10, 19)
    assert wire.sent == []
    assert camera.stream.asker.reason == JOIN
    repeat(camera, 0, 19)
    assert numbers(wire.all) == list(range(20))


def test_group_that_is_sent_again_is_bounded(monkeypatch):
    monkeypatch.setattr("services.fanout.stream.REPLAY_LIMIT_BYTES", 1900)
    camera, _ = in_the_middle()
    _, wire = camera.watch(20)
    repeat(camera, 0, 19)
    assert wire.sent == []


def test_group_that_is_sent_again_is_not_cut_by_the_bounds_of_a_viewers_box():
    camera, _ = in_the_middle()
    viewer, wire = camera.watch(20)
    wire.on_write = viewer.blocked
    repeat(camera, 0, 19)
    assert numbers(wire.all) == list(range(20))
    camera.publish(20)
    viewer.resumed(at(20))
    assert numbers(wire.all) == list(range(21))


def test_viewer_that_fell_behind_waits_for_a_fresh_keyframe():
    camera, _ = in_the_middle()
    viewer, wire = camera.watch(20)
    repeat(camera, 0, 19)
    viewer.miss(1, LATE)
    camera.stream.fell(viewer)
    repeat(camera, 0, 19)
    assert numbers(wire.all) == list(range(20))
    camera.keyframe(20)
    assert numbers(wire.all) == list(range(21))


def test_viewer_that_lost_something_on_the_bus_goes_on_with_the_group_that_is_sent_again():
    camera, wire = in_the_middle()
    camera.publish(22)
    assert camera.stream.asker.reason == LOSS
    repeat(camera, 0, 22)
    camera.publish(23)
    assert numbers(wire.all)[20:] == list(range(24))
    assert told(wire, "dropped") == [{"type": "dropped", "frames": 3, "reason": "loss"}]


def test_times_of_a_file_never_go_back():
    camera = Camera("mp4")
    _, wire = camera.watch_over_http()
    camera.keyframe(0)
    camera.publish(*range(1, 20), 22)
    _, newcomer = camera.watch_over_http(23)
    repeat(camera, 0, 22)
    assert numbers(wire.all, "mp4") == list(range(20))
    assert numbers(newcomer.all, "mp4") == list(range(23))
    camera.keyframe(23)
    assert numbers(wire.all, "mp4")[-1] == 23


def test_picture_encoded_again_for_a_newcomer_goes_to_everybody():
    camera, live = in_the_middle()
    _, wire = camera.watch(20)
    camera.keyframe(20, repeat=True)
    assert numbers(wire.all) == [20]
    assert numbers(live.all) == list(range(21))


# Viewers that say what they show


def test_viewer_that_shows_old_pictures_skips_to_a_fresh_keyframe_while_the_others_go_on():
    camera = Camera()
    behind, wire = camera.watch()
    _, other = camera.watch()
    camera.keyframe(0)
    camera.publish(*range(1, 40))
    behind.shows(at(20), at(39) + MS)
    assert camera.stream.asker.reason == LATE
    camera.publish(40, 41)
    camera.keyframe(42)
    camera.publish(43)
    assert numbers(wire.all) == [*range(40), 42, 43]
    assert told(wire, "dropped") == [{"type": "dropped", "frames": 2, "reason": "late"}]
    assert numbers(other.all) == list(range(44))
    assert told(other, "dropped") == []


def test_camera_that_makes_keyframes_when_it_likes_is_no_place_to_skip_for_less():
    camera = Camera()
    viewer, wire = camera.watch()
    camera.keyframe(0)
    camera.publish(*range(1, 40))
    viewer.shows(at(20), at(39) + MS)
    camera.publish(*range(40, 139))
    camera.keyframe(139)
    camera.publish(*range(140, 200))
    # It was without a picture for 100 frames; a skip must be worth that.
    viewer.shows(at(140), at(199) + MS)
    assert viewer.live
    viewer.shows(at(60), at(199) + MS)
    assert not viewer.live
    assert numbers(wire.all) == [*range(40), *range(139, 200)]


def test_viewer_that_shows_what_it_should_is_left_alone():
    camera = Camera()
    viewer, _ = camera.watch()
    camera.keyframe(0)
    camera.publish(*range(1, 40))
    viewer.shows(at(30), at(39) + MS)
    assert viewer.live
    assert camera.stream.asker.reason == ""


def test_busy_viewer_that_is_behind_gives_up_what_waits_and_asks_when_it_can_take_a_keyframe():
    camera = Camera()
    viewer, wire = camera.watch()
    camera.keyframe(0)
    camera.publish(*range(1, 30))
    viewer.blocked()
    camera.publish(30, 31)
    viewer.shows(at(2), at(31) + MS)
    assert camera.stream.asker.reason == ""
    viewer.resumed(at(31) + 2 * MS)
    assert camera.stream.asker.reason == LATE
    camera.publish(32)
    camera.keyframe(33)
    assert numbers(wire.all) == [*range(30), 33]
    assert told(wire, "dropped") == [{"type": "dropped", "frames": 3, "reason": "late"}]


def test_viewer_that_skips_waits_for_a_fresh_keyframe_not_for_one_that_is_sent_again():
    camera = Camera()
    viewer, wire = camera.watch()
    camera.keyframe(0)
    camera.publish(*range(1, 30))
    viewer.shows(at(2), at(29) + MS)
    camera.watch(29)
    camera.publish(0, key=True, repeat=True)
    camera.publish(*range(1, 30), repeat=True)
    assert numbers(wire.all) == list(range(30))
    assert not viewer.live


def test_viewer_that_skips_onto_the_next_message_is_told_though_it_lost_nothing():
    camera = Camera()
    viewer, wire = camera.watch()
    camera.keyframe(0)
    camera.publish(*range(1, 30))
    viewer.shows(at(2), at(29) + MS)
    camera.keyframe(30)
    camera.publish(31)
    assert numbers(wire.all) == list(range(32))
    assert told(wire, "dropped") == [{"type": "dropped", "frames": 0, "reason": "late"}]


def test_viewer_that_waits_for_a_keyframe_or_watches_jpegs_does_not_skip():
    video, pictures = Camera(), Camera("jpeg")
    waiting, _ = video.watch()
    video.publish(*range(30))
    waiting.shows(at(0), at(30))
    assert video.stream.asker.reason == JOIN
    viewer, _ = pictures.watch()
    pictures.publish(*range(30))
    viewer.shows(at(0), at(30))
    assert viewer.live
    assert pictures.stream.asker.reason == ""


def test_viewer_that_left_may_still_have_something_to_say():
    camera = Camera()
    viewer, _ = camera.watch()
    camera.keyframe(0)
    camera.stream.leave(viewer)
    viewer.shows(at(0), at(90))


# What a newcomer starts with


def test_newcomer_gets_all_that_it_starts_with_in_one_write():
    camera = Camera()
    camera.watch()
    camera.keyframe(0)
    camera.publish(*range(1, 7))
    _, wire = camera.watch(7)
    assert len(wire.sent) == 1
    assert numbers(wire.all) == list(range(7))


def test_large_start_goes_out_in_parts_and_waits_as_soon_as_the_connection_is_busy():
    camera = Camera()
    camera.watch()
    camera.keyframe(0, size=50_000)
    camera.publish(*range(1, 7), size=20_000)
    viewer, wire = make_viewer()
    wire.on_write = viewer.blocked
    camera.stream.join(viewer, at(7))
    assert numbers(wire.all) == [0]
    wire.on_write = None
    viewer.resumed(at(7) + MS)
    assert numbers(wire.all) == list(range(7))


def busy_newcomer_of_a_large_group(camera):
    """Let a viewer come whose connection takes one message, and send it a group far larger than its box again."""
    camera.watch()
    camera.keyframe(0, size=100_000)
    camera.publish(*range(1, 30), size=20_000)
    viewer, wire = camera.watch(30)
    wire.on_write = viewer.blocked
    for number in range(30):
        frame = make_frame(number, key=number == 0, repeat=True, size=100_000 if number == 0 else 20_000)
        camera.stream.publish(frame, at(30))
    return viewer, wire


def test_group_that_is_sent_again_waits_as_a_whole_for_a_busy_newcomer():
    camera = Camera()
    viewer, wire = busy_newcomer_of_a_large_group(camera)
    assert numbers(wire.all) == [0]
    camera.publish(30)
    assert viewer.live
    wire.on_write = None
    viewer.resumed(at(30) + MS)
    assert numbers(wire.all) == list(range(31))


def test_group_that_waits_for_too_long_is_dropped_as_anything_else():
    camera = Camera()
    viewer, _ = busy_newcomer_of_a_large_group(camera)
    camera.publish(*range(30, 45))
    assert not viewer.live
    assert viewer.box.size == 0
