"""At picture level: each received picture is decoded as it comes, and what the camera drew into it is read back."""

import itertools
import threading
import time
from dataclasses import dataclass, field
from typing import Final

from benchmarks.camera import Camera, camera, drawn_before
from benchmarks.reading import PictureReader, Seen
from benchmarks.rows import Row, Yardstick
from benchmarks.run import Run
from benchmarks.stats import percentile, ways
from benchmarks.viewer import Viewer
from common.units import NS_PER_S
from tools.mock_camera.stamp import camera_hash

NAME: Final = "pictures"
_FPS: Final = 25
_WARM_S: Final = 1.0
_COUNTS: Final = (1, 4)


@dataclass
class _Watcher:
    """One viewer's pictures, in the order in which they came."""

    name: str
    seen: list[Seen] = field(default_factory=list)

    def watch(self, port: int, length_s: float) -> None:
        """Decode what comes for some seconds."""
        reader, end_ns = PictureReader(), 0
        with Viewer(port, f"/ws/viewer?camera={self.name}&format=h264") as viewer:
            for picture in viewer.pictures():
                self.seen += reader.read(picture.payload)
                end_ns = end_ns or viewer.started_ns + round(length_s * NS_PER_S)
                if time.monotonic_ns() > end_ns:
                    return


def measure(run: Run) -> list[Row]:
    """Return latency, losses, order and mix-ups, with one camera and with four."""
    length_s = 3.0 if run.quick else 8.0
    return [row for count in _COUNTS for row in _measure(run, count, length_s)]


def _measure(run: Run, count: int, length_s: float) -> list[Row]:
    pipeline, prefix = run.pipeline(fanout=2, transcode=2), f"seen{count}"
    names = [prefix] if count == 1 else [f"{prefix}-{number}" for number in range(1, count + 1)]
    watchers = [_Watcher(name) for name in names]
    with camera(run.folder, pipeline.port, prefix, _FPS, *drawn_before(length_s, _FPS), count=count) as source:
        pipeline.wait_all_online(names)
        _watch_all(watchers, pipeline.port, length_s + _WARM_S)
        sent = {name: Camera(name, source.log, source.pid).sent_ns() for name in names}
    spans, lost, backwards, foreign = [], 0, 0, 0
    for watcher in watchers:
        foreign += sum(one.camera_hash != camera_hash(watcher.name) for one in watcher.seen)
        own = [one for one in watcher.seen if one.number in sent[watcher.name]]
        settled = [one for one in own if one.mono_ns > own[0].mono_ns + round(_WARM_S * NS_PER_S)]
        numbers = [one.number for one in settled]
        backwards += sum(later <= earlier for earlier, later in itertools.pairwise(numbers))
        lost += len(range(min(numbers), max(numbers) + 1)) - len(set(numbers))
        spans += ways(sent[watcher.name], {one.number: one.mono_ns for one in settled})
    return _rows(count, [span.ms for span in spans], lost, backwards, foreign)


def _watch_all(watchers: list[_Watcher], port: int, length_s: float) -> None:
    threads = [threading.Thread(target=watcher.watch, args=(port, length_s), daemon=True) for watcher in watchers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _rows(count: int, ms: list[float], lost: int, backwards: int, foreign: int) -> list[Row]:
    who = "one camera" if count == 1 else f"{count} cameras"
    note = f"{len(ms)} pictures, p99 {percentile(ms, 99):.1f}, most {max(ms):.0f} ms"
    order = f"{lost} lost, {backwards} out of order or twice, {foreign} of another camera or unreadable"
    stick = Yardstick("the camera's frame interval", 1000 / _FPS)
    return [
        Row(
            NAME, f"camera's send to the decoded picture, {who}, p50", "ms", percentile(ms, 50), None, stick, note=note
        ),
        Row(NAME, f"pictures lost, mixed up or out of order, {who}", "", lost + backwards + foreign, 0, note=order),
    ]
