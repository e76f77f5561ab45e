"""The process that encodes originals: every picture once, at its own time, whatever the camera sent."""

import json
import os
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import pytest

from common.child import command
from common.recordings.originals import OriginalsWriter
from common.recordings.spool import Original
from common.units import HZ_90K, NS_PER_MS, NS_PER_S
from services.recorder.encode_order import Made, Order
from tests.helpers.crashing_codec import CRASH, crashing_codecs, marked
from tests.helpers.picture import read_stamp
from tools.mock_camera.scene import Scene
from tools.mock_camera.sizes import Size

# At the lowest priority, an encoder on a busy machine takes its time.
pytestmark = pytest.mark.timeout(240)
DEADLINE_S = 100.0
START_NS = 1_800_000_000 * NS_PER_S + 123 * NS_PER_MS
SMALL, LARGE = Size(320, 240), Size(400, 296)
# Distances of pictures: a camera that is fast, slow and stalls.
VARYING_MS = [0, 66, 133, 150, 400, 2400, 2433, 2466, 9000, 9005, 9070, 13100, 13200]


def pictures(times_ms: list[int], size: Size = SMALL, first: int = 0) -> list[Original]:
    """Return numbered pictures of these times."""
    scene = Scene("porch", size)
    return [
        original(time_ms, first + index, scene.jpeg(first + index, START_NS), size)
        for index, time_ms in enumerate(times_ms)
    ]


def original(time_ms: int, seq: int, jpeg: bytes, size: Size = SMALL, **skipped: int) -> Original:
    return Original(START_NS + time_ms * NS_PER_MS, seq, 77, size.width, size.height, jpeg, skipped)


def spool(folder: Path, originals: list[Original]) -> Order:
    """Write originals; return the order to encode them into `folder`/work."""
    writer = OriginalsWriter(folder, "porch", originals[0].time_ns)
    writer.append(originals)
    writer.close()
    return Order(
        camera="porch",
        originals=str(folder / writer.name),
        into=str(folder / "work"),
        end_ns=originals[-1].time_ns + 100 * NS_PER_MS,
        shift_ns=5,
        interval_ns=(originals[-1].time_ns - originals[0].time_ns) // len(originals),
        gop_ns=2 * NS_PER_S,
        preset="ultrafast",
        bitrate_kbps=1500,
        cpu_limit_s=60,
    )


def encode(order: Order, **environ: str) -> Made:
    ended = run_child(order, **environ)
    assert ended.returncode == 0, ended
    return Made.from_line(ended.stdout)


def run_child(order: Order, **environ: str) -> subprocess.CompletedProcess[str]:
    line = [*command("services.recorder.encoder_child"), order.to_line()]
    return subprocess.run(line, stdout=subprocess.PIPE, text=True, timeout=DEADLINE_S, env={**os.environ, **environ})


