"""Cameras at changing rates and sizes, recorded: every picture is there once, at its time, in files without a fault."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.recordings.rows import State
from common.units import NS_PER_MS, NS_PER_S
from tests.helpers.recording import complaints, numbers_in, probed_duration_s
from tests.helpers.recording_account import Picture, account, between, silent_times
from tests.helpers.recording_chaos import assert_explained, assert_in_order, settled_account
from tests.helpers.recording_pipeline import RecordedPipeline, parsed_ns, rfc3339

pytestmark = pytest.mark.timeout(180)

FLAGS = {
    "changing": ("--rates", "5,15,30,2:3"),
    "slow": ("--rates", "0.5"),
    "jumpy": ("--jitter", "60", "--burst", "4"),
    "growing": ("--resize", "vga:6"),
}
RECORDED_S = 14.0
# Where a file follows another the playlist has EXT-X-DISCONTINUITY (RFC 8216, section 4.3.2.3): a new init segment, and
# times that begin anew. ffmpeg 5.1 knows that tag not, plays on, and says these.
AT_A_SEAM = ("Found duplicated MOOV Atom", "out of order", "Last message repeated", "Non-monotonous DTS")


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory) -> Iterator[RecordedPipeline]:
    """Yield a pipeline that has recorded, and records on."""
    with RecordedPipeline(
        tmp_path_factory.mktemp("pictures"), segment_s=4, env={"CAM_TRANSCODE_GOP_S": "1"}
    ) as running:
        for camera, flags in FLAGS.items():
            running.logged_camera(camera, *flags)
        for camera in FLAGS:
            running.wait_for_footage(camera)
        for camera in FLAGS:
            running.wait_for_seconds(camera, RECORDED_S if camera == "changing" else 0)
        running.wait_for_library()
        yield running


@pytest.fixture(scope="module")
def stretch(pipeline) -> tuple[int, int]:
    """Return a range with footage of `changing` from over several files."""
    rows = pipeline.files("changing")
    return rows[0].start_ns + NS_PER_S, rows[-1].end_ns - NS_PER_S


def played(pipeline: RecordedPipeline, tmp_path: Path, camera: str, from_ns: int, to_ns: int) -> tuple[Path, int]:
    """Return the file that play.mp4 gives, and the time of its first sample."""
    query = {"from": rfc3339(from_ns), "to": rfc3339(to_ns)}
    code, _headers, body = pipeline.get(f"/api/recordings/{camera}/play.mp4", **query)
    assert code == 200, body[:300]
    frames = pipeline.get_json(f"/api/recordings/{camera}/frames", **query)
    path = tmp_path / f"{camera}.mp4"
    path.write_bytes(body)
    return path, parsed_ns(frames["start"])


@pytest.mark.parametrize("camera", FLAGS)
def test_every_picture_is_recorded_once_and_at_its_time(pipeline, camera):
    settled = settled_account(pipeline, camera)
    print(camera, settled.told())
    assert_in_order(pipeline, camera, settled)
    assert_explained(pipeline, camera, settled)
    # Between two files of a slow camera its last picture stands: the file says only for how long at least.
    assert not silent_times(pipeline.files(camera), pipeline.gaps(camera), 3 * NS_PER_S)


def test_timeline_has_no_hole_that_no_row_speaks_of(pipeline):
    found = pipeline.get_json("/api/recordings", camera="slow")["cameras"]
    assert [len(row["spans"]) for row in found] == [1]
    rows = pipeline.files("slow")
    frames = pipeline.get_json(
        "/api/recordings/slow/frames", **{"from": rfc3339(rows[0].start_ns), "to": rfc3339(rows[-1].end_ns)}
    )
    apart_ms = [after - before for before, after in itertools.pairwise(frames["times_ms"])]
    assert all(1000 < apart < 3500 for apart in apart_ms), apart_ms


@pytest.mark.parametrize("camera", FLAGS)
def test_files_open_and_done_are_good_for_ffmpeg(pipeline, camera):
    rows = pipeline.files(camera)
    assert [row.state for row in rows].count(State.OPEN) <= 1
    for row in rows:
        assert complaints(pipeline.folder_of(camera) / row.name) == "", row


def test_finished_file_lasts_as_long_as_its_row_says(pipeline):
    done = [row for row in pipeline.files("changing") if row.state is State.DONE]
    assert len(done) >= 2
    for row in done:
        lasts_s = probed_duration_s(pipeline.folder_of("changing") / row.name)
        assert lasts_s == pytest.approx((row.end_ns - row.start_ns) / NS_PER_S, abs=0.05)


def test_play_mp4_has_every_picture_of_its_range_once(pipeline, stretch, tmp_path):
    path, start_ns = played(pipeline, tmp_path, "changing", *stretch)
    assert complaints(path) == ""
    frames = pipeline.get_json(
        "/api/recordings/changing/frames", **{"from": rfc3339(stretch[0]), "to": rfc3339(stretch[1])}
    )
    numbers = [number for number, _ in numbers_in(path)]
    assert len(numbers) == len(frames["times_ms"])
    pictures = [
        Picture(number, start_ns + round(offset_ms * NS_PER_MS))
        for number, offset_ms in zip(numbers, frames["times_ms"], strict=True)
    ]
    first, last = numbers[0], numbers[-1]
    found = account([frame for frame in pipeline.sent("changing") if first <= frame.number <= last], pictures)
    assert (found.missing, found.twice, found.unknown) == ([], [], [])
    assert not found.misplaced(500 * NS_PER_MS)
    # It begins and ends where it was asked to, to the keyframe before.
    wanted = {frame.number for frame in between(pipeline.sent("changing"), stretch[0], stretch[1] - NS_PER_S)}
    assert wanted <= set(numbers)


def test_play_mp4_of_a_changing_size_is_good_for_ffmpeg(pipeline, tmp_path):
    rows = pipeline.files("growing")
    assert len({(row.width, row.height) for row in rows}) == 2
    path, _ = played(pipeline, tmp_path, "growing", rows[0].start_ns, rows[-1].end_ns)
    assert complaints(path) == ""


def test_hls_is_good_for_ffmpeg(pipeline, stretch):
    query = f"from={rfc3339(stretch[0])}&to={rfc3339(stretch[1])}"
    playlist = pipeline.url(f"/api/recordings/changing/index.m3u8?{query}")
    said = [line for line in complaints(playlist).splitlines() if not any(word in line for word in AT_A_SEAM)]
    assert not said


def test_exports_are_good_for_ffmpeg(pipeline, stretch, tmp_path):
    for kind in ("clip", "timelapse"):
        order = {"camera": "changing", "from": rfc3339(stretch[0]), "to": rfc3339(stretch[1]), "kind": kind}
        code, body = pipeline.ask("POST", "/api/exports", order | ({"speed": 4} if kind == "timelapse" else {}))
        assert code == 202, body
        export = json.loads(body)["id"]

        def is_done(export: str = export) -> bool:
            state = pipeline.get_json(f"/api/exports/{export}")
            assert state["state"] != "failed", state
            return bool(state["state"] == "done")

        pipeline.wait_until(is_done, f"the export of a {kind}", 40)
        code, _, video = pipeline.get(pipeline.get_json(f"/api/exports/{export}")["address"])
        assert code == 200
        path = tmp_path / f"{kind}.mp4"
        path.write_bytes(video)
        assert complaints(path) == ""
