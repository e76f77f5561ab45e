import time
from itertools import pairwise

from common.clock import host_id
from common.topics import JPEG, KEYFRAME, STATUS, topic
from common.units import NS_PER_MS
from common.wire import encode_record
from tests.helpers.annex_b import CODE, IDR, SETS, SLICE
from tests.helpers.jpegs import make_jpeg
from tests.helpers.websocket import BINARY, client_frame


def ask_keyframe(ear, camera):
    ear.bus.publish(topic(KEYFRAME, camera), encode_record({"reason": "join", "from": "test"}))


def test_nothing_is_published_while_nobody_wants_it(station):
    with station.ear("camera", "status") as ear, station.join("/ws/camera/quiet") as camera:
        for number in range(10):
            camera.send_picture(make_jpeg(number=number))
        ear.wait_camera("quiet", frames=10)
        ear.listen(1.2)
        status = [record for record in ear.records("status") if record["stage"] == "ingest"][-1]
    assert status["counters"]["frames"] >= 10
    assert "published" not in status["counters"]


def test_newest_frame_comes_at_once_when_the_topic_becomes_wanted(station):
    with station.ear("camera") as watcher, station.join("/ws/camera/slow") as camera:
        for number in range(3):
            camera.send_picture(make_jpeg(number=number))
        watcher.wait_camera("slow", frames=3)
        for prefix in ("jpeg/slow/main", "jpeg/slow", "jpeg"):
            with station.ear(prefix) as ear:
                (frame,) = ear.wait_frames("jpeg/slow/main")
            assert (frame.repeat, frame.key, frame.seq, frame.payload) == (True, True, 2, make_jpeg(number=2))


def test_similar_name_does_not_wake_a_camera(station):
    with station.ear("camera") as watcher, station.join("/ws/camera/cam10") as camera:
        camera.send_picture(make_jpeg())
        watcher.wait_camera("cam10", frames=1)
        with station.ear("jpeg/cam1/main", "jpeg/cam1") as ear:
            ear.listen(0.5)
            assert ear.messages == []


def test_request_is_answered_with_the_newest_frame(station):
    with station.ear("camera", "jpeg/asked/main") as ear, station.join("/ws/camera/asked") as camera:
        ear.listen(0.3)
        camera.send_picture(make_jpeg(number=1))
        ear.wait_frames("jpeg/asked/main", 1)
        time.sleep(0.15)
        ask_keyframe(ear, "asked")
        frames = ear.wait_frames("jpeg/asked/main", 2)
    assert [(frame.seq, frame.repeat) for frame in frames] == [(0, False), (0, True)]


def test_request_right_after_a_repeat_is_answered_a_little_later(station):
    with station.ear("camera", "jpeg/early/main") as ear, station.join("/ws/camera/early") as camera:
        ear.listen(0.3)
        camera.send_picture(make_jpeg(number=1))
        ear.wait_frames("jpeg/early/main", 1)
        time.sleep(0.15)
        for _ in range(5):
            ask_keyframe(ear, "early")
        frames = ear.wait_frames("jpeg/early/main", 3)
        ear.listen(0.3)
        assert len(ear.frames("jpeg/early/main")) == 3
    sent = [frame.hops["ingest_out"] for frame in frames]
    assert [frame.repeat for frame in frames] == [False, True, True]
    assert sent[2] - sent[1] >= 99 * NS_PER_MS


def test_request_is_left_to_the_fresh_frame_of_a_fast_camera(station):
    with station.ear("jpeg/fast/main") as ear, station.join("/ws/camera/fast") as camera:
        ear.listen(0.3)
        for number in range(20):
            camera.send_picture(make_jpeg(number=number))
            ear.listen(0.02)
            ask_keyframe(ear, "fast")
        frames = ear.wait_frames("jpeg/fast/main", 20)
    # A machine that stands still for a moment makes a frame overdue, and then a repeat is right.
    assert sum(frame.repeat for frame in frames) < 8


def test_frames_carry_times_and_hops(station):
    with station.ear("jpeg/timed/main") as ear, station.join("/ws/camera/timed") as camera:
        ear.listen(0.3)
        before_ns, wall_ns = time.monotonic_ns(), time.time_ns()
        for number in range(5):
            camera.send_picture(make_jpeg(number=number))
            time.sleep(0.05)
        frames = ear.wait_frames("jpeg/timed/main", 5)
    hops = [hop for frame in frames for hop in (frame.hops["ingest_in"], frame.hops["ingest_out"])]
    assert hops == sorted(hops)
    assert before_ns < hops[0] < hops[-1] < time.monotonic_ns()
    media = [frame.media_time_ns for frame in frames]
    steps = [later - earlier for earlier, later in pairwise(media)]
    received = [frame.hops["ingest_in"] for frame in frames]
    assert steps == [later - earlier for earlier, later in pairwise(received)]
    assert all(abs(frame.captured_at_ns - wall_ns) < 10_000_000_000 for frame in frames)
    assert frames[-1].interval_ns > 40_000_000


def test_h264_camera_is_published_and_announced_as_such(station):
    with station.ear("camera", "h264/p4/main") as ear, station.join("/ws/camera/p4") as camera:
        ear.listen(0.3)
        for message in (CODE + SLICE, SETS, CODE + IDR, CODE + SLICE, CODE + SLICE):
            camera.send(client_frame(BINARY, message))
        frames = ear.wait_frames("h264/p4/main", 3)
        announced = ear.wait_camera("p4", kind="h264", frames=3)
    assert [frame.payload for frame in frames] == [SETS + CODE + IDR, CODE + SLICE, CODE + SLICE]
    assert [(frame.key, frame.out_seq, frame.codec) for frame in frames] == [
        (True, 0, "avc1.42C01E"),
        (False, 1, ""),
        (False, 2, ""),
    ]
    assert (announced["width"], announced["height"], announced["dropped"]) == (640, 480, {"no_keyframe": 1})


def test_h264_newcomer_gets_the_group_of_pictures_at_once(station):
    with station.ear("camera") as watcher, station.join("/ws/camera/p4b") as camera:
        for message in (SETS + CODE + IDR, CODE + SLICE, CODE + SLICE):
            camera.send(client_frame(BINARY, message))
        watcher.wait_camera("p4b", frames=3)
        with station.ear("h264/p4b/main") as ear:
            frames = ear.wait_frames("h264/p4b/main", 3)
            assert [(frame.key, frame.repeat, frame.out_seq) for frame in frames] == [
                (True, True, 0),
                (False, True, 1),
                (False, True, 2),
            ]
            camera.send(client_frame(BINARY, CODE + SLICE))
            assert ear.wait_frames("h264/p4b/main", 4)[3].out_seq == 3


def test_malformed_messages_on_the_bus_are_dropped_and_counted(station):
    statuses = topic(STATUS, host_id(), "ingest-0")
    with station.ear(statuses, "jpeg/hardy/main") as ear, station.join("/ws/camera/hardy") as camera:
        ear.listen(0.3)
        for name, header in (
            ("camera/x/y", b"\xc1"),
            ("camera/x/y", encode_record({"host": 3})),
            ("status/x/y", b""),
            ("status/x/y", encode_record({"stage": "keeper", "known_cameras": 5})),
            ("keyframe/hardy", b"junk"),
        ):
            ear.bus.publish(name, header)
        camera.send_picture(make_jpeg())
        assert ear.wait_frames(f"{JPEG}/hardy/main")

        def counted():
            return any(record["counters"].get("malformed", 0) >= 5 for record in ear.records("status"))

        ear.wait(counted, "the malformed messages counted")
