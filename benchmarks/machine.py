"""The machine and the programs that a table was measured on: figures without them say little."""

import os
import platform
import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("pyzmq", "aiohttp", "websockets", "av", "supervisor")


def describe() -> dict[str, str]:
    """Return what matters for the figures, by name."""
    return {
        "processor": f"{_processor()}, {os.cpu_count()} cores",
        "memory": f"{_memory_gib():.1f} GiB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "libraries": ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        "programs": f"{_first_line('ffmpeg', '-version')}; {_first_line('gcc', '--version')}",
        "priority": f"nice {os.nice(0)}",
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gib() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / (1 << 30)


def _first_line(*command: str) -> str:
    if shutil.which(command[0]) is None:
        return f"no {command[0]}"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout.splitlines() or [command[0]])[0].partition(" Copyright")[0]
