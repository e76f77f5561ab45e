"""Very many viewers, which are one C program: what they received, what they missed, and how old it was."""

import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.native import NO_STAMPS, Program, running
from benchmarks.process import cpu_ns

_RECORD: Final = struct.Struct("=QqII")
_CONNECTED_S: Final = 30.0
_POLL_S: Final = 0.1


class Record(NamedTuple):
    """One message that a viewer of the crowd received whole; seq -2 stands for the start of its connection."""

    mono_ns: int
    seq: int
    viewer: int
    length: int


class Totals(NamedTuple):
    """What the crowd has seen up to a moment."""

    mono_ns: int
    connected: int
    closed: int
    refused: int
    messages: int
    bytes: int
    texts: int
    gaps: int


class Ages(NamedTuple):
    """A distribution of so many samples in ms, good to 0.1 ms; `most` is exact."""

    samples: int
    p50: float
    p95: float
    p99: float
    most: float


class Report(NamedTuple):
    """What the crowd has seen since the last `reset`. Ages are None where nothing tells when frames were sent.

    `age_ms`: of each message when it was there; `shown_ms`: of what was shown until then; `first_ms`: from the start of
    connecting to the first picture, for every viewer, whenever it was.
    """

    mono_ns: int
    messages: int
    gaps: int  # frames that were sent, and skipped for a viewer
    backwards: int  # frames that came after a newer one
    closed: int
    with_gaps: int  # viewers
    missing: int  # viewers that did not get every frame: cut, more than two frames behind others, or with gaps
    without: int  # viewers that never had a picture
    age_ms: Ages | None
    shown_ms: Ages | None
    first_ms: Ages | None


def parse_report(fields: dict[str, Any]) -> Report:
    """Return a report from the program's JSON."""
    ages = {name: Ages(**value) if value else None for name, value in fields.items() if name.endswith("_ms")}
    return Report(**{**fields, **ages})


class Crowd:
    """Running viewers."""

    def __init__(self, program: Program, count: int, log: Path) -> None:
        self._program: Final = program
        self._log: Final = log
        self.count: Final = count
        self.pid: Final = program.pid

    def totals(self) -> Totals:
        """Ask for the totals of now."""
        return Totals(**self._program.ask("totals"))

    def reset(self) -> None:
        """Start the report anew."""
        self._program.ask("reset")

    def report(self) -> Report:
        """Ask for what happened since the last reset."""
        return parse_report(self._program.ask("report"))

    def stall(self) -> None:
        """Have no viewer read any more."""
        self._program.ask("stall")

    def cpu_ns(self) -> int:
        """Return the CPU that the viewers themselves have used."""
        return cpu_ns(self.pid)

    def wait_connected(self) -> None:
        """Wait until all watch; TimeoutError when some do not."""
        deadline = time.monotonic() + _CONNECTED_S
        while (totals := self.totals()).connected < self.count:
            if totals.refused or time.monotonic() > deadline:
                raise TimeoutError(f"{totals.connected} of {self.count} viewers connected, {totals.refused} refused")
            time.sleep(_POLL_S)

    def wait_watching(self) -> None:
        """Wait until each has had a picture."""
        self.wait_connected()
        deadline = time.monotonic() + _CONNECTED_S
        while left := self.report().without:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{left} of {self.count} viewers have no picture")
            time.sleep(_POLL_S)

    def records(self) -> Iterator[Record]:
        """Yield what was logged up to the last question."""
        whole = self._log.read_bytes()
        for fields in _RECORD.iter_unpack(whole[: len(whole) // _RECORD.size * _RECORD.size]):
            yield Record(*fields)


@contextmanager
def crowd(
    folder: Path,
    port: int,
    path: str,
    count: int,
    *,
    a_second: float = 0,
    logged: int = 1,
    stamps: Path | None = None,
    cameras: int = 1,
) -> Iterator[Crowd]:
    """Connect `count` viewers to a port of this machine; `logged` of them leave records.

    Viewer n watches camera n % cameras: %d in the path is its number, from 1. `stamps` tells when frames were sent.
    """
    log = folder / f"crowd-{time.monotonic_ns()}.log"
    try:
        with running(
            "viewers", folder, "127.0.0.1", port, path, count, a_second, logged, log, stamps or NO_STAMPS, cameras
        ) as program:
            yield Crowd(program, count, log)
    finally:
        log.unlink(missing_ok=True)
