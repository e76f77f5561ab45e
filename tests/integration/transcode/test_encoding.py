"""Frames in, access units and fragments out: who is encoded, when, and as what."""

import time

from common.h264 import parse_access_unit
from common.topics import H264, MP4, STATUS, topic
from common.units import NS_PER_S
from tests.helpers.encode_bench import Bench
from tests.helpers.video import decode_h264, jpeg, rows

VGA = [jpeg(640, 480, seed=seed) for seed in range(6)]


def begin(bench: Bench, camera: str, *kinds: str) -> None:
    bench.assign(camera)
    bench.watch(*(topic(kind, camera) for kind in kinds or (H264,)))


def test_camera_becomes_h264_picture_by_picture(bench, camera):
    begin(bench, camera)
    frames = [bench.exchange(camera, data) for data in VGA]
    assert [frame.key for frame in frames] == [True] + [False] * 5
    assert [frame.out_seq for frame in frames] == list(range(6))
    assert frames[0].codec == "avc1.42C01E"
    assert len(decode_h264(frame.payload for frame in frames)) == 6
    stamps = frames[0].hops
    assert stamps["ingest_in"] <= stamps["transcode_in"] <= stamps["transcode_out"] <= time.monotonic_ns()


def test_nothing_crosses_the_bus_while_nobody_watches(bench, camera):
    bench.assign(camera)
    bench.run(0.3)
    assert not bench.wants(camera)


def test_camera_of_another_worker_is_not_encoded(bench, camera):
    bench.assign(camera, worker="transcode-1")
    bench.viewer.bus.subscribe(topic(H264, camera))
    bench.run(0.4)
    assert not bench.wants(camera)


def test_worker_that_loses_the_term_stops_and_one_that_gets_it_back_begins_anew(bench, camera):
    begin(bench, camera)
    first = bench.exchange(camera, VGA[0])
    bench.assign(camera, worker="transcode-1")
    bench.wait(lambda: not bench.wants(camera), "the end of its demand")
    term = bench.assign(camera)
    bench.wait(lambda: bench.wants(camera), "its demand again")
    again = bench.exchange(camera, VGA[1])
    assert (again.term, again.key, again.out_seq) == (term, True, 0)
    assert again.epoch > first.epoch


def test_newest_picture_is_asked_for_and_encoded_at_once(bench, camera):
    bench.assign(camera)
    bench.send(camera, VGA[0])  # goes nowhere: nobody wanted it yet
    begin(bench, camera)
    [frame] = bench.wait_frames(topic(H264, camera), 1)
    assert (frame.seq, frame.key) == (0, True)


def test_publisher_that_does_not_see_the_demand_is_asked(bench, camera):
    bench.repeats = False
    begin(bench, camera)
    bench.wait(lambda: len([each for each in bench.requests if each["camera"] == camera]) >= 2, "repeated requests")
    asked = [each for each in bench.requests if each["camera"] == camera]
    assert {(each["reason"], each["from"]) for each in asked} == {("join", "transcode-0")}
    bench.exchange(camera, VGA[0])
    bench.run(0.1)
    bench.requests.clear()
    bench.run(0.6)
    assert [each for each in bench.requests if each["camera"] == camera] == []


def test_requested_keyframe_is_the_very_next_picture(bench, camera):
    begin(bench, camera)
    bench.exchange(camera, VGA[0])
    bench.run(0.3)
    bench.repeats = False
    assert not bench.exchange(camera, VGA[1]).key
    bench.request(camera)
    frame = bench.exchange(camera, VGA[2])
    assert frame.key
    assert [nal[0] & 31 for nal in parse_access_unit(frame.payload).nals][:2] == [7, 8]
    assert not bench.exchange(camera, VGA[3]).key


def test_requests_within_the_limit_are_met_by_one_keyframe_after_it(bench, camera):
    begin(bench, camera)
    bench.exchange(camera, VGA[0])
    for _ in range(5):
        bench.request(camera)
    end = time.monotonic() + 0.8
    while time.monotonic() < end:
        bench.exchange(camera, VGA[1])
        bench.run(0.03)
    assert sum(frame.key for frame in bench.viewer.frames(topic(H264, camera))) == 2


def test_newcomer_at_a_slow_camera_gets_a_keyframe_of_its_newest_picture(bench, camera):
    begin(bench, camera)
    bench.exchange(camera, VGA[0], interval_ns=5 * NS_PER_S)
    bench.run(0.3)
    bench.request(camera)
    first, again = bench.wait_frames(topic(H264, camera), 2)
    assert (again.seq, again.key, again.out_seq) == (first.seq, True, 1)
    assert again.media_time_ns > first.media_time_ns


