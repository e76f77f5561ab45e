"""Video files as ffprobe sees them: no warning, and each picture at its time, while they are written and after."""

import json
import random
import subprocess
from itertools import accumulate
from pathlib import Path

import pytest

from common import fmp4
from common.codec import H264Encoder, JpegDecoder
from common.encoders import EncoderOptions
from common.recordings.container import Sample
from common.recordings.reading import read_table
from common.recordings.video import VideoWriter
from common.units import HZ_90K, NS_PER_S
from tests.helpers.recording_files import START_NS, facts
from tests.helpers.video import jpeg

pytestmark = pytest.mark.requires_tool("ffprobe")

TICK_S = 1 / HZ_90K


def recorded(times_ns: list[int]) -> tuple[bytes, list[Sample]]:
    """Return real samples of these times, with a keyframe at least every two seconds."""
    encoder, decoder = H264Encoder(EncoderOptions(64, 48, bitrate_kbps=200)), JpegDecoder()
    init, samples, key_ns = b"", [], -10 * NS_PER_S
    for index, time_ns in enumerate(times_ns):
        is_due = time_ns - key_ns >= 2 * NS_PER_S
        key_ns = time_ns if is_due else key_ns
        unit = encoder.encode(decoder.decode(jpeg(64, 48, seed=index % 3)), time_ns * 9 // 100_000, idr=is_due)
        init = init or fmp4.init_segment(unit)
        samples.append(Sample(START_NS + time_ns, unit.is_key, fmp4.sample(unit)))
    return init, samples


def even(fps: float, count: int) -> list[int]:
    return [round(index * NS_PER_S / fps) for index in range(count)]


def changing() -> list[int]:
    rng = random.Random(5)
    steps = [rng.choice((33, 40, 66, 67, 200, 900, 5000)) * 1_000_000 + rng.randrange(999_999) for _ in range(59)]
    return [0, *accumulate(steps)]


RATES = {"0.2": even(0.2, 8), "5": even(5, 30), "15": even(15, 60), "30": even(30, 90), "changing": changing()}


def ffprobe(path: Path) -> dict[str, object]:
    entries = "format=start_time,duration:stream=duration,nb_read_frames:packet=pts_time,dts_time,flags"
    command = ["ffprobe", "-v", "warning", "-count_frames", "-show_entries", entries, "-of", "json", str(path)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=50, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    said: dict[str, object] = json.loads(run.stdout)
    return said


def assert_seen(path: Path, samples: list[Sample], end_ns: int) -> None:
    said = ffprobe(path)
    packets, form, (stream,) = said["packets"], said["format"], said["streams"]
    times_s = [(sample.time_ns - START_NS) / NS_PER_S for sample in samples]
    assert [float(packet["pts_time"]) for packet in packets] == pytest.approx(times_s, abs=2 * TICK_S)
    assert [packet["dts_time"] for packet in packets] == [packet["pts_time"] for packet in packets]
    assert [packet["flags"].startswith("K") for packet in packets] == [sample.is_key for sample in samples]
    assert float(form["start_time"]) == 0
    assert int(stream["nb_read_frames"]) == len(samples)
    for duration in (form["duration"], stream["duration"]):
        assert float(duration) == pytest.approx((end_ns - START_NS) / NS_PER_S, abs=2 * TICK_S)


@pytest.mark.parametrize("rate", RATES)
def test_ffprobe_sees_every_picture_at_its_time(tmp_path, rate):
    times_ns = RATES[rate]
    init, samples = recorded(times_ns)
    writer = VideoWriter(tmp_path, facts(), init)
    path = tmp_path / writer.name
    # As the recorder does: a fragment a pass, which knows the last picture's length only roughly.
    fragments: list[list[Sample]] = []
    for sample in samples:
        if not fragments or sample.time_ns - fragments[-1][0].time_ns >= NS_PER_S:
            fragments.append([])
        fragments[-1].append(sample)
    for number, part in enumerate(fragments):
        is_last = number == len(fragments) - 1
        writer.append(part, part[-1].time_ns + NS_PER_S // (1 if is_last else 20))
        if number == len(fragments) // 2:
            writer.sync()
            assert_seen(path, samples[: writer.frames], writer.end_ns)
    assert_seen(path, samples, writer.end_ns)
    writer.close()
    assert_seen(path, samples, writer.end_ns)
    assert len(read_table(path).sizes) == len(samples)
