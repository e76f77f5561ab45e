"""The simulated camera as a process of its own, and what it says it sent."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from common.config import PROJECT_DIR
from common.service import die_with_parent

# For the server to announce a camera, and for the viewer to come and go.
_SLACK_S: Final = 10.0


class Camera:
    """A running simulated camera."""

    def __init__(self, name: str, log: Path, pid: int) -> None:
        self.name = name
        self.pid = pid
        self.log = log

    def sent_ns(self) -> dict[int, int]:
        """Return when each frame began to be sent (CLOCK_MONOTONIC), by the number drawn into it."""
        sends = {}
        for line in self.log.read_text(encoding="ascii").splitlines():
            fields = line.split()
            # The newest line may be half there; a camera with a suffix (-2) is another one of the same process.
            if len(fields) == 4 and fields[2] == self.name:
                sends[int(fields[0])] = int(fields[1])
        return sends


def drawn_before(length_s: float, fps: float) -> tuple[str, str]:
    """Return the flags of a camera that draws nothing while it sends, all its numbers different for so long.

    Drawing takes 1 ms of a processor right after each send, and ingest often wakes up on that very processor.
    """
    return "--prerender", str(round((length_s + _SLACK_S) * fps))


@contextmanager
def camera(folder: Path, port: int, name: str, fps: float, *extra: str, count: int = 1) -> Iterator[Camera]:
    """Run one camera (or `count`, called name-1 to name-N) of VGA pictures, numbered, as long as the block lasts."""
    log = folder / f"{name}.sends"
    flags = {"camera": name, "cameras": count, "fps": fps, "server": f"127.0.0.1:{port}", "log-sends": log}
    words = [word for flag, value in flags.items() for word in (f"--{flag}", str(value))]
    command = [sys.executable, "-m", "tools.mock_camera", "--quiet", *words, *extra]
    with subprocess.Popen(command, cwd=PROJECT_DIR, preexec_fn=die_with_parent) as process:
        try:
            yield Camera(name, log, process.pid)
        finally:
            process.terminate()
            process.wait(timeout=10)
