"""The writer of one video file: samples in, fragments on disk out. The recorder's disk thread owns it."""

import os
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

from common.recordings.container import Facts, Sample, duration_patch, fragment, head
from common.recordings.disk import append, create, discard, write_all
from common.recordings.layout import name_of
from common.recordings.rows import FileRow, Kind, State
from common.units import to_90k


class VideoWriter:
    """One open file. `name`, `size_bytes`, `end_ns`, `frames`, `skipped` say what was written, and are in the file."""

    def __init__(self, folder: Path, facts: Facts, init: bytes) -> None:
        """Make the file below the camera's `folder`, with its head. OSError passes; nothing is left behind then.

        Raises RecordingError for an init segment that fits no file, FileExistsError when there is one of this start.
        """
        self.facts = facts
        self.name = name_of(facts.camera, facts.start_ns, Kind.VIDEO)
        self.end_ns = facts.start_ns
        self.frames = 0
        self.skipped: dict[str, int] = {}
        self._head = head(init, facts)
        self._sequence = 0
        self._next_90k = 0
        self._fd = create(folder, self.name, self._head)
        self.size_bytes = len(self._head)

    def append(self, samples: Sequence[Sample], end_ns: int, skipped: Mapping[str, int] | None = None) -> None:
        """Write samples as fragments, one from each keyframe on; `end_ns` is when the last of them ends, or a guess.

        `skipped`: the camera's frames that are missing before or between these, by cause. On OSError the file is cut
        back to its last whole fragment, and the samples that were not written are the caller's again: none or all.
        """
        if not samples:
            return
        counted = dict(self.skipped)
        for cause, frames in (skipped or {}).items():
            counted[cause] = counted.get(cause, 0) + frames
        data, next_90k = self._fragments(samples, end_ns, counted)
        append(self._fd, data, self.size_bytes)
        self.size_bytes += len(data)
        self.frames += len(samples)
        self.end_ns = end_ns
        self.skipped = counted
        self._next_90k = next_90k

    def _fragments(self, samples: Sequence[Sample], end_ns: int, skipped: Mapping[str, int]) -> tuple[bytes, int]:
        start_ns, next_90k = self.facts.start_ns, self._next_90k
        starts = [0, *[index for index, sample in enumerate(samples) if sample.is_key and index], len(samples)]
        parts = []
        for first, after in pairwise(starts):
            part = samples[first:after]
            part_end_ns = samples[after].time_ns if after < len(samples) else end_ns
            self._sequence += 1
            parts.append(fragment(part, start_ns, self._sequence, part_end_ns, skipped, next_90k))
            next_90k = max(to_90k(part[-1].time_ns - start_ns) + 1, next_90k + len(part))
        return b"".join(parts), next_90k

    @property
    def row(self) -> FileRow:
        """The file's row as it is now, still open."""
        facts = self.facts
        return FileRow(
            name=self.name,
            kind=Kind.VIDEO,
            state=State.OPEN,
            start_ns=facts.start_ns,
            end_ns=self.end_ns,
            size_bytes=self.size_bytes,
            frames=self.frames,
            width=facts.width,
            height=facts.height,
            codec=facts.codec,
            shift_ns=facts.shift_ns,
            skipped=dict(self.skipped),
        )

    def sync(self) -> None:
        """Bring all that was appended to disk."""
        os.fdatasync(self._fd)

    def close(self) -> None:
        """Write down how long the file is, bring it to disk and close it. Idempotent; OSError passes, closed anyway."""
        if self._fd < 0:
            return
        fd, self._fd = self._fd, -1
        try:
            at, patch = duration_patch(self._head, to_90k(self.end_ns - self.facts.start_ns))
            write_all(fd, patch, at)
            os.fdatasync(fd)
        finally:
            os.close(fd)

    def discard(self, folder: Path) -> None:
        """Close and remove the file: nothing was written to it."""
        fd, self._fd = self._fd, -1
        discard(fd, folder / self.name)
