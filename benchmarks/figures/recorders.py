"""How many cameras one recorder process takes to disk: it alone on a bus, fed with footage made before."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.figures.recording import written_bytes
from benchmarks.footage import FPS, captured
from benchmarks.mp4_feed import NAME as CAMERA
from benchmarks.native import Program
from benchmarks.process import CpuMeter
from benchmarks.rows import Row
from benchmarks.run import Run
from common.config import PROJECT_DIR
from common.service import die_with_parent
from common.units import NS_PER_S
from tests.helpers.bus import addresses_in, broker, short_tmp
from tests.helpers.bus_ear import BusEar

NAME: Final = "recorders"
_STEPS: Final = (100, 200, 300, 400, 600, 800)
_QUICK_STEPS: Final = (50, 100)
_FULL_PERCENT: Final = 95.0
# Durable within the pass's interval, the pass itself, and the second until it is told.
_BEHIND_S: Final = 3.5
_TAKEN_S: Final = 20.0
_LENGTH_S: Final = 3.0
_FED: Final = 0.97


class Load(NamedTuple):
    """What so many cameras did to a recorder."""

    cameras: int
    percent: float
    written_mb_s: float
    lost: Counter[str]
    behind_s: float
    fed: float
    """The share of the frames due that the feed could send: below 1 the machine is too small for both."""

    @property
    def is_carried(self) -> bool:
        return not self.lost and self.fed > _FED and self.behind_s <= _BEHIND_S and self.percent <= _FULL_PERCENT

    def _loss(self) -> str:
        return ", ".join(f"{frames} lost ({cause})" for cause, frames in self.lost.items()) or "0 lost"

    def told(self) -> str:
        """Return it in words."""
        return (
            f"{self.cameras}: {self.percent:.0f} % of a core, {self.written_mb_s:.1f} MB/s, {self._loss()}, "
            f"newest {self.behind_s:.1f} s old" + (f", fed {self.fed:.0%} of it" if self.fed <= _FED else "")
        )


def measure(run: Run) -> list[Row]:
    """Return the most cameras that one process records without a loss, and what one of them costs."""
    footage = captured(run)
    run.end_pipeline()
    loads: list[Load] = []
    for cameras in _QUICK_STEPS if run.quick else _STEPS:
        loads.append(_load(footage, cameras))
        run.plot("recorders", x=cameras, cpu_percent=loads[-1].percent, written_mb_s=loads[-1].written_mb_s)
        if not loads[-1].is_carried:
            break
    carried = [load for load in loads if load.is_carried]
    words = "; ".join(load.told() for load in loads)
    most = carried[-1] if carried else None
    what = f"most VGA cameras at {FPS} fps that one recorder process takes to disk"
    note = f"more is better; none lost, on one core and this disk: {words}"
    rows = [Row(NAME, what, "cameras", most.cameras if most else 0, note=note)]
    if most:
        rows.append(Row(NAME, f"CPU of the recorder for each of {most.cameras} cameras", "% of a core",
                        most.percent / most.cameras))  # fmt: skip
    return rows


def _load(footage: Path, cameras: int) -> Load:
    with short_tmp() as folder, broker(folder):
        environ = {name: value for name, value in os.environ.items() if not name.startswith("CAM_")} | {
            "CAM_CONFIG": str(_empty(folder)), "CAM_RUN_DIR": str(folder), "CAM_STATE_DIR": str(folder),
            "CAM_RECORDING_DIR": str(folder / "recordings"), "CAM_RECORDING_MIN_FREE_MIB": "0",
            "CAM_MAX_CAMERAS": "1000",
        }  # fmt: skip
        with _feed(environ, footage, cameras) as feed, _recorder(environ) as recorder:
            return _measured(feed, recorder.pid, folder, cameras)


def _empty(folder: Path) -> Path:
    settings = folder / "settings.toml"
    settings.touch()
    return settings


def _measured(feed: Program, pid: int, folder: Path, cameras: int) -> Load:
    with BusEar(addresses_in(folder), "status") as ear:

        def newest() -> dict[str, Any]:
            return next((found for found in reversed(ear.records("status")) if "recordings" in found), {})

        def is_taken() -> bool:
            rows = newest().get("recordings", {}).values()
            return len(rows) == cameras and all(row["newest_wall_ns"] for row in rows)

        ear.wait(is_taken, f"footage of {cameras} cameras", _TAKEN_S)
        began, fed = time.monotonic(), feed.ask("totals")["published"]
        meter, written, lost = CpuMeter({pid: "recorder"}, time.monotonic_ns()), written_bytes(pid), _lost(newest())
        while time.monotonic() - began < _LENGTH_S:
            ear.listen(0.2)
        percent = meter.read(time.monotonic_ns())["recorder"]
        written = written_bytes(pid) - written
        took_s = time.monotonic() - began
        fed = feed.ask("totals")["published"] - fed
        told = newest()
        oldest_ns = min(row["newest_wall_ns"] for row in told["recordings"].values())
        behind_s = (time.time_ns() - oldest_ns) / NS_PER_S
        return Load(
            cameras, percent, written / took_s / 1e6, _lost(told) - lost, behind_s, fed / (took_s * cameras * FPS)
        )


def _lost(record: dict[str, Any]) -> Counter[str]:
    """Return what was lost until now, by cause."""
    lost: Counter[str] = Counter()
    for name, row in record.get("ledger", {}).items():
        if name.startswith(CAMERA):
            lost.update({"bus": row["bus"], **row["dropped"]})
    return lost


@contextmanager
def _recorder(environ: dict[str, str]) -> "Iterator[subprocess.Popen[bytes]]":
    command = [sys.executable, "-m", "services.recorder", "--name", "recorder-0"]
    with subprocess.Popen(
        command, cwd=PROJECT_DIR, env=environ, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def _feed(environ: dict[str, str], footage: Path, cameras: int) -> Iterator[Program]:
    command = [sys.executable, "-m", "benchmarks.mp4_feed", str(footage), str(cameras)]
    with subprocess.Popen(
        command, cwd=PROJECT_DIR, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Program(process, process.stdin, process.stdout)
        finally:
            process.stdin.close()
            process.wait(10)
