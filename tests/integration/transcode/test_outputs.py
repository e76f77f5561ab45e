"""Programs that are not ours read what comes out: ffprobe and ffmpeg, without a word of complaint."""

import subprocess
from itertools import accumulate
from pathlib import Path

import pytest

from common.frame import Frame
from common.topics import H264, MP4, topic
from common.units import NS_PER_S
from tests.helpers.encode_bench import Bench
from tests.helpers.jpegs import REAL_JPEGS
from tests.helpers.outputs import decode_errors, packet_times, probe
from tests.helpers.video import grey_jpeg, jpeg, to_samples

pytestmark = pytest.mark.requires_tool("ffmpeg", "ffprobe")

SECOND = NS_PER_S


def film(bench: Bench, camera: str, pictures: list[bytes], steps_ns: list[int], **changes: object) -> list[Frame]:
    """Let a camera send pictures at those distances of media time, as fast as they are encoded."""
    bench.assign(camera)
    bench.watch(topic(H264, camera), topic(MP4, camera))
    times = accumulate(steps_ns, initial=1_795_000_000 * SECOND)
    return [
        bench.exchange(camera, data, MP4, media_time_ns=at, interval_ns=step, **changes)
        for data, at, step in zip(pictures, times, [*steps_ns, steps_ns[-1]], strict=False)
    ]


def save(path: Path, frames: list[Frame]) -> Path:
    path.write_bytes(frames[0].init + b"".join(frame.payload for frame in frames))
    return path


def annex_b(bench: Bench, camera: str, path: Path, count: int) -> Path:
    frames = bench.wait_frames(topic(H264, camera), count)
    path.write_bytes(b"".join(frame.payload for frame in frames))
    return path


def check(bench: Bench, camera: str, tmp_path: Path, frames: list[Frame]) -> tuple[Path, Path]:
    """Return both outputs as files that decode to the last picture without a complaint."""
    mp4 = save(tmp_path / "out.mp4", frames)
    raw = annex_b(bench, camera, tmp_path / "out.h264", len(frames))
    for path in (mp4, raw):
        assert decode_errors(path) == ""
        assert len(probe(path)["packets"]) == len(frames)
    return mp4, raw


@pytest.mark.parametrize(
    "steps_ns",
    [
        [2 * SECOND] * 8,
        [SECOND // 5] * 30,
        [SECOND // 30] * 60,
        [40_000_000, 41_000_000, 38_000_000, 3 * SECOND, 40_000_000, 500_000_000, 33_333_333, 1_000_000, 40_000_000]
        * 3,
    ],
    ids=["0.5 fps", "5 fps", "30 fps", "varying"],
)
def test_times_in_the_file_are_the_cameras(bench, camera, tmp_path, steps_ns):
    pictures = [jpeg(320, 240, seed=n % 5) for n in range(len(steps_ns) + 1)]
    frames = film(bench, camera, pictures, steps_ns)
    mp4, _ = check(bench, camera, tmp_path, frames)
    times = packet_times(mp4)
    expected = list(accumulate((step / SECOND for step in steps_ns), initial=times[0]))
    assert times[0] == pytest.approx(1_795_000_000, abs=0.001)
    assert times == pytest.approx(expected, abs=0.0001)


@pytest.mark.parametrize("size", [(640, 480), (800, 600), (1280, 720), (1600, 1200), (641, 481), (96, 96)])
def test_every_size_is_read_without_a_complaint(bench, camera, tmp_path, size):
    frames = film(bench, camera, [jpeg(*size, seed=n) for n in range(6)], [SECOND // 25] * 5)
    for path in check(bench, camera, tmp_path, frames):
        stream = probe(path)["streams"][0]
        assert (stream["width"], stream["height"]) == (size[0] & ~1, size[1] & ~1)
        assert stream["profile"] == "Constrained Baseline"
        assert stream["has_b_frames"] == 0
        colours = {key: stream[key] for key in ("color_range", "color_space", "color_transfer", "color_primaries")}
        assert list(colours.values()) == ["pc", "smpte170m", "iec61966-2-1", "bt709"]


def test_layouts_may_change_in_mid_stream(bench, camera, tmp_path):
    pictures = [
        jpeg(320, 240, "yuvj422p"),
        jpeg(320, 240, "yuvj420p"),
        grey_jpeg(320, 240, lambda column, row: column * row % 256),
        jpeg(320, 240, "yuvj444p"),
    ]
    check(bench, camera, tmp_path, film(bench, camera, pictures * 3, [SECOND // 25] * 11))


@pytest.mark.parametrize("colour", [(230, 40, 60), (20, 200, 90), (60, 80, 220)])
def test_colour_at_720p_survives_the_way_to_an_outside_player(bench, camera, tmp_path, colour):
    frames = film(bench, camera, [jpeg(1280, 720, fill=to_samples(*colour))] * 3, [SECOND // 25] * 2)
    for path in check(bench, camera, tmp_path, frames):
        command = ["ffmpeg", "-v", "error", "-i", str(path), "-vf", "crop=16:16:640:360,scale=flags=accurate_rnd"]
        rgb = subprocess.run([*command, "-pix_fmt", "rgb24", "-f", "rawvideo", "-"], capture_output=True, check=True)
        assert rgb.stderr == b""
        shown = rgb.stdout[-3:]
        assert all(abs(channel - wanted) <= 4 for channel, wanted in zip(shown, colour, strict=True)), tuple(shown)


@pytest.mark.skipif(not REAL_JPEGS.is_dir(), reason="no real frames on this machine")
@pytest.mark.parametrize("kind", ["vga", "svga"])
def test_real_frames_become_a_stream(bench, camera, tmp_path, kind):
    pictures = [path.read_bytes() for path in sorted(REAL_JPEGS.glob(f"ov2640_{kind}_*.jpg"))]
    frames = film(bench, camera, pictures * 4, [SECOND // 10] * (len(pictures) * 4 - 1))
    check(bench, camera, tmp_path, frames)
