"""What the kernel says of processes: who belongs to a run folder, who our children are, and their memory."""

import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path


def processes_of(run_dir: Path) -> dict[int, str]:
    """Return the living processes whose environment names this run folder, with their commands."""
    marker = f"CAM_RUN_DIR={run_dir}".encode()
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace").strip()
        except OSError:
            # It ended meanwhile, or is another user's.
            continue
        if marker in variables and command:
            found[int(folder.name)] = command
    return found


def own_children() -> dict[int, str]:
    """Return the direct children of this process, with their commands; ended ones that nobody waited for included."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        try:
            pids = [int(pid) for pid in (task / "children").read_text().split()]
        except OSError:
            # A thread that ended meanwhile.
            continue
        for pid in pids:
            try:
                found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
            except OSError:
                continue
    return found


def children_of(pid: int) -> list[int]:
    """Return the direct children of a process that run; none when it has ended."""
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in task.read_text().split()]
        except OSError:
            # A thread that ended meanwhile.
            continue
    return [child for child in found if is_alive(child)]


def wait_until_gone(pids: Iterable[int], timeout_s: float) -> list[int]:
    """Return those of the processes that are still there after the time."""
    deadline = time.monotonic() + timeout_s
    while left := [pid for pid in pids if is_alive(pid)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return left


def is_alive(pid: int) -> bool:
    """Return whether a process runs: one that ended and was not waited for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def kill_all(pids: Iterable[int]) -> None:
    """End processes that should not be there, whatever they do."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


def pss_bytes(pid: int) -> int:
    """Return a process's proportional set size: its own memory and its share of what others use, too."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) << 10
    return 0
