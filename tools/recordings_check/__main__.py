"""`python -m tools.recordings_check [--dir DIR] [--read-only]`: a line for each finding, then one for each camera.

Exit code 0: all was whole, or is now. 1: something is not, or a folder could not be read. 2: wrong arguments.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from common.config import load
from common.errors import ConfigError, RecordingError
from common.recordings.camera_store import CameraStore
from common.recordings.layout import INDEX_NAME
from common.recordings.lock import is_locked
from common.settings import CAMERA_ID
from tools.recordings_check.examine import Examined, examine

# What is written meanwhile looks different the second time: a recorder brings files, rows and lines together within
# one of its passes, a second by default.
SECOND_LOOK_S: Final = 3.0


def main(argv: list[str], *, wait: Callable[[float], None] = time.sleep) -> int:
    arguments = _parse(argv)
    try:
        folder = Path(arguments.dir) if arguments.dir else load(os.environ).recording_dir
    except ConfigError as error:
        print(f"esp32-stream: {error}", file=sys.stderr)
        return 2
    try:
        cameras = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    except OSError as error:
        print(f"{folder}: {error.strerror}; nothing is recorded there")
        return 0 if isinstance(error, FileNotFoundError) and not arguments.dir else 1
    reports = [_check(path, read_only=arguments.read_only, wait=wait) for path in cameras if _is_camera(path)]
    findings, left = sum(report.findings for report in reports), sum(report.left for report in reports)
    files = sum(report.files for report in reports)
    outcome = (
        "all is whole" if not findings else f"{findings} findings, {'all repaired' if not left else f'{left} left'}"
    )
    print(f"{len(reports)} cameras, {files} files in {folder}: {outcome}")
    return 1 if left else 0


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.recordings_check", description=__doc__)
    parser.add_argument("--dir", help="the folder of recordings; default: that of the settings")
    parser.add_argument("--read-only", action="store_true", help="say what is wrong, repair nothing")
    return parser.parse_args(argv)


def _is_camera(path: Path) -> bool:
    if CAMERA_ID.fullmatch(path.name):
        return True
    print(f"{path.name}: is no camera's folder, left alone")
    return False


def _check(path: Path, *, read_only: bool, wait: Callable[[float], None]) -> Examined:
    try:
        report = None if read_only or is_locked(path) else _repair(path)
        report = report or _look_twice(path, wait=wait)
    except (RecordingError, OSError) as error:
        report = Examined([f"cannot be checked: {error}"], left=1)
    for sentence in report.sentences:
        print(f"{path.name}: {sentence}")
    print(f"{path.name}: {report.files} files, {report.size_bytes / 1e6:.1f} MB, {report.outcome}")
    return report


def _repair(path: Path) -> Examined | None:
    """Read and repair a folder; None: somebody took its lock meanwhile."""
    store = CameraStore.open(path, path.name, thorough=True)
    if store is None:
        return None
    try:
        repaired, files = store.repaired, store.index.files()
        size_bytes = sum(row.size_bytes for row in files)
        return Examined(repaired.sentences, repaired.findings, repaired.unrepaired, len(files), size_bytes)
    finally:
        store.close()


def _look_twice(path: Path, *, wait: Callable[[float], None]) -> Examined:
    """Look at a folder that is being written to, or is not to be changed; what is still so the second time is found."""
    is_recorded = is_locked(path)
    if not (path / INDEX_NAME).exists() and not is_recorded:
        return Examined(["has no index"], 1, 1)
    if not is_recorded:
        return examine(path, is_recorded=False)
    print(f"{path.name} is being recorded: looked at, not repaired")
    try:
        first = examine(path, is_recorded=True)
    except RecordingError as error:
        # Its recorder may be making the index anew.
        first = Examined([str(error)], 1, 1)
    if not first.sentences:
        return first
    wait(SECOND_LOOK_S)
    return examine(path, is_recorded=True).only(set(first.sentences))


if __name__ == "__main__":
    # `make recordings-check | head` is no error.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    raise SystemExit(main(sys.argv[1:]))
