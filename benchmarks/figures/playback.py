"""An hour of footage played: from click to picture; first byte and last of one MP4, beside `cat` of its files."""

import http.client
import shutil
import subprocess
import time
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.footage import FPS, captured, read_group, write_files
from benchmarks.rows import Row, Yardstick, not_measured
from benchmarks.run import Run, ShippedPipeline
from common.units import NS_PER_S

NAME: Final = "playback"
_CAMERA: Final = "hour"
_FILE_S: Final = 60
_FILES: Final = 60
_CLICK_S: Final = 60
_CLICK_MS: Final = 300
_CLICKS: Final = 9
_ROUNDS: Final = 3
_READY_S: Final = 20.0
_CHUNK_BYTES: Final = 1 << 20
_SHOWN: Final = "from a click to the picture in headless Chromium, median"
# What the page does at a click: a window of the recording is a video's source, and the time of its first picture.
_SHOW: Final = """address => new Promise((resolve, reject) => {
  const video = document.createElement("video"), began = performance.now();
  video.muted = true;
  video.requestVideoFrameCallback(() => {
    resolve(performance.now() - began);
    // Removed alone it would go on loading, and a browser has six connections for a server.
    video.removeAttribute("src");
    video.load();
  });
  video.onerror = () => reject(new Error(video.error.message));
  document.body.append(video);
  video.src = address;
  video.play();
})"""


def measure(run: Run) -> list[Row]:
    """Return the rows; the footage lies there before the pipeline starts, which makes it start a library."""
    group = read_group(captured(run))
    run.end_pipeline()
    folder = run.folder / "playback"
    files = 10 if run.quick else _FILES
    start_ns = (int(time.time()) - files * _FILE_S - 60) * NS_PER_S
    recordings = folder / "recordings"
    size = write_files(recordings, _CAMERA, group, start_ns, files, _FILE_S)
    with ShippedPipeline(folder, run.folder, {}) as pipeline:
        pipeline.wait_until(lambda: _ask(pipeline.port, "/api/recordings")[0] == 200, "the library's answer", _READY_S)
        # Nine places, none at a file's start; the library has looked at none of the files yet.
        places_ns = [start_ns + (20 + 407 * number) % ((files - 1) * _FILE_S) * NS_PER_S for number in range(_CLICKS)]
        clicks_ms = [_click_ms(pipeline.port, place_ns) for place_ns in places_ns]
        shown = _shown(pipeline, [_address(place_ns, place_ns + _CLICK_S * NS_PER_S) for place_ns in places_ns])
        address = _address(start_ns, start_ns + files * _FILE_S * NS_PER_S)
        first_ms, whole_s, plain_s = [], [], []
        for _ in range(_ROUNDS):
            plain_s.append(_cat_s(recordings / _CAMERA))
            first, whole = _fetch(pipeline.port, address, size)
            first_ms.append(first * 1000)
            whole_s.append(whole)
    return [shown, *_rows(clicks_ms, first_ms, whole_s, plain_s, files * _FILE_S // 60, size)]


def _rows(
    clicks_ms: list[float], first_ms: list[float], whole_s: list[float], plain_s: list[float], minutes: int, size: int
) -> list[Row]:
    megabytes = size / 1e6
    speeds = f"{megabytes / median(whole_s):.0f} MB/s, cat {megabytes / median(plain_s):.0f} MB/s, {megabytes:.0f} MB"
    return [
        Row(NAME, "from a click to the first whole group of pictures, over HTTP, median", "ms", median(clicks_ms),
            note=f"worst of {len(clicks_ms)}: {max(clicks_ms):.0f} ms; a window of {_CLICK_S} s each, "
            f"{minutes} minutes at {FPS} fps"),
        Row(NAME, f"play.mp4 of {minutes} minutes, first byte", "ms", median(first_ms),
            note=f"the first time {first_ms[0]:.0f} ms"),
        Row(NAME, f"play.mp4 of {minutes} minutes, all of it", "s", median(whole_s), None,
            Yardstick("cat of its files", median(plain_s)), note=speeds),
    ]  # fmt: skip


def _address(from_ns: int, to_ns: int) -> str:
    return f"/api/recordings/{_CAMERA}/play.mp4?from={_stamp(from_ns)}&to={_stamp(to_ns)}"


def _stamp(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns // NS_PER_S, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _ask(port: int, path: str, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _click_ms(port: int, from_ns: int) -> float:
    """Return how long a player needs until it holds the index of a window and four seconds of pictures."""
    began = time.monotonic()
    status, body = _ask(port, _address(from_ns, from_ns + _CLICK_S * NS_PER_S), Range="bytes=0-262143")
    if status not in (200, 206) or b"moov" not in body[:256]:
        raise ConnectionError(f"play.mp4 answered {status}: {body[:200]!r}")
    return (time.monotonic() - began) * 1000


def _shown(pipeline: ShippedPipeline, addresses: list[str]) -> Row:
    """Return how long a browser needs until it shows the first picture."""
    chromium = shutil.which("chromium")
    if chromium is None or find_spec("playwright") is None:
        return not_measured(NAME, _SHOWN, "ms", "no chromium or no playwright here")
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import ARGUMENTS

    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS) as browser,
    ):
        page = browser.new_page()
        page.goto(pipeline.url("/recordings"))
        took_ms = [float(page.evaluate(_SHOW, address)) for address in addresses]
    note = f"worst of {len(took_ms)}: {max(took_ms):.0f} ms, the first {took_ms[0]:.0f}"
    return Row(NAME, _SHOWN, "ms", median(took_ms), _CLICK_MS, note=note)


def _fetch(port: int, path: str, least_bytes: int) -> tuple[float, float]:
    """Return the seconds to the first byte and to the last."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    began = time.monotonic()
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        if answer.status != 200:
            raise ConnectionError(f"{path} answered {answer.status}: {answer.read(300)!r}")
        size = len(answer.read(1))
        first_s = time.monotonic() - began
        while chunk := answer.read(_CHUNK_BYTES):
            size += len(chunk)
        whole_s = time.monotonic() - began
    finally:
        connection.close()
    if size < least_bytes * 0.9:
        raise ConnectionError(f"{path} gave {size} bytes of {least_bytes}")
    return first_s, whole_s


def _cat_s(folder: Path) -> float:
    """Return how long `cat` of all files into a pipe takes: what a reader of a socket would wait for, too."""
    files = sorted(str(path) for path in folder.glob("*/*.mp4"))
    began = time.monotonic()
    with subprocess.Popen(["cat", *files], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while process.stdout.read(_CHUNK_BYTES):
            pass
    return time.monotonic() - began
