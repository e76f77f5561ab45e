"""Camera's send to viewer's receipt of the access unit, beside the same pictures through an ffmpeg subprocess."""

from dataclasses import dataclass
from itertools import takewhile
from statistics import median
from typing import Final

from benchmarks import ffmpeg, piped, reading
from benchmarks.calm import Span, calm, told
from benchmarks.camera import camera, drawn_before
from benchmarks.native import stalls
from benchmarks.rows import Row, Yardstick
from benchmarks.run import Run
from benchmarks.stats import percentile, spread, ways
from benchmarks.viewer import Viewer
from common.units import NS_PER_S

NAME: Final = "delay"
FPS: Final = 30
# The first pictures meet a cold encoder and cold caches; they are left out, on both sides.
WARM_S: Final = 0.5
_P50_MS: Final = 6.0
_P99_MS: Final = 12.0
_RATIO: Final = 0.2

_YARDSTICK: Final = "ffmpeg -f mjpeg -i pipe:"


@dataclass(frozen=True, slots=True)
class _Block:
    """The ways of some seconds' pictures, and those of them in which the machine ran."""

    spans: list[Span]
    calm: list[Span]
    missing: int = 0

    def ms(self, percent: float) -> float:
        return percentile([span.ms for span in self.calm or self.spans], percent)


def measure(run: Run) -> list[Row]:
    """Return p50 and p99, each the median over blocks; ours and the yardstick's take turns."""
    blocks, length_s = (1, 2.4) if run.quick else (3, 6.0)
    ours, theirs = [], []
    for block in range(blocks):
        ours.append(_ours(run, f"delay-{block}", length_s))
        if ffmpeg.is_here():
            theirs.append(_ffmpeg(run, length_s))
    return [_row(50, ours, theirs, _P50_MS, _RATIO), _row(99, ours, theirs, _P99_MS, None)]


def _row(percent: int, ours: list[_Block], theirs: list[_Block], at_most: float, ratio_at_most: float | None) -> Row:
    what = f"camera's send to viewer's receipt, VGA {FPS} fps, p{percent}"
    values = [block.ms(percent) for block in ours]
    stick = Yardstick(ffmpeg.MISSING, None)
    if theirs:
        stick = Yardstick(_YARDSTICK, median(block.ms(percent) for block in theirs))
    note = _note(ours) if percent == 50 else f"{_YARDSTICK} {_note(theirs)}"
    notes = [spread(values), note if theirs or percent == 50 else ""]
    return Row(NAME, what, "ms", median(values), at_most, stick, None, ratio_at_most, "; ".join(filter(None, notes)))


def _note(blocks: list[_Block]) -> str:
    spans = [span for block in blocks for span in block.spans]
    kept = [span for block in blocks for span in block.calm]
    everything = f"all {len(spans)} pictures: p99 {percentile([span.ms for span in spans], 99):.1f} ms"
    missing = f"{sum(block.missing for block in blocks)} sent and not received"
    return "; ".join(filter(None, [everything, missing, told(spans, kept)]))


def _ffmpeg(run: Run, length_s: float) -> _Block:
    with stalls(run.folder) as stood_still:
        spans = piped.ways_through(length_s, FPS, WARM_S)
    return _Block(spans, calm(spans, stood_still))


def _ours(run: Run, name: str, length_s: float) -> _Block:
    """Return the ways, and how many pictures between the first and the last received one are missing."""
    pipeline = run.pipeline()
    flags = drawn_before(length_s, FPS)
    with camera(run.folder, pipeline.port, name, FPS, *flags) as source, stalls(run.folder) as stood_still:
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
    spans = ways(sent_ns, receipts)
    return _Block(spans, calm(spans, stood_still), missing)
