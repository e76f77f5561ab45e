"""The open file of an event: originals of a camera that sends JPEGs, a video of one that pushes H.264."""

from dataclasses import replace
from typing import Final, Protocol

from common.frame import Frame
from common.recordings.container import sample_of
from common.recordings.originals import OriginalsWriter
from common.recordings.rows import State
from common.recordings.spool import Original
from common.units import NS_PER_S
from services.recorder.open_file import DISK, PENDING_LIMIT_BYTES, OpenFile
from services.recorder.taking import Desk


class EventFile(Protocol):
    """Takes frames one by one; a pass (`flush`, `sync`) brings them to disk."""

    def ends_before(self, frame: Frame, time_ns: int) -> bool:
        """Return whether that frame, which follows without a hole, begins the next file."""

    def add(self, frame: Frame, time_ns: int, *, is_new: bool) -> None:
        """Let a frame wait for the next flush, or write when much waits."""

    def flush(self, end_ns: int) -> None:
        """Write what waits; OSError passes, and it waits on. `end_ns`: when the last frame ends, or a guess."""

    def sync(self) -> None:
        """Bring the file to disk, then its row into the index."""

    def close(self, end_ns: int) -> None:
        """Write and sync everything; what cannot be written is counted as lost, and the error passes."""


class VideoFile:
    """Samples of `mp4/`, the footage at once."""

    def __init__(self, desk: Desk, frame: Frame, start_ns: int, shift_ns: int) -> None:
        """Make the file; OSError passes."""
        self._file = OpenFile(desk, frame, start_ns, shift_ns)
        self._init = frame.init
        self._end_ns = start_ns + round(desk.recording.segment_s * NS_PER_S)

    def ends_before(self, frame: Frame, time_ns: int) -> bool:
        return frame.key and (frame.init != self._init or time_ns >= self._end_ns)

    def add(self, frame: Frame, time_ns: int, *, is_new: bool) -> None:
        if frame.key or self._file.is_full:
            self._file.flush(time_ns)
        self._file.add(sample_of(frame, time_ns), frame, is_new=is_new)

    def flush(self, end_ns: int) -> None:
        self._file.flush(end_ns)

    def sync(self) -> None:
        self._file.sync()

    def close(self, end_ns: int) -> None:
        self._file.close(end_ns)


class OriginalsFile:
    """Pictures as they came. Once it is closed, their video is to be made: the row says so, and the encoder is told."""

    def __init__(self, desk: Desk, start_ns: int, shift_ns: int) -> None:
        """Make the file; OSError passes."""
        self._desk = desk
        self._writer: Final = desk.write(
            lambda: OriginalsWriter(desk.store.folder, desk.camera, start_ns, shift_ns),
        )
        self._last_ns = start_ns + round(desk.recording.segment_s * NS_PER_S)
        self._pending: list[Original] = []
        self._pending_new = 0
        self._pending_bytes = 0
        self._end_ns = start_ns

    def ends_before(self, frame: Frame, time_ns: int) -> bool:
        return time_ns >= self._last_ns

    def add(self, frame: Frame, time_ns: int, *, is_new: bool) -> None:
        if self._pending_bytes > PENDING_LIMIT_BYTES:
            self.flush(time_ns)
        self._pending.append(
            Original(
                time_ns=time_ns,
                seq=frame.seq,
                source=frame.source,
                width=frame.width,
                height=frame.height,
                jpeg=frame.payload,
                skipped=frame.skipped,
            )
        )
        self._pending_new += is_new
        self._pending_bytes += len(frame.payload)

    def flush(self, end_ns: int) -> None:
        if not self._pending:
            return
        self._desk.write(lambda: self._writer.append(self._pending))
        self._desk.tally.leave(self._pending_new)
        self._end_ns = end_ns
        self._forget_pending()

    def sync(self) -> None:
        if self._writer.frames:
            self._writer.sync()
            self._store_row(State.OPEN)

    def close(self, end_ns: int) -> None:
        try:
            self.flush(end_ns)
            self._end_ns = end_ns
        finally:
            self._desk.tally.drop(DISK, self._pending_new)
            self._forget_pending()
            self._finish()

    def _finish(self) -> None:
        if not self._writer.frames:
            self._writer.discard(self._desk.store.folder)
            return
        self._writer.close(self._end_ns)
        self._store_row(State.ENCODING)
        self._desk.encoder.submit(self._desk.camera, self._writer.name)

    def _store_row(self, state: State) -> None:
        self._desk.store.add_file(replace(self._writer.row, state=state, end_ns=self._end_ns))

    def _forget_pending(self) -> None:
        self._pending, self._pending_new, self._pending_bytes = [], 0, 0
