"""What the kernel says of processes: CPU to the nanosecond, memory by page. Reads /proc; nothing is sampled."""

import struct
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from common.units import NS_PER_S

_PAGE_BYTES: Final = 4096
_PFN_MASK: Final = (1 << 55) - 1  # bits 0-54 of an entry of pagemap; bit 63 says present (Linux admin-guide/mm/pagemap)
_PRESENT: Final = 1 << 63


def cpu_ns(pid: int) -> int:
    """Return the CPU time that the living threads of a process have used, in ns; 0 when it is gone.

    schedstat counts what the scheduler gave, where utime and stime of short wake-ups come in ticks of 10 ms.
    """
    return sum(_read_first(path) for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))


def _read_first(path: Path) -> int:
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0  # the thread ended meanwhile


class CpuMeter:
    """The CPU of several processes since the meter was made, as shares of one core."""

    def __init__(self, names: Mapping[int, str], now_ns: int) -> None:
        self._names = dict(names)
        self._start_ns = now_ns
        self._before = {pid: cpu_ns(pid) for pid in names}

    def read(self, now_ns: int) -> dict[str, float]:
        """Return percent of a core by name."""
        wall_ns = now_ns - self._start_ns
        return {name: 100 * (cpu_ns(pid) - self._before[pid]) / wall_ns for pid, name in self._names.items()}

    def used_s(self) -> float:
        """Return the seconds of CPU used by all together."""
        return sum(cpu_ns(pid) - before for pid, before in self._before.items()) / NS_PER_S


def descendants(root: int) -> list[int]:
    """Return a process and all that it started, directly or not."""
    found = [root]
    for pid in found:
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text().split()]
            except OSError:
                continue
    return found


def command(pid: int) -> str:
    """Return the command line of a process; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return ""


def pss_bytes(pid: int) -> int:
    """Return the proportional set size: each page divided by how many processes map it, whoever they are."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    raise ValueError(f"smaps_rollup of {pid} has no Pss")


def rss_bytes(pid: int) -> int:
    """Return the resident set size; 0 when the process is gone."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except OSError:
        return 0


class Footprint(NamedTuple):
    """The memory of several processes."""

    pss_bytes: dict[int, int]
    together_bytes: int | None  # pages that any of them holds, each once; None where page numbers are not readable


def footprint(pids: Iterable[int]) -> Footprint:
    """Return the memory of processes that live on.

    The sum of PSS shrinks when a stranger maps the same libraries (another pipeline, a test run); the pages counted by
    their number do not. Reading them takes CAP_SYS_ADMIN.
    """
    pids = list(pids)
    frames: set[int] = set()
    for pid in pids:
        frames.update(_page_frames(pid))
    known = len(frames) > 1 or 0 not in frames
    return Footprint({pid: pss_bytes(pid) for pid in pids}, len(frames) * _PAGE_BYTES if known else None)


def _page_frames(pid: int) -> Iterator[int]:
    with Path(f"/proc/{pid}/pagemap").open("rb", buffering=0) as pagemap:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            start, end = (int(bound, 16) for bound in line.split()[0].split("-"))
            if line.endswith(("[vsyscall]", "[vdso]", "[vvar]", "[vvar_vclock]")):
                continue
            pagemap.seek(start // _PAGE_BYTES * 8)
            entries = pagemap.read((end - start) // _PAGE_BYTES * 8)
            for (entry,) in struct.iter_unpack("<Q", entries):
                if entry & _PRESENT:
                    yield entry & _PFN_MASK
