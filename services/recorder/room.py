"""Retention at work, on the disk thread: deletes what the limits say, of the cameras whose lock this process holds."""

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from common.errors import RecordingError
from common.recordings.camera_store import CameraStore
from common.recordings.index import IndexReader
from common.recordings.layout import INDEX_NAME
from common.recordings.questions import Questions
from common.recordings.rows import FileRow, Kind, Reason
from common.settings import CAMERA_ID, RecordingSettings
from services.recorder.ages import Ages
from services.recorder.retention import MIB, Limits, excess_bytes, oldest, shares
from services.recorder.taking import Moment

# Of one camera in one go, so that a pass is never held up for long; the next one goes on.
BATCH: Final = 20


def free_bytes(folder: Path) -> int:
    """Return the room that is left for us on the folder's disk."""
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def disk_bytes(folder: Path) -> int:
    """Return how large the folder's disk is."""
    status = os.statvfs(folder)
    return status.f_blocks * status.f_frsize


class Room:
    """The limits over all cameras, and what goes when they are reached."""

    def __init__(self, folder: Path, recording: RecordingSettings) -> None:
        self._folder: Final = folder
        self._recording: Final = recording
        self._readers: dict[str, IndexReader] = {}
        self._ages: Final = Ages()

    def tidy(self, store: CameraStore, limits: Limits, now: Moment) -> int:
        """Delete what is too old, or too much, of one camera; return how many files."""
        index = store.index
        gone: list[FileRow] = []
        now_ns = self._ages.time_ns(store, now) if limits.has_ages and index.oldest() else now.wall_ns
        for kind, cutoff_ns in (
            (Kind.VIDEO, limits.video_cutoff_ns(now_ns)),
            (Kind.ORIGINALS, limits.original_cutoff_ns(now_ns)),
        ):
            if cutoff_ns:
                gone += index.oldest(unprotected=True, kind=kind, before_ns=cutoff_ns, limit=BATCH)
        self._delete(store, gone)
        excess = limits.excess_bytes(index.total_bytes()) if limits.max_gib else 0
        if excess:
            more = oldest(index.oldest(unprotected=True, limit=BATCH), excess)
            self._delete(store, more)
            gone += more
        if gone:
            store.forget_before(index.oldest_start_ns() or now_ns)
        return len(gone)

    def tidy_all(self, own: Mapping[str, CameraStore]) -> int:
        """Delete what is too much over all cameras, or for the disk: the own ones among the oldest; return how many."""
        wanted_bytes = self.missing_bytes()
        if self._recording.max_gib:
            total = sum(index.total_bytes() for _, index in self._indexes(own))
            wanted_bytes = max(wanted_bytes, excess_bytes(total, self._recording.max_gib))
        if wanted_bytes <= 0:
            return 0
        rows = [(camera, row) for camera, index in self._indexes(own)
                for row in index.oldest(unprotected=True, limit=BATCH)]  # fmt: skip
        mine = [(own[camera], row) for camera, row in shares(rows, wanted_bytes) if camera in own]
        for store, row in mine:
            self._delete(store, [row])
        for store in {id(store): store for store, _ in mine}.values():
            store.forget_before(store.index.oldest_start_ns() or 0)
        return len(mine)

    def make_room(self, own: Mapping[str, CameraStore]) -> bool:
        """Delete the oldest own file that may go; False when there is none."""
        rows = [(camera, row) for camera, store in own.items() for row in store.index.oldest(unprotected=True)]
        for camera, row in shares(rows, 1):
            self._delete(own[camera], [row])
            return True
        return False

    def missing_bytes(self) -> int:
        """Return how much less is free than has to be; 0 or less: there is enough.

        Raises OSError when an empty disk would have too little, so that nothing is deleted in vain.
        """
        limit_bytes = self._recording.min_free_mib * MIB
        if not limit_bytes:
            return 0
        if limit_bytes > (whole_bytes := disk_bytes(self._folder)):
            raise OSError(
                errno.ENOSPC,
                f"{self._recording.min_free_mib} MiB are to be free (recording.min_free_mib), "
                f"and the whole disk has {whole_bytes // MIB}",
            )
        return limit_bytes - free_bytes(self._folder)

    def is_exhausted(self, own: Mapping[str, CameraStore]) -> bool:
        """Return whether less is free than has to be, and nothing is left that may go, of whatever camera."""
        return self.missing_bytes() > 0 and not any(index.oldest(unprotected=True) for _, index in self._indexes(own))

    def check(self) -> None:
        """Raise OSError while less is free than has to be."""
        if self.missing_bytes() > 0:
            raise OSError(
                errno.ENOSPC, f"less than {self._recording.min_free_mib} MiB are free (recording.min_free_mib)"
            )

    def known_cameras(self) -> list[str]:
        """Return the cameras that have a folder with an index."""
        with os.scandir(self._folder) as entries:
            return sorted(e.name for e in entries if CAMERA_ID.fullmatch(e.name) and Path(e.path, INDEX_NAME).exists())

    def _delete(self, store: CameraStore, rows: list[FileRow]) -> None:
        """Delete files; a gap says so where older footage remains, because it is protected."""
        for row in rows:
            leaves = Reason.EXPIRED if 0 < store.index.oldest_start_ns() < row.start_ns else None
            store.delete_files([row], leaves)

    def _indexes(self, own: Mapping[str, CameraStore]) -> list[tuple[str, Questions]]:
        """Return the indexes of all cameras; those of others, which may be replaced any time, are only read."""
        found: list[tuple[str, Questions]] = [(camera, store.index) for camera, store in own.items()]
        others = set(self.known_cameras()) - own.keys()
        for camera in self._readers.keys() - others:
            self._readers.pop(camera).close()
        for camera in others:
            reader = self._readers.setdefault(camera, IndexReader(self._folder / camera / INDEX_NAME))
            try:
                reader.total_bytes()
            except RecordingError:
                # It is being made, or repaired: its bytes count the next time.
                continue
            found.append((camera, reader))
        return found
