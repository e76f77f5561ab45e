"""A file of footage that is written to: samples wait in it for the next flush, a pass brings them to disk."""

from collections import Counter
from dataclasses import replace
from typing import Final

from common.errors import RecordingError
from common.frame import Frame
from common.recordings.container import Facts, Sample, sample_of
from common.recordings.rows import FileRow, State
from common.recordings.video import VideoWriter
from services.recorder.taking import Desk

# Why a frame is not kept: it is malformed, the disk did not take it.
MALFORMED: Final = "malformed"
DISK: Final = "disk"
# A pass that is far away (`sync_interval_s`) must not let memory grow.
PENDING_LIMIT_BYTES: Final = 4 << 20


class OpenFile:
    """A file that is written to, the samples that wait for it, and its row in the index."""

    def __init__(self, desk: Desk, frame: Frame, start_ns: int, shift_ns: int) -> None:
        self._desk = desk
        facts = Facts(
            camera=desk.camera,
            start_ns=start_ns,
            shift_ns=shift_ns,
            source=frame.source,
            term=frame.term,
            encoder_start_ns=frame.encoder_start_ns,
            width=frame.width,
            height=frame.height,
            codec=frame.codec,
        )
        self._writer = desk.write(lambda: VideoWriter(desk.store.folder, facts, frame.init))
        self._row_id = 0
        self._told: tuple[int, int, State] | None = None
        self._synced_bytes = 0
        self._pending: list[Sample] = []
        self._pending_new = 0
        self._pending_bytes = 0
        self._skipped: Counter[str] = Counter()

    @property
    def end_ns(self) -> int:
        """When the last picture that was written ends."""
        return self._writer.end_ns

    @property
    def is_full(self) -> bool:
        """Whether so much waits that it should be written now."""
        return self._pending_bytes > PENDING_LIMIT_BYTES

    def add(self, sample: Sample, frame: Frame, *, is_new: bool) -> None:
        """Let a sample wait for the next flush."""
        self._pending.append(sample)
        self._pending_bytes += len(sample.data)
        self._pending_new += is_new
        if frame.skipped:
            self._skipped.update(frame.skipped)

    def flush(self, end_ns: int) -> None:
        """Write what waits; OSError passes, and it waits on."""
        if not self._pending:
            return
        self._desk.write(lambda: self._writer.append(self._pending, end_ns, self._skipped))
        self._desk.tally.leave(self._pending_new)
        self._forget_pending()

    def sync(self) -> None:
        """Bring the file to disk, then its row into the index."""
        if not self._writer.frames or self._synced_bytes == self._writer.size_bytes:
            return
        self._writer.sync()
        self._synced_bytes = self._writer.size_bytes
        self._store_row(State.OPEN)

    def close(self, end_ns: int) -> None:
        """Write and sync everything; what cannot be written is counted as lost, and the error passes."""
        try:
            self.flush(end_ns)
        finally:
            self._desk.tally.drop(DISK, self._pending_new)
            self._forget_pending()
            if self._writer.frames:
                self._writer.close()
                self._store_row(State.DONE)
            else:
                self._writer.discard(self._desk.store.folder)

    def _store_row(self, state: State) -> None:
        row = replace(self._writer.row, state=state)
        told = (row.size_bytes, row.end_ns, state)
        if told == self._told:
            return
        if not self._row_id:
            self._row_id = self._desk.write(lambda: self._desk.store.add_file(row))
        else:
            self._desk.write(lambda: self._update(row))
        self._told = told

    def _update(self, row: FileRow) -> None:
        self._desk.store.index.update_file(
            self._row_id,
            end_ns=row.end_ns,
            size_bytes=row.size_bytes,
            frames=row.frames,
            state=row.state,
            skipped=row.skipped,
        )

    def _forget_pending(self) -> None:
        self._pending, self._pending_new, self._pending_bytes = [], 0, 0
        self._skipped.clear()


def is_whole(frame: Frame) -> bool:
    """Return whether a message of `mp4/` can be a sample."""
    try:
        sample_of(frame, 0)
    except RecordingError:
        return False
    return True
