"""More cameras than a process can encode: limits by rule, nobody starves, every frame is accounted for."""

import time
from itertools import pairwise

from common.clock import host_id
from common.frame import Frame
from common.topics import H264, STATUS, topic
from common.wire import encode_record
from tests.helpers.encode_bench import Bench, a_bench
from tests.helpers.video import decode_h264, jpeg

# A third of them would keep one thread busy: drawn slowly, at twice the usual rate.
CAMERAS = [f"cam{n}" for n in range(8)]
FPS = 60
VARIABLES = {"CAM_TRANSCODE_WORKERS": "1", "CAM_TRANSCODE_PRESET": "medium"}
PICTURES = [jpeg(800, 600, seed=seed) for seed in range(2)]
DEADLINE_S = 40.0


def tell_watches(bench: Bench) -> None:
    watches = {camera: "large" if camera == CAMERAS[0] else "tile" for camera in CAMERAS}
    record = {"name": "fanout-0", "stage": "fanout", "host": host_id(), "incarnation": 1, "watches": watches}
    bench.say(topic(STATUS, host_id(), "fanout-0"), encode_record(record))


def crowd(bench: Bench, is_enough) -> None:
    """Let all cameras send, until it is enough."""
    end_s = time.monotonic() + DEADLINE_S
    turn = 0
    while not is_enough():
        assert time.monotonic() < end_s, f"never enough: {bench.status().get('overload')}\n{bench.worker.log()}"
        if turn % FPS == 0:
            tell_watches(bench)
        for camera in CAMERAS:
            bench.send(camera, PICTURES[turn % 2], interval_ns=1_000_000_000 // FPS, width=800, height=600)
        bench.run(1 / FPS)
        turn += 1


def limits(bench: Bench) -> dict[str, dict[str, object]]:
    encodes = bench.status().get("encodes", {})
    return {camera: encodes[camera]["limit"] for camera in CAMERAS if "limit" in encodes.get(camera, {})}


def accounted(frames: list[Frame]) -> bool:
    """Return whether each frame says what is missing before it; one that is encoded again stands for itself."""
    return all(sum(b.skipped.values()) == b.seq - a.seq - 1 for a, b in pairwise(frames) if b.seq > a.seq)


def test_overload_is_met_by_rule_and_ends_by_itself():
    with a_bench(**VARIABLES) as bench:
        bench.viewer.bus.subscribe(STATUS)
        for camera in CAMERAS:
            bench.assign(camera)
        bench.watch(*(topic(H264, camera) for camera in CAMERAS))

        crowd(bench, lambda: any("fps" in limit for limit in limits(bench).values()))
        limited = limits(bench)
        assert {limit["preset"] for limit in limited.values()} == {"ultrafast"}
        assert bench.status()["overload"]["level"] >= 2
        assert bench.status()["overload"]["rule"]
        if bench.status()["overload"]["level"] < 5:
            assert "fps" not in limited[CAMERAS[0]]

        each = {camera: bench.viewer.frames(topic(H264, camera)) for camera in CAMERAS}
        counts = [len(frames) for frames in each.values()]
        assert min(counts) * 5 >= max(counts), counts
        assert all(accounted(frames) for frames in each.values())
        # Another preset is another encoder, and so an epoch that begins with a keyframe.
        frames = each[CAMERAS[0]]
        epochs = sorted({frame.epoch for frame in frames})
        assert len(epochs) >= 2
        newest = [frame for frame in frames if frame.epoch == epochs[-1]]
        assert newest[0].key
        assert len(decode_h264(frame.payload for frame in newest)) == len(newest)

        bench.wait(lambda: bench.status()["overload"] == {"level": 0, "rule": ""}, "its end", DEADLINE_S)
        bench.wait(lambda: not limits(bench), "the end of the cameras' limits")
        log = bench.worker.log()
        assert log.count("overload, level 1:") == 1
        assert log.count("overload is over") == 1


def test_who_watches_is_heard_only_while_there_is_something_to_encode():
    with a_bench(CAM_TRANSCODE_IDLE_CLOSE_S="0.2") as bench:
        video = topic(H264, "porch")
        bench.assign("porch")
        for _ in range(2):
            bench.watch(video)
            bench.wait(lambda: bench.wants(host_id(), STATUS), "its ear for who watches")
            bench.viewer.bus.unsubscribe(video)
            bench.wait(lambda: not bench.wants(host_id(), STATUS), "rest")
