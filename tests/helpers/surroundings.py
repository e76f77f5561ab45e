"""Surroundings for a pipeline under test: a small disk of its own, and a system clock that can be set."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from common.config import PROJECT_DIR
from tests.helpers.kernel import is_alive
from tests.helpers.tools import require_tool

# Runs in the new namespace: mounts, then becomes the command.
_MOUNT: Final = 'mkdir -p "$1" && mount -t tmpfs -o "size=$2" cam "$1" && shift 2 && exec "$@"'
_FAKETIME: Final = "lib*/*/faketime/libfaketimeMT.so.1"
# faketime 0.9.10 refuses clock_nanosleep() with an absolute time of CLOCK_MONOTONIC, which is what time.sleep() calls.
_SLEEPER: Final = "import select, time\ntime.sleep = lambda seconds: select.select((), (), (), seconds) and None\n"


def small_disk(folder: Path, size_bytes: int) -> tuple[str, ...]:
    """Return a command that becomes another one, for which a folder is a disk of that size; skip where none can be."""
    unshare = require_tool("unshare")
    for flags in (["--mount"], ["--user", "--map-root-user", "--mount"]):
        command = (unshare, *flags, "sh", "-c", _MOUNT, "sh", str(folder), str(size_bytes))
        if subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0:
            return command
    pytest.skip("the kernel allows nobody here a mount namespace")


def as_seen_by(pid: int, path: Path) -> Path:
    """Return a path through the eyes of a process with a mount namespace of its own."""
    return Path(f"/proc/{pid}/root{path}")


def entering(pid: int) -> tuple[str, ...]:
    """Return a command that becomes another one, which sees the disks that a process sees."""
    own_user = Path("/proc/self/ns/user").readlink() == Path(f"/proc/{pid}/ns/user").readlink()
    user = () if own_user else ("--user", "--preserve-credentials")
    return (require_tool("nsenter"), "--target", str(pid), "--mount", *user, f"--wd={PROJECT_DIR}")


class SettableClock:
    """A system clock for all processes that run with `environment`: CLOCK_MONOTONIC stays as it is."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock.txt"
        self._modules = folder / "clock-modules"
        self._modules.mkdir()
        (self._modules / "sitecustomize.py").write_text(_SLEEPER)
        self.set(0)

    def set(self, ahead_s: int) -> None:
        """Let the clock be so far ahead of the real one, from now on."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{ahead_s:+d}\n")
        new.replace(self._file)

    def environment(self) -> Mapping[str, str]:
        """Return the variables for processes that shall see it."""
        return {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
            # Files keep the real clock's times.
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": str(self._modules),
        }

    def clean_up(self) -> None:
        """Remove what libfaketime leaves in shared memory when its processes have ended."""
        for path in Path("/dev/shm").glob("*faketime_s*_*"):
            pid = path.name.rpartition("_")[2]
            if pid.isdigit() and not is_alive(int(pid)):
                path.unlink(missing_ok=True)


def _library() -> Path:
    found = next(iter(sorted(Path("/usr").glob(_FAKETIME))), None)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("libfaketime is not installed; in CI no test may skip for want of it (.ci/run installs it)")
        pytest.skip("libfaketime is not installed")
    return found


def free_bytes(folder: Path) -> int:
    """Return the room that is left where a folder lies."""
    return shutil.disk_usage(folder).free