def test_fragments_begin_with_a_keyframe_when_somebody_wants_them(bench, camera):
    begin(bench, camera, H264)
    bench.exchange(camera, VGA[0])
    assert bench.viewer.frames(topic(MP4, camera)) == []
    bench.viewer.bus.subscribe(topic(MP4, camera))
    first = bench.wait_frames(topic(MP4, camera), 1)[0]
    second = bench.exchange(camera, VGA[1], MP4)
    assert (first.key, first.out_seq, second.key, second.out_seq) == (True, 0, False, 1)
    assert first.init[4:8] == b"ftyp"
    assert second.init == b""
    assert first.payload[4:8] == second.payload[4:8] == b"moof"


def test_change_of_size_begins_a_new_epoch(bench, camera):
    begin(bench, camera, H264, MP4)
    vga = bench.exchange(camera, VGA[0], MP4)
    svga = bench.exchange(camera, jpeg(801, 600), MP4, width=801, height=600)
    assert (svga.key, svga.out_seq, svga.width, svga.height) == (True, 0, 800, 600)
    assert svga.epoch > vga.epoch
    assert svga.init != vga.init


def test_damaged_picture_is_dropped_counted_and_told(bench, camera):
    begin(bench, camera)
    bench.viewer.bus.subscribe(STATUS)
    bench.exchange(camera, VGA[0])
    bench.send(camera, VGA[1][:3000])
    assert bench.wait(lambda: bench.dropped(camera), "it in the status") == {"corrupt": 1}
    after = bench.exchange(camera, VGA[2])
    assert (dict(after.skipped), after.out_seq) == ({"corrupt": 1}, 1)
    assert "corrupt 1" in bench.worker.log()


def test_two_cameras_are_encoded_beside_each_other_and_never_mixed(bench, camera):
    other = f"{camera}-b"
    begin(bench, camera)
    begin(bench, other)
    red, blue = jpeg(320, 240, fill=(76, 85, 255)), jpeg(320, 240, fill=(29, 255, 107))
    for number in range(1, 11):
        bench.send(camera, red)
        bench.send(other, blue)
        for name in (camera, other):
            bench.wait_frames(topic(H264, name), number)
    for name, cr in ((camera, 255), (other, 107)):
        for picture in decode_h264(frame.payload for frame in bench.viewer.frames(topic(H264, name))):
            assert abs(rows(picture)[2][50][50] - cr) <= 3


def test_newest_frame_wins_when_it_falls_behind(bench, camera):
    begin(bench, camera)
    bench.exchange(camera, VGA[0])
    large = jpeg(1600, 1200)
    for _ in range(12):
        last = bench.send(camera, large)
    where = topic(H264, camera)
    bench.wait(lambda: last.seq in [frame.seq for frame in bench.viewer.frames(where)], "the newest frame")
    frames = bench.viewer.frames(where)
    assert len(frames) < 13
    assert len(frames) + sum(sum(frame.skipped.values()) for frame in frames) == 13
    assert any("overload" in frame.skipped for frame in frames)


def test_encoder_is_closed_some_time_after_the_last_viewer_left(bench, camera):
    begin(bench, camera)
    bench.viewer.bus.subscribe(STATUS)
    bench.exchange(camera, VGA[0])
    bench.wait(lambda: camera in bench.status().get("encodes", {}), "it in the status")
    bench.viewer.bus.unsubscribe(topic(H264, camera))
    bench.wait(lambda: not bench.wants(camera), "the end of its demand")
    bench.wait(lambda: camera not in bench.status()["encodes"], "the end of its encoder")
    assert f"camera {camera}: ends" in bench.worker.log()


def test_malformed_messages_are_dropped_and_counted(bench, camera):
    begin(bench, camera)
    bench.viewer.bus.subscribe(STATUS)
    bench.wait(bench.status, "a status")
    before = bench.status()["counters"].get("malformed", 0)
    bench.say(topic("jpeg", camera), b"\xc1", VGA[0])
    bench.say(topic("jpeg", camera), b"\x81\xa1v\x02", VGA[0])
    bench.say(topic("camera", "h"), b"no map")
    bench.say("camera/h/p/more", b"\x80")
    bench.say(topic("keyframe", camera), b"")
    bench.wait(lambda: bench.status()["counters"].get("malformed", 0) >= before + 5, "five more malformed")
    bench.exchange(camera, VGA[0])


def test_status_describes_the_encoders_and_heartbeats_come_between(bench, camera):
    begin(bench, camera)
    bench.viewer.bus.subscribe(STATUS)
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        bench.exchange(camera, VGA[0])
        bench.run(0.03)
    encodes = bench.status()["encodes"][camera]
    assert encodes["encoder"] == "libx264"
    assert encodes["preset"] == "ultrafast"
    assert encodes["term"] == bench.cameras[camera].record["term"]
    assert 0 < encodes["encode_ms"] < 1000
    assert encodes["fps"] > 1
    assert encodes["bytes_per_s"] > 100
    assert encodes["out"] > 10
    beats = [each for each in bench.viewer.records(STATUS) if each.get("heartbeat")]
    whole = [each for each in bench.viewer.records(STATUS) if "pid" in each]
    assert len(beats) > len(whole)
    assert set(beats[-1]) == {"v", "name", "stage", "host", "incarnation", "heartbeat"}
