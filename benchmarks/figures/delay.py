"""Camera's send to viewer's receipt of the access unit, beside the same pictures through an ffmpeg subprocess."""

from itertools import takewhile
from statistics import median
from typing import Final

from benchmarks import ffmpeg, piped, reading
from benchmarks.camera import camera
from benchmarks.rows import Row, Yardstick
from benchmarks.run import Run
from benchmarks.stats import delays_ms, percentile, spread
from benchmarks.viewer import Viewer
from common.units import NS_PER_S

NAME: Final = "delay"
FPS: Final = 30
# The first pictures meet a cold encoder and cold caches; they are left out, on both sides.
WARM_S: Final = 0.5
_P50_MS: Final = 6.0
_P99_MS: Final = 12.0
_RATIO: Final = 0.2

# Delays in ms, a list a block.
_Blocks = list[list[float]]


def measure(run: Run) -> list[Row]:
    """Return p50 and p99, each the median over blocks; ours and the yardstick's take turns."""
    blocks, length_s = (1, 4.0) if run.quick else (5, 9.0)
    ours, theirs, missing = [], [], 0
    for block in range(blocks):
        block_ms, lost = _ours(run, f"delay-{block}", length_s)
        ours.append(block_ms)
        missing += lost
        if ffmpeg.is_here():
            theirs.append(piped.delays(length_s, FPS, WARM_S))
    return [
        _row(50, ours, theirs, _P50_MS, _RATIO, f"{sum(map(len, ours))} pictures, {missing} sent and not received"),
        _row(99, ours, theirs, _P99_MS, None, ""),
    ]


def _row(percent: int, ours: _Blocks, theirs: _Blocks, at_most: float, ratio_at_most: float | None, note: str) -> Row:
    what = f"camera's send to viewer's receipt, VGA {FPS} fps, p{percent}"
    values = [percentile(block_ms, percent) for block_ms in ours]
    stick = Yardstick(ffmpeg.MISSING, None)
    if theirs:
        stick = Yardstick("ffmpeg -f mjpeg -i pipe:", median(percentile(block_ms, percent) for block_ms in theirs))
    notes = [note, spread(values)]
    return Row(NAME, what, "ms", median(values), at_most, stick, None, ratio_at_most, "; ".join(filter(None, notes)))


def _ours(run: Run, name: str, length_s: float) -> tuple[list[float], int]:
    """Return the delays, and how many pictures between the first and the last received one are missing."""
    pipeline = run.pipeline()
    with camera(run.folder, pipeline.port, name, FPS) as source:
        pipeline.wait_online(name)
        with Viewer(pipeline.port, f"/ws/viewer?camera={name}&format=h264") as viewer:
            end_ns = viewer.started_ns + round((WARM_S + length_s) * NS_PER_S)
            received = list(takewhile(lambda one: one.mono_ns < end_ns, viewer.pictures()))
        sent_ns = source.sent_ns()
    # The number in the picture says which one it is, whatever the server says of it.
    seen = dict(zip(reading.numbers(one.payload for one in received), received, strict=True))
    warm_ns = received[0].mono_ns + round(WARM_S * NS_PER_S)
    receipts = {number: one.mono_ns for number, one in seen.items() if number is not None and one.mono_ns > warm_ns}
    missing = max(receipts) - min(receipts) + 1 - len(receipts)
    return delays_ms(sent_ns, receipts), missing
