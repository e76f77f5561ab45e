"""The writer and the reader of one originals file (spool.py): pictures in and out, bit for bit."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from common.recordings.disk import append, create, discard
from common.recordings.files import open_to_read, read_spool_head
from common.recordings.layout import name_of
from common.recordings.rows import FileRow, Kind, State
from common.recordings.spool import (
    ORIGINAL,
    RECORD,
    Original,
    SpoolFacts,
    decode_original,
    encode_end,
    encode_original,
    parse_header,
    spool_head,
)


class OriginalsWriter:
    """One open file. `name`, `size_bytes`, `end_ns`, `frames`, `skipped` say what was written, and are in the file.

    How long the last picture is shown, `close` may tell: until then the file ends when that begins.
    """

    def __init__(self, folder: Path, camera: str, start_ns: int, shift_ns: int = 0) -> None:
        """Make the file below the camera's `folder`, with its head. OSError passes; nothing is left behind then."""
        self.facts = SpoolFacts(camera, start_ns, shift_ns)
        self.name = name_of(camera, start_ns, Kind.ORIGINALS)
        self.end_ns = start_ns
        self.frames = 0
        self.width = self.height = 0
        self.skipped: dict[str, int] = {}
        head = spool_head(self.facts)
        self._fd = create(folder, self.name, head)
        self.size_bytes = len(head)

    def append(self, originals: Sequence[Original]) -> None:
        """Write pictures, in the order of their times; on OSError none of them was, and the file is cut back."""
        if not originals:
            return
        data = b"".join([encode_original(original) for original in originals])
        append(self._fd, data, self.size_bytes)
        self.size_bytes += len(data)
        self.frames += len(originals)
        last = originals[-1]
        self.end_ns, self.width, self.height = last.time_ns, last.width, last.height
        for original in originals:
            for cause, frames in original.skipped.items():
                self.skipped[cause] = self.skipped.get(cause, 0) + frames

    @property
    def row(self) -> FileRow:
        """The file's row as it is now, still open."""
        return FileRow(
            name=self.name,
            kind=Kind.ORIGINALS,
            state=State.OPEN,
            start_ns=self.facts.start_ns,
            end_ns=self.end_ns,
            size_bytes=self.size_bytes,
            frames=self.frames,
            width=self.width,
            height=self.height,
            shift_ns=self.facts.shift_ns,
            skipped=dict(self.skipped),
        )

    def sync(self) -> None:
        """Bring all that was appended to disk."""
        os.fdatasync(self._fd)

    def close(self, end_ns: int = 0) -> None:
        """Write down when the last picture ends, bring the file to disk and close it.

        Idempotent; OSError passes, closed anyway.
        """
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        try:
            if end_ns > self.end_ns:
                data = encode_end(end_ns)
                append(fd, data, self.size_bytes)
                self.size_bytes += len(data)
                self.end_ns = end_ns
            os.fdatasync(fd)
        finally:
            os.close(fd)

    def discard(self, folder: Path) -> None:
        """Close and remove the file: nothing was written to it."""
        fd, self._fd = self._fd, -1
        discard(fd, folder / self.name)


def read_originals(path: Path) -> Iterator[Original]:
    """Yield the pictures of a file, up to the first that is not whole; raise RecordingError when it is no such file."""
    with open_to_read(path) as file:
        at = read_spool_head(file).size_bytes
        while header := parse_header(file.read(at, RECORD.size)):
            if header.magic == ORIGINAL:
                original = decode_original(file.read(at, header.size_bytes))
                if original is None:
                    return
                yield original
            at += header.size_bytes
