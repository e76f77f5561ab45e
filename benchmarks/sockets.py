"""What the kernel says of a port's connections: whose they are, and how much waits in their send queues."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_ESTABLISHED: Final = "01"
_SOCKET: Final = re.compile(r"socket:\[(\d+)\]")
_QUEUED: Final = re.compile(r"skmem:\([^)]*\bw(\d+)")


def established(table: str, port: int) -> dict[int, int]:
    """Return inode and bytes in the send queue of a port's connections, from the text of /proc/net/tcp. Pure."""
    found = {}
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 9 and fields[3] == _ESTABLISHED and int(fields[1].rpartition(":")[2], 16) == port:
            found[int(fields[9])] = int(fields[4].partition(":")[0], 16)
    return found


def queued_bytes(ss_output: str) -> int:
    """Return the memory of all send queues in the output of `ss -tmn`, the kernel's own overhead included. Pure."""
    return sum(map(int, _QUEUED.findall(ss_output)))


def send_queues_bytes(port: int) -> int:
    """Return the memory that a port's send queues take; without `ss` only the bytes that wait in them."""
    if shutil.which("ss") is None:
        return sum(established(Path("/proc/net/tcp").read_text(), port).values())
    told = subprocess.run(
        ["ss", "-tmnH", "state", "established", f"sport = :{port}"], capture_output=True, text=True, check=True
    )
    return queued_bytes(told.stdout)


def connections(pids: Iterable[int], port: int) -> dict[int, int]:
    """Return how many connections of a port each process holds."""
    inodes = established(Path("/proc/net/tcp").read_text(), port)
    return {pid: sum(inode in inodes for inode in _inodes(pid)) for pid in pids}


def _inodes(pid: int) -> list[int]:
    found = []
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            match = _SOCKET.fullmatch(os.readlink(descriptor))
        except OSError:
            continue  # closed meanwhile
        if match:
            found.append(int(match[1]))
    return found
