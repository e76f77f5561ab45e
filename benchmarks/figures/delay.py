"""Camera's send to viewer's receipt of the access unit, beside the same pictures through an ffmpeg subprocess."""

from dataclasses import dataclass, field
from itertools import takewhile
from typing import Final

from benchmarks import ffmpeg, piped, reading
from benchmarks.camera import camera
from benchmarks.rows import Row, Yardstick
from benchmarks.run import Run
from benchmarks.stats import FEW_SAMPLES, delays_ms, percentile, spread
from benchmarks.viewer import Viewer
from common.units import NS_PER_S

NAME: Final = "delay"
FPS: Final = 30
# The first pictures meet a cold encoder and cold caches; they are left out, on both sides.
WARM_S: Final = 0.5
_P50_MS: Final = 6.0
_P99_MS: Final = 12.0
_RATIO: Final = 0.2


@dataclass
class _Blocks:
    """What blocks of measuring gave: all delays, and each block's median."""

    delays_ms: list[float] = field(default_factory=list)
    medians_ms: list[float] = field(default_factory=list)

    def add(self, block_ms: list[float]) -> None:
        self.delays_ms += block_ms
        self.medians_ms.append(percentile(block_ms, 50))


def measure(run: Run) -> list[Row]:
    """Return p50 and p99; ours and the yardstick's blocks take turns."""
    blocks, length_s = (1, 4.0) if run.quick else (3, 15.0)
    ours, theirs, missing = _Blocks(), _Blocks(), 0
    for block in range(blocks):
        block_ms, lost = _ours(run, f"delay-{block}", length_s)
        ours.add(block_ms)
        missing += lost
        if ffmpeg.is_here():
            theirs.add(piped.delays(length_s, FPS, WARM_S))
    note = f"{len(ours.delays_ms)} pictures, {missing} sent and not received"
    if blocks > 1:
        note += f"; medians {spread(ours.medians_ms)}"
    if len(ours.delays_ms) < FEW_SAMPLES:
        note = f"few samples; {note}"
    return [
        _row("p50", 50, ours, theirs, _P50_MS, _RATIO, note),
        _row("p99", 99, ours, theirs, _P99_MS, None, ""),
    ]


def _row(
    word: str, percent: float, ours: _Blocks, theirs: _Blocks, at_most: float, ratio_at_most: float | None, note: str
) -> Row:
    what = f"camera's send to viewer's receipt, VGA {FPS} fps, {word}"
    stick = Yardstick(ffmpeg.MISSING, None)
    if theirs.delays_ms:
        stick = Yardstick("ffmpeg -f mjpeg -i pipe:", percentile(theirs.delays_ms, percent))
    return Row(NAME, what, "ms", percentile(ours.delays_ms, percent), at_most, stick, None, ratio_at_most, note)


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
