"""The recorder's start over a folder with 10,000 files: how long until a camera's recording may begin."""

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.footage import FPS, captured, read_group, write_files
from benchmarks.rows import Row, Yardstick
from benchmarks.run import Run
from common.frame import Frame
from common.recordings.camera_store import CameraStore
from common.recordings.layout import name_of
from common.recordings.rows import FileRow, Kind
from common.units import NS_PER_S

NAME: Final = "repair"
_CAMERA: Final = "many"
_FILES: Final = 10_000
_APART_S: Final = 2
_ROUNDS: Final = 5
# A second of no recording is what a new process may take altogether.
_TARGET_MS: Final = 1000
_START_NS: Final = 1_700_000_000 * NS_PER_S


def measure(run: Run) -> list[Row]:
    """Return how long the repair at the start takes, and how long with a file that was torn."""
    group = read_group(captured(run))
    count = 1_000 if run.quick else _FILES
    folder = run.folder / "repair"
    _fill(folder, _write_one(folder, group), count)
    clean_ms, bare_ms = [], []
    for _ in range(_ROUNDS):
        bare_ms.append(_scan_ms(folder / _CAMERA))
        clean_ms.append(_open_ms(folder))
    torn_ms = _torn_ms(folder, group)
    return [
        Row(NAME, f"the recorder's look at a folder of {count} files at its start", "ms", median(clean_ms), _TARGET_MS,
            Yardstick("scandir alone", median(bare_ms))),
        Row(NAME, "the same, with a file of a minute that nobody closed, its end torn off", "ms", torn_ms, _TARGET_MS),
    ]  # fmt: skip


def _write_one(folder: Path, group: Sequence[Frame]) -> FileRow:
    """Write a file of a second; return its row."""
    write_files(folder, _CAMERA, group[:FPS], _START_NS, 1, 1)
    store = CameraStore.open(folder / _CAMERA, _CAMERA)
    assert store is not None
    try:
        return store.index.files()[0]
    finally:
        store.close()


def _fill(folder: Path, row: FileRow, count: int) -> None:
    """Let there be so many files: links to one, each with its row."""
    first = folder / _CAMERA / row.name
    store = CameraStore.open(folder / _CAMERA, _CAMERA)
    assert store is not None
    try:
        with store.index.transaction():
            for number in range(1, count):
                start_ns = row.start_ns + number * _APART_S * NS_PER_S
                name = name_of(_CAMERA, start_ns, Kind.VIDEO)
                path = folder / _CAMERA / name
                path.parent.mkdir(exist_ok=True)
                path.hardlink_to(first)
                length_ns = row.end_ns - row.start_ns
                store.index.add_file(replace(row, id=0, name=name, start_ns=start_ns, end_ns=start_ns + length_ns))
    finally:
        store.close()


def _open_ms(folder: Path) -> float:
    began = time.monotonic()
    store = CameraStore.open(folder / _CAMERA, _CAMERA)
    took_ms = (time.monotonic() - began) * 1000
    assert store is not None
    store.close()
    return took_ms


def _torn_ms(folder: Path, group: Sequence[Frame]) -> float:
    """Return how long it takes with a file that nobody closed, and whose end is cut off."""
    write_files(folder, _CAMERA, group, _START_NS - 3600 * NS_PER_S, 1, 60)
    store = CameraStore.open(folder / _CAMERA, _CAMERA)
    assert store is not None
    newest = store.index.files()[0]
    store.index.remove_file(newest.id)
    path = store.path(newest)
    store.close()
    os.truncate(path, newest.size_bytes - 100)
    return _open_ms(folder)


def _scan_ms(folder: Path) -> float:
    began = time.monotonic()
    count = sum(1 for day in folder.iterdir() if day.is_dir() for _ in os.scandir(day))
    assert count
    return (time.monotonic() - began) * 1000
