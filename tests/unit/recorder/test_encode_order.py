"""Orders to the process that encodes, and its answers, go there and back as text."""

import json
from dataclasses import replace

import pytest

from common.recordings.rows import FileRow, Kind, State
from services.recorder.encode_order import Made, Order

ORDER = Order(
    camera="porch",
    originals="/recordings/porch/2026-11-22/porch_20261122T213309.123Z.spool",
    into="/recordings/porch/.encoding",
    end_ns=1_795_383_200_123_456_789,
    shift_ns=-5,
    interval_ns=66_666_667,
    gop_ns=2_000_000_000,
    preset="veryfast",
    bitrate_kbps=900,
    cpu_limit_s=60,
)
ROW = FileRow(
    name="2026-11-22/porch_20261122T213309.123Z.mp4",
    kind=Kind.VIDEO,
    state=State.DONE,
    start_ns=1,
    end_ns=2,
    size_bytes=3,
    frames=4,
    width=640,
    height=480,
    codec="avc1.42C01F",
    shift_ns=9,
    skipped={"corrupt": 2},
)


def test_order_is_the_same_when_it_was_text():
    assert Order.from_line(ORDER.to_line()) == ORDER


def test_order_says_how_the_camera_is_encoded_live():
    assert (ORDER.options.encoder, ORDER.options.preset, ORDER.options.bitrate_kbps) == ("libx264", "veryfast", 900)


@pytest.mark.parametrize(
    "made",
    [
        Made(),
        Made((ROW, replace(ROW, start_ns=5)), frames=9, damaged=2),
        Made(problem="Kein Platz übrig", is_disk=True),
    ],
)
def test_answer_is_the_same_when_it_was_text(made):
    line = made.to_line()

    assert Made.from_line(line) == made
    assert "\n" not in line


@pytest.mark.parametrize("line", ["", "{", "[]", "{}", json.dumps({"videos": [{}]})])
def test_answer_is_refused_when_it_is_none(line):
    with pytest.raises((ValueError, KeyError, TypeError)):
        Made.from_line(line)
