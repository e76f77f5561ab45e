"""Very many cameras, which are one C program playing the simulated camera's pictures; it notes when each was sent."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks import pictures
from benchmarks.native import Program, running
from benchmarks.process import cpu_ns

# The server knows at most so many cameras at once, and remembers them: every figure's cameras have the same names.
NAME: Final = "load"
_PICTURES: Final = 90
_LENGTH: Final = struct.Struct("=I")


class Sends(NamedTuple):
    """What the cameras did up to a moment; `skipped` frames were due while the one before was still being sent."""

    mono_ns: int
    connected: int
    sent: int
    skipped: int
    lost: int
    bytes: int


class Fleet:
    """Running cameras; `stamps` is the file that tells when each frame was sent."""

    def __init__(self, program: Program, count: int, stamps: Path) -> None:
        self._program: Final = program
        self.count: Final = count
        self.stamps: Final = stamps
        self.names: Final = [f"{NAME}-{number}" for number in range(1, count + 1)]

    def sends(self) -> Sends:
        """Ask for the totals of now."""
        return Sends(**self._program.ask("totals"))

    def cpu_ns(self) -> int:
        """Return the CPU that the cameras themselves have used."""
        return cpu_ns(self._program.pid)


@contextmanager
def fleet(folder: Path, port: int, count: int, fps: float) -> Iterator[Fleet]:
    """Run so many cameras of VGA pictures against a port of this machine."""
    ready, stamps = folder / "pictures.bin", folder / "sends.stamps"
    if not ready.exists():
        ready.write_bytes(b"".join(_LENGTH.pack(len(jpeg)) + jpeg for jpeg in pictures.jpegs("vga", _PICTURES)))
    stamps.unlink(missing_ok=True)
    with running("cameras", folder, port, f"/ws/camera/{NAME}-%d", count, fps, ready, stamps) as program:
        yield Fleet(program, count, stamps)


def viewer_path(format_: str = "h264") -> str:
    """Return the path of a crowd's viewers, camera by camera; each message tells which frame it is."""
    return f"/ws/viewer?camera={NAME}-%d&format={format_}&meta=1"
