"""What was sent, and when: the other end of a delay measurement."""

from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self


class Sent(NamedTuple):
    """One frame that was handed to the kernel."""

    number: int
    mono_ns: int  # CLOCK_MONOTONIC, just before its first byte
    camera: str
    corruption: str  # "" for a good frame
    jpeg_bytes: int


class SendLog:
    """A file with a line a frame: number, CLOCK_MONOTONIC ns, camera, kind of corruption or `-`.

    Each line is in the file before the next frame goes out, so that a test may read along.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("w", buffering=1, encoding="ascii", errors="backslashreplace")

    def write(self, sent: Sent) -> None:
        """Add a line."""
        self._file.write(f"{sent.number} {sent.mono_ns} {sent.camera} {sent.corruption or '-'}\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