def shown(path: Path) -> list[tuple[int, int | None]]:
    """Return the number drawn into each picture of a video, and its time in ms from the file's start."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.time_base == Fraction(1, HZ_90K)
        return [(round((frame.pts or 0) * 1000 / HZ_90K), number_in(frame)) for frame in container.decode(stream)]


def number_in(frame: av.VideoFrame) -> int | None:
    luma = frame.planes[0]
    stamp = read_stamp(bytes(luma), frame.width, frame.height, luma.line_size)
    return None if stamp is None else stamp.number


def test_encoder_shows_each_picture_once_at_its_time_when_their_distances_vary(tmp_path):
    order = spool(tmp_path, pictures(VARYING_MS))

    made = encode(order)

    (row,) = made.videos
    assert shown(tmp_path / "work" / row.name) == [(time_ms, number) for number, time_ms in enumerate(VARYING_MS)]
    assert (row.start_ns, row.end_ns, row.frames) == (START_NS, order.end_ns, len(VARYING_MS))
    assert (row.width, row.height, row.shift_ns, row.codec[:7]) == (320, 240, 5, "avc1.42")
    assert (made.frames, made.damaged, row.skipped) == (len(VARYING_MS), 0, {})
    assert Path(row.name).stem == Path(order.originals).stem


def test_encoder_makes_a_keyframe_at_each_group_when_time_passes(tmp_path):
    (row,) = encode(spool(tmp_path, pictures(VARYING_MS))).videos

    with av.open(str(tmp_path / "work" / row.name)) as container:
        keys = [packet.pts for packet in container.demux(video=0) if packet.pts is not None and packet.is_keyframe]
    assert [round(pts * 1000 / HZ_90K) for pts in keys] == [0, 2400, 9000, 13100]


def test_encoder_makes_a_second_file_when_the_size_changes(tmp_path):
    order = spool(tmp_path, [*pictures([0, 100], SMALL), *pictures([200, 300], LARGE, first=2)])

    small, large = encode(order).videos

    assert shown(tmp_path / "work" / small.name) == [(0, 0), (100, 1)]
    assert shown(tmp_path / "work" / large.name) == [(0, 2), (100, 3)]
    assert (small.end_ns, large.start_ns, large.end_ns) == (large.start_ns, START_NS + 200 * NS_PER_MS, order.end_ns)
    assert ((small.width, small.height), (large.width, large.height)) == (SMALL, LARGE)


def test_encoder_leaves_damaged_pictures_out_and_says_so_when_some_cannot_be_decoded(tmp_path):
    originals = pictures([0, 100, 200, 300, 400])
    damaged = {0: originals[0].jpeg[:200], 2: b"\xff\xd8no jpeg\xff\xd9", 4: originals[4].jpeg[:-900]}
    for index, jpeg in damaged.items():
        originals[index] = original(index * 100, index, jpeg, overload=3)

    made = encode(spool(tmp_path, originals))

    (row,) = made.videos
    assert shown(tmp_path / "work" / row.name) == [(0, 1), (200, 3)]
    assert (row.start_ns, row.frames, row.skipped) == (START_NS + 100 * NS_PER_MS, 2, {"corrupt": 3, "overload": 9})
    assert (made.frames, made.damaged) == (5, 3)


def test_encoder_makes_nothing_when_no_picture_can_be_decoded(tmp_path):
    made = encode(spool(tmp_path, [original(0, 0, b"\xff\xd8\xff\xd9")]))

    assert (made.videos, made.frames, made.damaged) == ((), 1, 1)


def test_encoder_makes_a_video_of_one_picture_when_there_is_one(tmp_path):
    (row,) = encode(spool(tmp_path, pictures([0]))).videos

    assert shown(tmp_path / "work" / row.name) == [(0, 0)]


def test_encoder_says_what_is_wrong_when_the_file_is_no_spool(tmp_path):
    order = spool(tmp_path, pictures([0]))
    Path(order.originals).write_bytes(b"something else entirely, of some length")

    made = encode(order)

    assert made.videos == ()
    assert Path(order.originals).name in made.problem
    assert not made.is_disk


def test_encoder_says_that_it_is_the_disk_when_it_cannot_write(tmp_path):
    order = spool(tmp_path, pictures([0]))
    (tmp_path / "work").write_text("a file where a folder should be")

    made = encode(order)

    assert made.is_disk
    assert made.problem


def test_encoder_dies_alone_when_a_picture_crashes_the_codec(tmp_path):
    originals = pictures([0, 100])
    originals[1] = original(100, 1, marked(originals[1].jpeg, CRASH))

    ended = run_child(spool(tmp_path, originals), **crashing_codecs(tmp_path / "codecs"))

    assert ended.returncode < 0
    assert ended.stdout == ""


def test_encoder_ends_at_once_when_its_parent_is_another_one(tmp_path):
    order = spool(tmp_path, pictures([0]))
    line = command("services.recorder.encoder_child")
    line[-1] = "1"

    ended = subprocess.run([*line, order.to_line()], stdout=subprocess.PIPE, timeout=DEADLINE_S)

    assert (ended.returncode, ended.stdout) == (1, b"")
    assert not (tmp_path / "work").exists()


@pytest.mark.requires_tool("ffprobe")
def test_ffprobe_finds_no_fault_when_it_reads_the_video(tmp_path):
    (row,) = encode(spool(tmp_path, pictures(VARYING_MS))).videos
    path = str(tmp_path / "work" / row.name)

    ended = subprocess.run(
        ["ffprobe", "-v", "warning", "-show_entries", "format=duration", "-of", "json", path],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )

    assert ended.stderr == ""
    assert float(json.loads(ended.stdout)["format"]["duration"]) == pytest.approx(13.3, abs=0.01)
