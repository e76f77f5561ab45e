"""The programs in C, compiled on the spot: a cheap crowd of viewers, and the floor of what sending costs."""

import json
import shutil
import struct
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, NamedTuple

from benchmarks.calm import LATE_MS, Span

MISSING: Final = "no gcc here"
_SOURCES: Final = Path(__file__).parent / "c"
_RECORD: Final = struct.Struct("=QqII")
CONNECT_STARTED: Final = -2


class Record(NamedTuple):
    """One message that a viewer of the crowd received whole; seq is CONNECT_STARTED for the start of its connection."""

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


def can_compile() -> bool:
    """Return whether there is a C compiler."""
    return shutil.which("gcc") is not None


def compiled(name: str, folder: Path) -> Path:
    """Return the program of `c/<name>.c`, made in `folder`."""
    program = folder / name
    if not program.exists():
        subprocess.run(["gcc", "-O2", "-pthread", "-o", program, _SOURCES / f"{name}.c"], check=True)
    return program


class _Running(NamedTuple):
    """A program that ends with its standard input."""

    pid: int
    questions: IO[str]
    answers: IO[str]


class Crowd:
    """Running viewers."""

    def __init__(self, running: "_Running", log: Path) -> None:
        self._questions = running.questions
        self._answers = running.answers
        self._log = log
        self.pid: Final = running.pid

    def totals(self) -> Totals:
        """Ask for the totals of now."""
        self._questions.write("totals\n")
        self._questions.flush()
        return Totals(**json.loads(self._answers.readline()))

    def records(self) -> Iterator[Record]:
        """Yield what was logged up to the last `totals`."""
        whole = self._log.read_bytes()
        for fields in _RECORD.iter_unpack(whole[: len(whole) // _RECORD.size * _RECORD.size]):
            yield Record(*fields)


@contextmanager
def crowd(folder: Path, port: int, path: str, count: int, *, a_second: float = 0, logged: int = 1) -> Iterator[Crowd]:
    """Connect `count` viewers to a port of this machine; `logged` of them leave records."""
    log = folder / "crowd.log"
    arguments = ["127.0.0.1", str(port), path, str(count), str(a_second), str(logged), str(log)]
    with _running([str(compiled("viewers", folder)), *arguments]) as running:
        yield Crowd(running, log)


@contextmanager
def floor(folder: Path, lengths: Sequence[int], fps: float) -> Iterator[tuple[int, int]]:
    """Yield pid and port of a server that does nothing but send messages of these lengths at that pace."""
    sizes = folder / "sizes.txt"
    sizes.write_text("\n".join(map(str, lengths)))
    with _running([str(compiled("floor", folder)), str(sizes), str(fps)]) as running:
        yield running.pid, int(running.answers.readline())


@contextmanager
def stalls(folder: Path) -> Iterator[list[Span]]:
    """Watch the machine meanwhile; the list is filled, at the end of the block, with when it stood still.

    Without a compiler nothing watches, and the list stays empty.
    """
    found: list[Span] = []
    if not can_compile():
        yield found
        return
    command = [str(compiled("stalls", folder)), str(LATE_MS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield found
        finally:
            lines, _ = process.communicate()
            found += [Span(*map(int, line.split())) for line in lines.splitlines()]


@contextmanager
def _running(command: list[str]) -> Iterator[_Running]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        questions, answers = process.stdin, process.stdout
        assert questions is not None
        assert answers is not None
        try:
            yield _Running(process.pid, questions, answers)
        finally:
            questions.close()  # which ends it
            process.wait(timeout=10)
