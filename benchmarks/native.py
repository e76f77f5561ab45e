"""The programs in C, compiled on the spot: they are cheap enough to load one machine together with what they load."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from benchmarks.calm import LATE_MS, Span

MISSING: Final = "no gcc here"
NO_STAMPS: Final = "-"
_SOURCES: Final = Path(__file__).parent / "c"
_END_S: Final = 10.0


def can_compile() -> bool:
    """Return whether there is a C compiler."""
    return shutil.which("gcc") is not None


def compiled(name: str, folder: Path) -> Path:
    """Return the program of `c/<name>.c`, made in `folder`."""
    program = folder / name
    if not program.exists():
        if not can_compile():
            raise FileNotFoundError(f"{MISSING}: c/{name}.c cannot be compiled")
        subprocess.run(["gcc", "-O2", "-pthread", "-o", program, _SOURCES / f"{name}.c"], check=True)
    return program


class Program:
    """A running program that answers each line with a line, and ends with its standard input."""

    def __init__(self, process: "subprocess.Popen[str]", questions: IO[str], answers: IO[str]) -> None:
        self.pid: Final = process.pid
        self._questions: Final = questions
        self._answers: Final = answers

    def ask(self, word: str) -> dict[str, Any]:
        """Return the answer to a line, which is JSON."""
        self._questions.write(f"{word}\n")
        self._questions.flush()
        answer: dict[str, Any] = json.loads(self.read_line())
        return answer

    def read_line(self) -> str:
        """Return the next line that it says."""
        line = self._answers.readline()
        if not line:
            raise ConnectionError("the program has ended")
        return line


@contextmanager
def running(name: str, folder: Path, *arguments: object) -> Iterator[Program]:
    """Run the program of `c/<name>.c` as long as the block lasts."""
    command = [str(compiled(name, folder)), *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Program(process, process.stdin, process.stdout)
        finally:
            process.stdin.close()  # which ends it
            try:
                process.wait(_END_S)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def floor(folder: Path, lengths: Sequence[int], fps: float, stamps: Path | None = None) -> Iterator[tuple[int, int]]:
    """Yield pid and port of a server that does nothing but send messages of these lengths at that pace.

    With `stamps` its messages are numbered, and that file tells when each began to be sent.
    """
    sizes = folder / "sizes.txt"
    sizes.write_text("\n".join(map(str, lengths)))
    with running("floor", folder, sizes, fps, stamps or NO_STAMPS) as program:
        yield program.pid, int(program.read_line())


@contextmanager
def sink(folder: Path) -> Iterator[tuple[int, int]]:
    """Yield pid and port of a server that reads what cameras send, and does nothing with it."""
    with running("sink", folder) as program:
        yield program.pid, int(program.read_line())


@contextmanager
def throttle(folder: Path, port: int, bytes_a_second: int) -> Iterator[int]:
    """Yield a port whose connections go on to `port`, each answered at so many bytes a second."""
    with running("throttle", folder, port, bytes_a_second) as program:
        yield int(program.read_line())


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
