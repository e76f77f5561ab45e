"""Many viewers joining within a second: how soon each has a picture, what those lose who watch, what it costs them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from benchmarks import native
from benchmarks.crowd import Ages, crowd
from benchmarks.fleet import NAME as CAMERA
from benchmarks.fleet import viewer_path
from benchmarks.load import watched
from benchmarks.rows import Row, Yardstick, not_measured
from benchmarks.run import Run, ShippedPipeline
from benchmarks.stats import percentile, spread
from benchmarks.viewer import Viewer
from common.units import NS_PER_S

NAME: Final = "rush"
_FPS: Final = 25
_WATCHING: Final = 50
_TARGETS_MS: Final = {1000: 400.0, 100: 120.0}
_EXTRA_KEYFRAMES: Final = 3
# A newcomer may start at a keyframe of the last 300 ms, and the next regular one is seconds away: nothing but the rush
# asks for keyframes from then on.
_AFTER_KEYFRAME_S: Final = 0.6
_LASTS_S: Final = 1.6
_KEYFRAME_S: Final = 10.0


def measure(run: Run) -> list[Row]:
    """Return first pictures of 1,000 and of 100, what the watching ones missed, and the keyframes that were made."""
    if not native.can_compile():
        return [not_measured(NAME, "first picture of 1,000 viewers joining", "ms", native.MISSING)]
    pipeline = run.pipeline(fanout=2, transcode=2)
    rows = []
    with (
        watched(pipeline, cameras=1, viewers=_WATCHING, fps=_FPS) as (sources, watching),
        _keyframes(pipeline) as keyframes,
    ):
        for count, target_ms in _TARGETS_MS.items():
            watching.reset()
            rounds = [_rush(pipeline, count, keyframes) for _ in range(1 if run.quick else 2)]
            report = watching.report()
            firsts = [first for first, _ in rounds]
            extra = max(keys for _, keys in rounds)
            rows += _rows(count, target_ms, firsts, extra, report.missing, report.gaps)
        assert sources.count == 1
    return rows


def _rows(count: int, target_ms: float, firsts: list[Ages], extra: int, missing: int, gaps: int) -> list[Row]:
    p95s = [first.p95 for first in firsts]
    note = (
        f"p50 {firsts[-1].p50:.0f}, most {max(first.most for first in firsts):.0f} ms; {spread(p95s, 0) or 'one round'}"
    )
    stick = Yardstick("the camera's frame interval", 1000 / _FPS)
    first_row = Row(NAME, f"first picture of {count} viewers joining within a second, p95", "ms", percentile(p95s, 50),
                    target_ms, stick, note=note)  # fmt: skip
    keyframes = f"keyframes made for {count} joining viewers"
    watching = f"of {_WATCHING} watching, those that missed a frame while {count} joined"
    return [
        first_row,
        Row(NAME, watching, "", missing, 0, note=f"{gaps} frames missing"),
        Row(
            NAME,
            keyframes,
            "",
            extra,
            _EXTRA_KEYFRAMES if count == min(_TARGETS_MS) else None,
            note="the most of all rounds",
        ),
    ]


def _rush(pipeline: ShippedPipeline, count: int, keyframes: list[int]) -> tuple[Ages, int]:
    """Return what the joining ones say of their first pictures, and how many keyframes were sent meanwhile."""
    _wait_for_a_keyframe(keyframes)
    began_ns = time.monotonic_ns()
    path = viewer_path()
    with crowd(pipeline.bench_folder, pipeline.port, path, count, a_second=count) as joining:
        joining.wait_watching()
        first = joining.report().first_ms
        left_s = _LASTS_S - (time.monotonic_ns() - began_ns) / NS_PER_S
        time.sleep(max(0.0, left_s))
        end_ns = began_ns + round(_LASTS_S * NS_PER_S)
    if first is None:
        raise ConnectionError(f"none of {count} viewers had a picture")
    return first, sum(began_ns < at_ns < end_ns for at_ns in keyframes)


def _wait_for_a_keyframe(keyframes: list[int]) -> None:
    known, deadline = len(keyframes), time.monotonic() + _KEYFRAME_S
    while len(keyframes) == known:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no keyframe in {_KEYFRAME_S:.0f} s")
        time.sleep(0.01)
    time.sleep(_AFTER_KEYFRAME_S)


@contextmanager
def _keyframes(pipeline: ShippedPipeline) -> Iterator[list[int]]:
    """Watch the camera; the list grows by the time of each keyframe."""
    seen: list[int] = []
    ended = threading.Event()
    with Viewer(pipeline.port, f"/ws/viewer?camera={CAMERA}-1&format=h264&meta=1") as viewer:
        listener = threading.Thread(target=_listen, args=(viewer, seen, ended))
        listener.start()
        try:
            yield seen
        finally:
            ended.set()
            listener.join()


def _listen(viewer: Viewer, seen: list[int], ended: threading.Event) -> None:
    for picture in viewer.pictures():
        if picture.meta.get("key"):
            seen.append(picture.mono_ns)
        if ended.is_set():
            return
