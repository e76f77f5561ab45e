"""Who is in the codecs, noted where it outlives a crash: files in the run folder that the process's next life reads.

The note is mapped into memory, so that a frame costs two small copies and no call to the kernel; what was written
stays in the kernel's cache however the process ends.
"""

import faulthandler
import logging
import mmap
import os
import threading
import time
from collections.abc import Set
from io import FileIO
from pathlib import Path
from typing import Final

from services.transcode.suspects import (
    Suspects,
    blank_note,
    find_suspects,
    hang_line,
    ident_range,
    name_range,
    pack_ident,
    pack_name,
)

log = logging.getLogger(__name__)

# faulthandler writes some 100 lines for each thread at most.
_FAULT_LIMIT_BYTES: Final = 1 << 20
# Supervisord waits for some seconds between two lives at most. An older fault is of a pipeline that ended since.
_FAULT_LASTS_S: Final = 300.0


class CrashNote:
    """The slots of the threads that encode. `suspects` are those of the life before, None if there are none."""

    def __init__(self, folder: Path, name: str, incarnation: int, threads: int) -> None:
        """Read what the life before left and begin anew. Without a usable folder nothing outlives this life."""
        self.suspects: Suspects | None = None
        self._lock = threading.Lock()
        self._slots: dict[int, int] = {}
        self._names = [name_range(slot) for slot in range(threads)]
        self._working: list[tuple[str, int] | None] = [None] * threads
        self._hung: Set[str] = frozenset()
        blank = blank_note(incarnation, threads)
        self._fault: FileIO | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.suspects = _read_suspects(folder / name, folder / f"{name}.fault")
            self._note = _mapped(folder / name, blank)
            self._fault = FileIO(folder / f"{name}.fault", "a", opener=_private)
            self._fault.truncate(0)
        except OSError as error:
            log.warning("a crash of a codec could not be noted: %s", error)
            self._note = mmap.mmap(-1, len(blank))

    def arm(self) -> None:
        """Let a crash of this process (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT) be written down."""
        if self._fault is not None:
            faulthandler.enable(self._fault, all_threads=True)

    def enter(self, camera: str, name: bytes, now_ns: int) -> int:
        """Note that this thread works on a camera (`name`: packed) from now on; return its slot, for `leave`."""
        slot = self._slots.get(threading.get_ident())
        if slot is None:
            slot = self._claim(threading.get_ident())
        self._note[self._names[slot]] = name
        self._working[slot] = camera, now_ns
        return slot

    def leave(self, slot: int) -> None:
        """Note that the thread of a slot is done with its camera."""
        self._note[self._names[slot].start] = 0
        self._working[slot] = None

    def hung(self, before_ns: int) -> list[str]:
        """Return the cameras whose codecs have been at work since before then."""
        return [work[0] for work in self._working if work is not None and work[1] < before_ns]

    def write_hung(self, cameras: Set[str]) -> None:
        """Write down whose codecs hang just now. Idempotent."""
        if cameras == self._hung or self._fault is None:
            return
        self._hung = cameras
        try:
            self._fault.truncate(0)
            self._fault.write("".join(hang_line(camera) for camera in sorted(cameras)).encode())
        except OSError as error:
            log.warning("a codec that hangs could not be noted: %s", error)

    def close(self) -> None:
        """End this life in good order: nothing is left to suspect. Idempotent."""
        if self._fault is not None:
            faulthandler.disable()
            self._fault.close()
            self._fault = None
        self._note.close()

    def _claim(self, ident: int) -> int:
        with self._lock:
            slot = len(self._slots)
            if slot == len(self._names):
                raise AssertionError("more threads encode than the pool has")
            self._note[ident_range(slot)] = pack_ident(ident)
            self._slots[ident] = slot
            return slot


def packed(camera: str) -> bytes:
    """Return a camera's name as `CrashNote.enter` takes it, packed once for all its frames."""
    return pack_name(camera)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _read_suspects(note: Path, fault: Path) -> Suspects | None:
    try:
        if time.time() - fault.stat().st_mtime > _FAULT_LASTS_S:
            return None
        with fault.open("rb") as file:
            text = file.read(_FAULT_LIMIT_BYTES).decode("utf-8", "replace")
        return find_suspects(note.read_bytes(), text)
    except FileNotFoundError:
        return None


def _mapped(path: Path, content: bytes) -> mmap.mmap:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Room first: a full disk must be an error here, not a SIGBUS at some frame.
        os.ftruncate(fd, len(content))
        os.posix_fallocate(fd, 0, len(content))
        mapped = mmap.mmap(fd, len(content))
    finally:
        os.close(fd)
    mapped[:] = content
    return mapped
