"""One run of the benchmark: its folder, how long to measure, the pipelines that figures share, and points for plots."""

from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from benchmarks.process import command, descendants
from common.config import BusAddresses, load
from tests.helpers.pipeline import Pipeline

_ONLINE_S: Final = 15.0
_CLOSED_S: Final = 20.0
_FORGOTTEN_S: Final = 10.0


class Run:
    """What every figure is given."""

    def __init__(self, folder: Path, *, quick: bool) -> None:
        self.folder: Final = folder
        self.quick: Final = quick
        # What later figures build on: how many cameras the machine carried.
        self.carried: int | None = None
        self._points: defaultdict[str, list[dict[str, float]]] = defaultdict(list)
        self._kept = ExitStack()
        self._pipeline: ShippedPipeline | None = None
        self._scale: dict[str, int] = {}
        self._count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._kept.__exit__(kind, error, at)

    def pipeline(self, **scale: int) -> "ShippedPipeline":
        """Return the pipeline as it is shipped, with so many processes of a stage (one where nothing is said).

        It is shared by figures that follow each other; asked for another scale, the one before ends.
        """
        if self._pipeline is None or scale != self._scale:
            self.end_pipeline()
            self._count += 1
            folder = self.folder / f"pipeline-{self._count}"
            folder.mkdir()
            self._pipeline = self._kept.enter_context(ShippedPipeline(folder, self.folder, scale))
            self._scale = scale
        return self._pipeline

    def end_pipeline(self) -> None:
        """End the pipeline: the next figure starts another."""
        self._pipeline = None
        self._kept.close()

    def plot(self, plot: str, **point: float) -> None:
        """Keep a point of a plot."""
        self._points[plot].append(point)

    def points(self) -> dict[str, list[dict[str, float]]]:
        """Return the points by plot."""
        return dict(self._points)


class ShippedPipeline(Pipeline):
    """A running pipeline, and what the figures ask of it."""

    def __init__(self, folder: Path, bench_folder: Path, scale: dict[str, int]) -> None:
        super().__init__(folder, scale=scale)
        self.bench_folder: Final = bench_folder

    def addresses(self) -> BusAddresses:
        """Return where its bus is."""
        return load(self.environment()).bus_addresses

    def names(self) -> dict[int, str]:
        """Return all its processes with their names: supervisord and those that only hold a port open included."""
        table = {row.pid: row.name for row in self.table()}
        return {pid: table.get(pid, command(pid)[:40]) for pid in descendants(self.process("supervisord"))} | {
            self.process("supervisord"): "supervisord"
        }

    def of_stage(self, stage: str) -> dict[str, int]:
        """Return the process ids of a stage's members that serve, by name."""
        count = self._scale.get(stage, 1)
        return {row.name: row.pid for row in self.table() if row.name in {f"{stage}-{n}" for n in range(count)}}

    def wait_online(self, name: str) -> None:
        """Wait until a camera is announced."""
        self.wait_all_online([name])

    def wait_all_online(self, names: list[str]) -> None:
        """Wait until cameras are announced."""
        wanted = set(names)
        self.wait_until(
            lambda: wanted <= {row["id"] for row in self.status()["cameras"] if row["online"]},
            f"{len(wanted)} cameras online: {names[0]} ...",
            _ONLINE_S,
        )

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
