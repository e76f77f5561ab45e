"""A camera's time line: all of it is footage or a gap with its reason, without hole or overlap. Pure; recorder time.

Each call returns the gap rows to be stored; a row of the same start replaces the one before, and one that ends where it
starts never was.
"""

from dataclasses import replace
from typing import Final

from common.recordings.rows import GapRow, Reason
from common.units import NS_PER_MS

# Footage that goes on after less than this is one piece: two files at a cut.
SEAM_NS: Final = NS_PER_MS


class Timeline:
    """What was said of a camera's time until now. `edge_ns` 0: nothing yet."""

    def __init__(self, edge_ns: int = 0, gap: GapRow | None = None) -> None:
        self._edge_ns = edge_ns
        self._gap = gap

    @property
    def edge_ns(self) -> int:
        """Until when everything is said: the end of the footage, or the start of the gap that goes on."""
        return self._gap.start_ns if self._gap else self._edge_ns

    @property
    def gap(self) -> GapRow | None:
        """The gap that goes on."""
        return self._gap

    @property
    def floor_ns(self) -> int:
        """The earliest time at which footage may begin."""
        return self.edge_ns

    def begin(self, at_ns: int, reason: Reason, detail: str = "", frames: int = 0) -> list[GapRow]:
        """Let a gap go on; one that went on before ends where this one begins."""
        before = self._gap
        if before is None:
            start_ns = self._edge_ns or at_ns
            self._gap = GapRow(start_ns, 0, reason, detail, frames)
            return [self._gap]
        if (before.reason, before.detail) == (reason, detail):
            self._gap = replace(before, frames=before.frames + frames)
            return [self._gap] if frames else []
        start_ns = max(before.start_ns, at_ns)
        self._gap = GapRow(start_ns, 0, reason, detail, frames)
        # Where no time passed the new one replaces it, because it has the same start.
        closed = [replace(before, end_ns=start_ns)] if start_ns > before.start_ns else []
        return [*closed, self._gap]

    def footage(self, start_ns: int, reason: Reason, detail: str = "", frames: int = 0) -> list[GapRow]:
        """Let footage begin, at `floor_ns` at the earliest; `reason` is for a hole before it that nobody has named."""
        gap, edge_ns = self._gap, self._edge_ns
        self._gap, self._edge_ns = None, start_ns
        if gap is not None:
            return [replace(gap, end_ns=max(start_ns, gap.start_ns), frames=gap.frames + frames)]
        if edge_ns and start_ns - edge_ns > SEAM_NS:
            return [GapRow(edge_ns, start_ns, reason, detail, frames)]
        return []

    def cover(self, until_ns: int) -> None:
        """Let footage go on until then."""
        self._edge_ns = max(self._edge_ns, until_ns)
