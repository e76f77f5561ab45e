"""One run of the benchmark: its folder, how long to measure, and the one pipeline that most figures share."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from benchmarks.process import command, descendants
from common.config import BusAddresses, load
from tests.helpers.pipeline import Pipeline

_ONLINE_S: Final = 10.0
_CLOSED_S: Final = 20.0
_FORGOTTEN_S: Final = 10.0


class Run:
    """What every figure is given."""

    def __init__(self, folder: Path, *, quick: bool) -> None:
        self.folder: Final = folder
        self.quick: Final = quick
        self._kept = ExitStack()
        self._pipeline: ShippedPipeline | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._kept.__exit__(kind, error, at)

    def pipeline(self) -> "ShippedPipeline":
        """Return the pipeline as it is shipped, started at the first call; it ends with the run."""
        if self._pipeline is None:
            self._pipeline = self._kept.enter_context(ShippedPipeline(self.folder))
        return self._pipeline


class ShippedPipeline(Pipeline):
    """A running pipeline, and what the figures ask of it."""

    def addresses(self) -> BusAddresses:
        """Return where its bus is."""
        return load(self.environment()).bus_addresses

    def names(self) -> dict[int, str]:
        """Return all its processes with their names: supervisord and those that only hold a port open included."""
        table = {row.pid: row.name for row in self.table()}
        return {pid: table.get(pid, command(pid)[:40]) for pid in descendants(self.process("supervisord"))} | {
            self.process("supervisord"): "supervisord"
        }

    def wait_online(self, name: str) -> None:
        """Wait until a camera is announced."""
        self.wait_until(lambda: (self.camera(name) or {}).get("online"), f"camera {name} online", _ONLINE_S)

    def wait_no_encoder(self) -> None:
        """Wait until every encoder is closed."""
        self.wait_until(lambda: not self.open_encoders(), "all encoders closed", _CLOSED_S)

    def forget_cameras(self) -> None:
        """Forget the cameras of earlier figures, which are away: a page shows every camera that is known."""
        for row in self.status()["cameras"]:
            self.ask("DELETE", f"/api/cameras/{row['id']}")
        self.wait_until(lambda: not self.status()["cameras"], "no camera known", _FORGOTTEN_S)

    def open_encoders(self) -> int:
        """Return how many cameras are being encoded, as `transcode` told last."""
        return sum(row["encode_ms"] is not None for row in self.status()["cameras"])

    def counter(self, stage: str, name: str) -> int:
        """Return a counter of a stage, summed over its processes, as they told last."""
        rows: list[dict[str, Any]] = self.status()["processes"]
        return sum(row["counters"].get(name, 0) for row in rows if row["name"].startswith(stage))
