"""A viewer's join to its first decodable picture, the camera unwatched before, or already watched."""

import random
import time
from typing import Final

from benchmarks.calm import Span, calm, told
from benchmarks.camera import camera
from benchmarks.native import stalls
from benchmarks.rows import Row, Yardstick
from benchmarks.run import Run
from benchmarks.stats import percentile
from benchmarks.viewer import Viewer
from common.h264 import NalType, parse_access_unit
from common.settings import TranscodeSettings

NAME: Final = "join"
_FPS: Final = 25
_TARGET_MS: Final = 60.0
# Joined in turn, so that each one's encoder is closed again when its turn comes.
_CAMERAS: Final = 8
_MARGIN_S: Final = 1.5


def measure(run: Run) -> list[Row]:
    """Return p95 of both kinds of join."""
    pipeline = run.pipeline()
    dice = random.Random(1)
    with camera(run.folder, pipeline.port, "join", _FPS, "--prerender", "25", count=_CAMERAS):
        names = [f"join-{number}" for number in range(1, _CAMERAS + 1)]
        for name in names:
            pipeline.wait_online(name)
        with stalls(run.folder) as stood_still:
            cold = _cold(run, names, 1 if run.quick else 3, dice)
            watched = _watched(run, names[0], 8 if run.quick else 40, dice)
    return [
        _row("camera unwatched before", cold, stood_still),
        _row("camera already watched", watched, stood_still),
    ]


def _row(what: str, joins: list[Span], stood_still: list[Span]) -> Row:
    kept = calm(joins, stood_still)
    joins_ms = [join.ms for join in kept or joins]
    note = f"{len(joins_ms)} joins, p50 {percentile(joins_ms, 50):.1f} ms, worst {max(joins_ms):.1f} ms"
    note = "; ".join(filter(None, [note, told(joins, kept)]))
    stick = Yardstick("the camera's frame interval", 1000 / _FPS)
    return Row(NAME, f"first decodable picture, {what}, p95", "ms", percentile(joins_ms, 95), _TARGET_MS, stick,
               note=note)  # fmt: skip


def _cold(run: Run, names: list[str], rounds: int, dice: random.Random) -> list[Span]:
    joins = []
    for number in range(rounds):
        if number:
            time.sleep(TranscodeSettings().idle_close_s + _MARGIN_S)
        for name in names:
            joins.append(_join(run, name))
            # At any moment of a frame interval.
            time.sleep(0.1 + dice.random() / _FPS)
    return joins


def _watched(run: Run, name: str, count: int, dice: random.Random) -> list[Span]:
    joins = []
    with Viewer(run.pipeline().port, f"/ws/viewer?camera={name}&format=h264") as viewer:
        next(viewer.pictures())
        for _ in range(count):
            # Beyond the last joiner's keyframe being young.
            time.sleep(0.35 + dice.random() / _FPS)
            joins.append(_join(run, name))
    return joins


def _join(run: Run, name: str) -> Span:
    with Viewer(run.pipeline().port, f"/ws/viewer?camera={name}&format=h264") as viewer:
        for picture in viewer.pictures():
            unit = parse_access_unit(picture.payload)
            if unit.is_key and unit.of_type(NalType.SPS) and unit.of_type(NalType.PPS):
                return Span(viewer.started_ns, picture.mono_ns)
    raise ConnectionError(f"camera {name}: the server hung up before the first picture")
