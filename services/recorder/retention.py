"""What has to go: by age, by bytes of a camera and in total, by free disk space; the oldest first. Pure.

What is protected, written to, or still needed is never among the rows.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from common.recordings.rows import FileRow
from common.units import NS_PER_S

DAY_NS: Final = 86_400 * NS_PER_S
GIB: Final = 1 << 30
MIB: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one camera; 0: none."""

    max_days: float = 0
    original_max_days: float = 0
    max_gib: float = 0

    @property
    def has_ages(self) -> bool:
        """Return whether anything goes for its age."""
        return bool(self.max_days or self.original_max_days)

    def video_cutoff_ns(self, now_ns: int) -> int:
        """Return what footage may be deleted that ended before; 0: none."""
        return _cutoff_ns(self.max_days, now_ns)

    def original_cutoff_ns(self, now_ns: int) -> int:
        """Return the same of originals."""
        return _cutoff_ns(self.original_max_days or self.max_days, now_ns)

    def excess_bytes(self, total_bytes: int) -> int:
        """Return by how much a camera has too much."""
        return excess_bytes(total_bytes, self.max_gib)


def excess_bytes(total_bytes: int, max_gib: float) -> int:
    """Return by how much there is more than a limit allows; 0: not at all, or no limit."""
    return max(0, total_bytes - int(max_gib * GIB)) if max_gib else 0


def oldest(rows: Iterable[FileRow], wanted_bytes: int) -> list[FileRow]:
    """Return the first of `rows`, which are by start, that hold so many bytes together; all, when they hold less."""
    gone: list[FileRow] = []
    for row in rows:
        if wanted_bytes <= 0:
            break
        gone.append(row)
        wanted_bytes -= row.size_bytes
    return gone


def shares(cameras: Iterable[tuple[str, FileRow]], wanted_bytes: int) -> list[tuple[str, FileRow]]:
    """Return the oldest files over all cameras that hold so many bytes together."""
    gone: list[tuple[str, FileRow]] = []
    for camera, row in sorted(cameras, key=lambda pair: pair[1].start_ns):
        if wanted_bytes <= 0:
            break
        gone.append((camera, row))
        wanted_bytes -= row.size_bytes
    return gone


def _cutoff_ns(days: float, now_ns: int) -> int:
    return max(0, now_ns - int(days * DAY_NS)) if days else 0
