"""What a transcode process survives, and how it ends."""

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest

from common.topics import H264, KEYFRAME, MP4, STATUS, topic
from common.wire import encode_record
from tests.helpers.annex_b import CODE, IDR, SETS, SLICE
from tests.helpers.bus import short_tmp
from tests.helpers.encode_bench import Bench, a_bench, transcoder
from tests.helpers.rooms import room, settings_in
from tests.helpers.video import decode_h264, jpeg

PICTURES = [jpeg(320, 240, seed=seed) for seed in range(4)]


@pytest.fixture
def own():
    """A bench for tests that disturb its processes."""
    with a_bench() as bench:
        yield bench


def begin(bench: Bench, camera: str) -> None:
    bench.assign(camera)
    bench.watch(topic(H264, camera))
    bench.exchange(camera, PICTURES[0])


def pump(bench: Bench, camera: str, seconds: float) -> None:
    """Let the camera send for a while, whatever becomes of it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        bench.send(camera, PICTURES[1])
        bench.run(0.04)


def pump_until(bench: Bench, camera: str, condition: Callable[[], Any], what: str) -> None:
    """Let the camera send until something comes of it, and a little longer."""
    end = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < end, what
        pump(bench, camera, 0.04)
    pump(bench, camera, 0.4)


def test_worker_that_was_stopped_listens_before_it_publishes_again(own):
    with transcoder("transcode-1", own.folder, {}):
        begin(own, "porch")
        own.worker.process.send_signal(signal.SIGSTOP)
        own.run(0.3)
        term = own.assign("porch", worker="transcode-1")
        pump(own, "porch", 1.2)
        own.viewer.messages.clear()
        own.worker.process.send_signal(signal.SIGCONT)
        pump_until(own, "porch", lambda: "listening first" in own.worker.log(), "its word that it was stopped")
        pump(own, "porch", 1.0)
    frames = own.viewer.frames(topic(H264, "porch"))
    assert frames
    assert {frame.term for frame in frames} == {term}


def test_worker_that_was_stopped_and_is_still_named_goes_on_by_itself(own):
    begin(own, "porch")
    own.worker.process.send_signal(signal.SIGSTOP)
    own.run(1.3)
    own.viewer.messages.clear()
    own.worker.process.send_signal(signal.SIGCONT)
    pump_until(own, "porch", lambda: own.viewer.frames(topic(H264, "porch")), "pictures")
    frames = own.viewer.frames(topic(H264, "porch"))
    assert frames[0].key
    assert len(decode_h264(frame.payload for frame in frames)) == len(frames)


def test_camera_goes_to_another_worker_and_its_times_go_on(own):
    with transcoder("transcode-1", own.folder, {}):
        begin(own, "porch")
        pump(own, "porch", 0.4)
        own.worker.kill()
        term = own.assign("porch", worker="transcode-1")
        where = topic(H264, "porch")
        pump_until(own, "porch", lambda: own.viewer.frames(where)[-1].term == term, "pictures of the other worker")
    frames = own.viewer.frames(topic(H264, "porch"))
    taken_over = [frame for frame in frames if frame.term == term]
    assert (taken_over[0].key, taken_over[0].out_seq) == (True, 0)
    assert taken_over[0].epoch > frames[0].epoch
    times = [frame.media_time_ns for frame in frames]
    assert times == sorted(set(times))
    assert len(decode_h264(frame.payload for frame in taken_over)) == len(taken_over)


def test_broker_that_is_killed_costs_no_restart():
    with short_tmp() as folder, transcoder("transcode-0", folder, {}) as worker:
        with room("broker-0", folder) as broker:
            bench = Bench(folder, settings_in(folder).bus_addresses, worker)
            begin(bench, "porch")
            broker.kill()
            bench.run(0.5)
        bench.viewer.messages.clear()
        with room("broker-0", folder):
            pump_until(bench, "porch", lambda: bench.viewer.frames(topic(H264, "porch")), "pictures")
            bench.close()
        frames = bench.viewer.frames(topic(H264, "porch"))
        assert frames[0].key
        assert len(decode_h264(frame.payload for frame in frames)) == len(frames)
        assert worker.process.poll() is None


def test_worker_that_starts_before_the_broker_works_once_it_is_there():
    with short_tmp() as folder, transcoder("transcode-0", folder, {}) as worker, room("broker-0", folder):
        bench = Bench(folder, settings_in(folder).bus_addresses, worker)
        begin(bench, "porch")
        bench.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_in_the_middle_of_work(own, number):
    begin(own, "porch")
    large = jpeg(1600, 1200)
    for _ in range(6):
        own.send("porch", large)
    own.run(0.01)
    own.worker.process.send_signal(number)
    assert own.worker.process.wait(5) == 0


def test_worker_that_ends_says_so_and_goes_on_until_another_is_named(own):
    own.viewer.bus.subscribe(STATUS)
    begin(own, "porch")
    own.worker.process.send_signal(signal.SIGTERM)
    signs = own.wait(lambda: [each for each in own.viewer.records(STATUS) if each.get("leaving")], "its leave")
    assert set(signs[0]) == {"v", "name", "stage", "host", "incarnation", "heartbeat", "leaving"}
    assert own.exchange("porch", PICTURES[1]).out_seq == 1
    own.assign("porch", worker="transcode-1")
    own.wait(lambda: own.worker.process.poll() is not None, "its end")
    assert own.worker.process.returncode == 0
    assert "camera porch: ends" in own.worker.log()


def test_worker_that_ends_does_not_wait_long_for_another(own):
    begin(own, "porch")
    own.worker.process.send_signal(signal.SIGTERM)
    own.wait(lambda: own.worker.process.poll() is not None, "its end", deadline_s=5)
    assert own.worker.process.returncode == 0


def test_request_of_somebody_who_shows_jpegs_costs_no_keyframe(own):
    begin(own, "porch")
    own.run(0.6)

    def keys_after_request(shown: str) -> int:
        own.say(topic(KEYFRAME, "porch"), encode_record({"reason": "join", "from": "fanout-0", "format": shown}))
        own.run(0.4)
        own.exchange("porch", PICTURES[1])
        return sum(frame.key for frame in own.viewer.frames(topic(H264, "porch")))

    before = keys_after_request("jpeg")
    assert before == 1
    assert keys_after_request("h264") > before


def test_wrong_setting_stops_the_start():
    with short_tmp() as folder, transcoder("transcode-0", folder, {"CAM_TRANSCODE_PRESET": "fastest"}) as worker:
        assert worker.process.wait(10) == 2
        assert "CAM_TRANSCODE_PRESET='fastest'" in worker.log()


def test_hardware_that_is_missing_is_replaced_with_one_warning():
    with a_bench(CAM_TRANSCODE_ENCODER="h264_v4l2m2m") as bench:
        for camera in ("porch", "yard"):
            begin(bench, camera)
            bench.exchange(camera, PICTURES[1])
        assert bench.worker.log().count("WARNING") <= 1


def test_idle_worker_keeps_its_hands_still(own):
    own.assign("porch")
    own.run(0.5)
    before = own.worker.cpu_s()
    own.run(2.0)
    assert own.worker.cpu_s() - before < 0.1


def test_cameras_that_come_and_go_leave_nothing_behind(own):
    own.viewer.bus.subscribe(STATUS)

    def round_(number: int) -> None:
        for camera in (f"a{number}", f"b{number}"):
            own.assign(camera)
            own.watch(topic(H264, camera), topic(MP4, camera))
            own.exchange(camera, PICTURES[0])
        own.cameras.clear()
        own.announce()
        own.wait(lambda: own.status().get("encodes") == {}, "the end of both")

    round_(0)
    threads, files = own.worker.open_files(), own.worker.rss_bytes()
    for number in range(1, 4):
        round_(number)
    assert own.worker.open_files() == threads
    assert own.worker.rss_bytes() < files + (16 << 20)


def test_h264_of_a_camera_becomes_fragments_only(own):
    own.assign("p4", kind="h264")
    own.viewer.bus.subscribe(topic(H264, "p4"))
    own.run(0.3)
    where = topic(MP4, "p4")
    own.viewer.bus.subscribe(where)
    asked = own.wait(lambda: [each for each in own.requests if each["camera"] == "p4"], "a request")
    assert asked[0]["reason"] == "loss"
    own.repeats = False
    unit = {"kind": H264, "term": 3, "encoder_start_ns": 3, "interval_ns": 33_333_333}
    own.send("p4", SETS + CODE + IDR, out_seq=0, codec="avc1.42C01E", **unit)
    for number in range(1, 5):
        own.send("p4", CODE + SLICE, out_seq=number, **{**unit, "key": False})
    fragments = own.wait_frames(where, 5)
    assert [frame.out_seq for frame in fragments] == [0, 1, 2, 3, 4]
    assert fragments[0].init
    assert {frame.term for frame in fragments} == {own.cameras["p4"].record["term"]}
    # Nothing of it was encoded: the only access units are the camera's own.
    assert {frame.encoder_start_ns for frame in own.viewer.frames(topic(H264, "p4"))} == {3}


def test_frame_that_waited_on_the_bus_too_long_is_stale(own):
    begin(own, "porch")
    now_ns = time.monotonic_ns()
    own.viewer.bus.subscribe(STATUS)
    own.send("porch", PICTURES[1], hops={"ingest_in": now_ns - 2_000_000_000, "ingest_out": now_ns})
    assert own.wait(lambda: own.dropped("porch"), "it in the status") == {"stale": 1}
    frame = own.exchange("porch", PICTURES[2])
    assert dict(frame.skipped) == {"stale": 1}
    assert frame.out_seq == 1
