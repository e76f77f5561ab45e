"""The time line of one camera, in index and journal; what the disk did not take yet is kept."""

from common.recordings.camera_store import CameraStore
from common.recordings.rows import GapRow, Reason
from services.recorder.timeline import Timeline


class StoredGaps:
    """A `Gaps` of taking.py. Rows that could not be stored wait for `store_rows`, the newest word of each."""

    def __init__(self, store: CameraStore, timeline: Timeline) -> None:
        self._store = store
        self._timeline = timeline
        self._rows: dict[int, GapRow] = {}
        # What a life before has stored has to be taken back, too, should it turn out that it never was.
        known = store.index.open_gap()
        self._stored_open: set[int] = {known.start_ns} if known else set()

    @property
    def edge_ns(self) -> int:
        return self._timeline.edge_ns

    @property
    def reason(self) -> Reason | None:
        gap = self._timeline.gap
        return gap.reason if gap else None

    @property
    def gap(self) -> GapRow | None:
        """The gap that goes on."""
        return self._timeline.gap

    def begin(self, at_ns: int, reason: Reason, detail: str = "", frames: int = 0) -> None:
        self.say(self._timeline.begin(at_ns, reason, detail, frames))

    def footage(self, start_ns: int, reason: Reason, detail: str = "", frames: int = 0) -> None:
        self.say(self._timeline.footage(start_ns, reason, detail, frames))

    def cover(self, until_ns: int) -> None:
        self._timeline.cover(until_ns)

    def move_to(self, store: CameraStore) -> None:
        """Go on in a store that was opened anew."""
        self._store = store

    def say(self, rows: list[GapRow]) -> None:
        """Let rows be stored."""
        for row in rows:
            never_was = 0 < row.end_ns <= row.start_ns and row.start_ns not in self._stored_open
            if never_was:
                self._rows.pop(row.start_ns, None)
            else:
                self._rows[row.start_ns] = row

    def store_rows(self) -> None:
        """Bring all rows into journal and index; OSError and RecordingError pass, and what is left is tried again."""
        for start_ns in sorted(self._rows):
            row = self._rows[start_ns]
            self._store.put_gap(row)
            del self._rows[start_ns]
            (self._stored_open.discard if row.end_ns else self._stored_open.add)(start_ns)
