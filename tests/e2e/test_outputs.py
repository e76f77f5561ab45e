"""Programs that know nothing of us read every output: ffmpeg, ffprobe, a plain WebSocket client."""

import itertools
import subprocess
import urllib.request
from pathlib import Path

import pytest

from tests.helpers.outputs import (
    decode_errors,
    packet_times,
    probe,
    read_stream,
    whole_access_units,
    whole_boxes,
    whole_parts,
)
from tests.helpers.pipeline import Pipeline
from tests.helpers.viewer import Viewer

pytestmark = pytest.mark.timeout(120)

# Half of the distance of two frames at 30 a second, and what two clocks and a tick may differ.
TIME_ERROR_S = 0.025
# A frame that waited for the processor, on a machine that does a lot else, between its sending and its stamp.
STARVED_S = 0.2


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    with Pipeline(tmp_path_factory.mktemp("outputs")) as running:
        running.mock_camera("porch", fps=25)
        running.wait_for_camera("porch")
        yield running


def save(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def test_ffmpeg_decodes_stream_h264_without_a_word(pipeline, tmp_path):
    stream = whole_access_units(read_stream(pipeline.url("/cameras/porch/stream.h264"), 2, 20_000))
    path = save(tmp_path / "porch.h264", stream)
    assert decode_errors(path) == ""
    (video,) = probe(path)["streams"]
    assert (video["codec_name"], video["width"], video["height"]) == ("h264", 640, 480)
    assert (video["color_range"], video["color_space"]) == ("pc", "smpte170m")
    assert (video["color_primaries"], video["color_transfer"]) == ("bt709", "iec61966-2-1")
    assert video["has_b_frames"] == 0


def test_ffmpeg_decodes_stream_mp4_without_a_word_and_it_starts_near_zero(pipeline, tmp_path):
    path = save(tmp_path / "porch.mp4", whole_boxes(read_stream(pipeline.url("/cameras/porch/stream.mp4"), 2, 20_000)))
    assert decode_errors(path) == ""
    times = packet_times(path)
    assert 0 <= times[0] < 0.5
    assert len(times) > 20
    assert all(b > a for a, b in itertools.pairwise(times))


def test_ffmpeg_decodes_stream_mjpeg_without_a_word(pipeline, tmp_path):
    stream = whole_parts(read_stream(pipeline.url("/cameras/porch/stream.mjpeg"), 2, 100_000))
    path = save(tmp_path / "porch.mjpeg", stream)
    assert decode_errors(path, "-f", "mpjpeg") == ""


def test_ffmpeg_reads_the_streams_over_http_itself(pipeline):
    for name, options in (("stream.h264", ["-f", "h264"]), ("stream.mp4", []), ("stream.mjpeg", ["-f", "mpjpeg"])):
        url = pipeline.url(f"/cameras/porch/{name}")
        command = ["ffmpeg", "-v", "error", "-nostdin", *options, "-i", url, "-frames:v", "10", "-f", "null", "-"]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert (ended.returncode, ended.stderr) == (0, ""), name


def test_snapshot_is_a_jpeg_of_the_camera(pipeline, tmp_path):
    with urllib.request.urlopen(pipeline.url("/cameras/porch/snapshot.jpg"), timeout=5) as answer:
        assert answer.headers["Content-Type"] == "image/jpeg"
        path = save(tmp_path / "porch.jpg", answer.read())
    (picture,) = probe(path)["streams"]
    assert (picture["codec_name"], picture["width"], picture["height"]) == ("mjpeg", 640, 480)


@pytest.mark.parametrize(("kind", "ending"), [("h264", "h264"), ("mp4", "mp4"), ("jpeg", "mjpeg")])
def test_saved_viewer_stream_plays_when_its_messages_are_joined(pipeline, tmp_path, kind, ending):
    with Viewer(pipeline.url(f"/ws/viewer?camera=porch&format={kind}", "ws")) as viewer:
        viewer.wait_for(40)
        path = save(tmp_path / f"saved.{ending}", b"".join(picture.payload for picture in list(viewer.pictures)))
    assert decode_errors(path) == ""


@pytest.mark.parametrize(
    ("camera", "options", "seconds"),
    [
        ("slow", ["--fps", "0.5"], 9),
        ("five", ["--fps", "5"], 4),
        ("thirty", ["--fps", "30"], 3),
        ("varying", ["--fps", "4", "--jitter", "200"], 5),
    ],
)
def test_times_in_the_mp4_match_the_camera_s_pace(pipeline, tmp_path, camera, options, seconds):
    sends = tmp_path / "sends"
    device = pipeline.mock_camera(camera, "--log-sends", str(sends), *options, size="qvga")
    try:
        pipeline.wait_for_camera(camera)
        stream = read_stream(pipeline.url(f"/cameras/{camera}/stream.mp4"), seconds)
    finally:
        device.terminate()
        device.wait()
    path = save(tmp_path / "pace.mp4", whole_boxes(stream))
    assert decode_errors(path) == ""
    shown = packet_times(path)
    sent = [int(line.split()[1]) / 1e9 for line in sends.read_text().splitlines()]
    assert len(shown) >= 4
    errors = best_shift_errors(shown, sent)
    assert errors[len(errors) * 3 // 4] < TIME_ERROR_S
    assert errors[-1] < STARVED_S


def best_shift_errors(shown: list[float], sent: list[float]) -> list[float]:
    """Return the differences of distances, smallest first, for the place in `sent` where `shown` fits best.

    A newcomer's first picture may be an older one, sent again: it is left out.
    """
    gaps = [b - a for a, b in itertools.pairwise(shown[1:])]
    fits = []
    for start in range(len(sent) - len(gaps)):
        part = itertools.pairwise(sent[start : start + len(gaps) + 1])
        fits.append(sorted(abs((b - a) - gap) for (a, b), gap in zip(part, gaps, strict=True)))
    assert fits, f"{len(shown)} pictures shown of {len(sent)} sent"
    return min(fits, key=sum)
