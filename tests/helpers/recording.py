"""Read recordings back as an outsider does: every picture decoded, the number that the camera drew, its time.

Also what ffprobe and ffmpeg say of a file: nothing, when it is good.
"""

import subprocess
import time
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path

import av

from common.recordings.rows import FileRow
from common.units import NS_PER_S
from tests.helpers.picture import read_stamp
from tests.helpers.recording_account import Picture, Taken
from tests.helpers.tools import require_tool

UNREADABLE = -1


def pictures_of(folder: Path, rows: Iterable[FileRow]) -> list[Picture]:
    """Return all pictures of a camera's files; times are those that the files give them."""
    return [
        Picture(number, row.start_ns + offset_ns, row.name)
        for row in rows
        for number, offset_ns in numbers_in(folder / row.name)
    ]


def numbers_in(video: Path | bytes) -> list[tuple[int, int]]:
    """Return for each picture of a video file the number drawn in it, and its presentation time in ns."""
    return list(_read(video))


def _read(video: Path | bytes) -> Iterator[tuple[int, int]]:
    source = BytesIO(video) if isinstance(video, bytes) else str(video)
    with av.open(source, "r") as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        stream.codec_context.options = {"err_detect": "explode"}
        for picture in container.decode(stream):
            assert picture.pts is not None
            assert picture.time_base is not None
            luma = picture.planes[0]
            stamp = read_stamp(memoryview(luma), picture.width, picture.height, luma.line_size)
            yield (UNREADABLE if stamp is None else stamp.number), round(picture.pts * picture.time_base * NS_PER_S)


def sent_frames(log: Path, ahead_ns: int = 0) -> list[Taken]:
    """Return what a camera's log of sends holds, in wall time; `ahead_ns`: a wall clock that runs ahead of ours."""
    wall_ns = time.time_ns() - time.monotonic_ns() + ahead_ns
    text = log.read_text(encoding="ascii") if log.exists() else ""
    # The line that is being written has no end yet.
    lines = [line.split() for line in text[: text.rfind("\n") + 1].splitlines()]
    return [Taken(int(number), int(mono_ns) + wall_ns) for number, mono_ns, _camera, kind in lines if kind == "-"]


def complaints(video: Path | str) -> str:
    """Return what ffprobe (every packet) and ffmpeg (every picture) have to say of a file or an address."""
    probe = [require_tool("ffprobe"), "-v", "warning", "-show_packets", "-of", "csv", str(video)]
    # Pictures as they are, in time and size: what ffmpeg has to say of changes that it makes itself is no concern here.
    as_they_are = ["-fps_mode", "passthrough", "-enc_time_base", "-1", "-autoscale", "0"]
    decode = [require_tool("ffmpeg"), "-v", "warning", "-nostdin", "-i", str(video), *as_they_are, "-f", "null", "-"]
    said = ""
    for command in (probe, decode):
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)
        said += done.stderr.decode(errors="replace")
        if done.returncode:
            said += f"{command[0]} ended with {done.returncode}\n"
    return said


def probed_duration_s(video: Path) -> float:
    """Return the duration that ffprobe reads in a file."""
    command = [require_tool("ffprobe"), "-v", "warning", "-show_entries", "format=duration", "-of", "csv=p=0"]
    done = subprocess.run([*command, str(video)], capture_output=True, text=True, check=True, timeout=60)
    return float(done.stdout)
