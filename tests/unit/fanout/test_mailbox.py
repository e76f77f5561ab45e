from hypothesis import given
from hypothesis import strategies as st

from services.fanout.mailbox import Bounds, PictureBox, VideoBox
from tests.helpers.fanout import MS, START_NS, make_packet

BOUNDS = Bounds(max_age_ns=500 * MS, max_bytes=10_000)


def taken(box):
    packets = []
    while (packet := box.take()) is not None:
        packets.append(packet.frame.seq)
    return packets


def test_video_box_keeps_order_while_within_bounds():
    box = VideoBox(BOUNDS)
    for number in range(5):
        assert box.put(make_packet(number)) == (0, True)
    assert taken(box) == [0, 1, 2, 3, 4]


def test_video_box_drops_all_when_the_oldest_is_too_old_and_no_keyframe_waits():
    box = VideoBox(BOUNDS)
    results = [box.put(make_packet(number)) for number in range(14)]
    # Frame 13 comes 520 ms after frame 0.
    assert results[12] == (0, True)
    assert results[13] == (14, False)
    assert taken(box) == []


def test_video_box_skips_to_the_newest_keyframe_when_one_waits():
    box = VideoBox(BOUNDS)
    results = [box.put(make_packet(number, key=number in (4, 9))) for number in range(14)]
    assert results[13] == (9, True)
    assert taken(box) == [9, 10, 11, 12, 13]


def test_video_box_drops_by_bytes_too():
    box = VideoBox(BOUNDS)
    assert box.put(make_packet(0, size=9_000)) == (0, True)
    assert box.put(make_packet(1, size=2_000)) == (2, False)


def test_video_box_keeps_one_message_however_large():
    box = VideoBox(BOUNDS)
    assert box.put(make_packet(0, size=50_000, key=True)) == (0, True)
    assert taken(box) == [0]


def test_video_box_starts_with_a_fresh_keyframe_when_older_ones_wait_before_it():
    box = VideoBox(BOUNDS)
    box.put(make_packet(0, key=True, size=9_000))
    assert box.put(make_packet(1, key=True, size=9_000)) == (1, True)
    assert taken(box) == [1]


def test_video_box_expires_without_a_new_message():
    box = VideoBox(BOUNDS)
    box.put(make_packet(0, key=True))
    assert box.expire(START_NS + 500 * MS) == (0, True)
    assert box.expire(START_NS + 501 * MS) == (1, False)


def test_picture_box_keeps_the_newest_alone():
    box = PictureBox()
    assert [box.put(make_packet(number, "jpeg")) for number in range(3)] == [(0, True), (1, True), (1, True)]
    assert box.expire(START_NS * 2) == (0, True)
    assert taken(box) == [2]


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 8_000), st.integers(0, 200))))
def test_video_box_never_exceeds_its_bounds_nor_loses_count(steps):
    box, now_ns, dropped = VideoBox(BOUNDS), START_NS, 0
    for number, (key, size, wait_ms) in enumerate(steps):
        now_ns += wait_ms * MS
        packet = make_packet(number, key=key, size=max(size, 20))
        packet.received_ns = now_ns
        lost, can_go_on = box.put(packet)
        dropped += lost
        assert can_go_on == (len(box) > 0)
        waiting = list(box._waiting)
        assert number + 1 == dropped + len(waiting)
        if lost and waiting:
            assert waiting[0].key
        if waiting:
            assert now_ns - waiting[0].received_ns <= BOUNDS.max_age_ns
            assert len(waiting) == 1 or sum(packet.size for packet in waiting) <= BOUNDS.max_bytes
