"""GET /api/recordings: what there is, of which camera, and why there is none where there is none."""

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from typing import Any, Final

from common.clock import Clock
from common.config import Settings
from common.http import Request, StreamResponse
from common.moments import moment_text
from common.names import camera_id
from common.recordings.index import IndexReader
from common.recordings.rows import FileRow
from services.library.application import RECORDINGS, Routes, json_answer
from services.library.catalogue import Catalogue
from services.library.owners import Owners
from services.library.queries import DAY_NS, Range, refuse_others, timeline_range
from services.library.refusals import Refusal
from services.library.spans import footage, spans
from services.library.timeline import Stored, camera_row

OFF: Final = "off"


class Overview:
    """Answers what there is; the indexes are read anew for each answer."""

    def __init__(
        self, catalogue: Catalogue, owners: Owners, settings: Settings, clock: Clock, executor: Executor
    ) -> None:
        self._catalogue: Final = catalogue
        self._owners: Final = owners
        self._settings: Final = settings
        self._clock: Final = clock
        self._executor: Final = executor

    def routes(self) -> Routes:
        """Return its part of the table of routes."""
        return {("GET", RECORDINGS): self.overview}

    async def run(self) -> None:
        """Nothing is to be done beside requests."""

    async def overview(self, request: Request) -> StreamResponse:
        """Answer with the spans, gaps and events of a range, of the cameras asked for or of all."""
        refuse_others(request.query, "camera", "from", "to")
        now_ns = self._clock.wall_ns()
        range_ = timeline_range(request.query, now_ns)
        asked: list[str] = [camera_id(name) for name in request.query.getall("camera", [])]
        rows = await asyncio.get_running_loop().run_in_executor(self._executor, self._rows, asked, range_)
        times = {"from": range_.from_ns, "to": range_.to_ns, "now": now_ns}
        return json_answer({**{name: moment_text(time) for name, time in times.items()}, "cameras": rows})

    def _rows(self, asked: list[str], range_: Range) -> list[dict[str, Any]]:
        modes, stored = self._owners.modes(), self._catalogue.cameras()
        cameras = asked or sorted({*stored, *(camera for camera, mode in modes.items() if mode != OFF)})
        return [self._row(camera, modes, range_, is_stored=camera in stored) for camera in dict.fromkeys(cameras)]

    def _row(self, camera: str, modes: Mapping[str, str], range_: Range, *, is_stored: bool) -> dict[str, Any]:
        recorded = self._owners.recorded(camera, self._clock.mono_ns())
        mode = modes.get(camera) or recorded.mode or OFF
        label = self._settings.camera(camera).label
        try:
            stored = self._catalogue.read(camera, lambda index: _stored(index, range_)) if is_stored else Stored()
        except Refusal as refusal:
            # One index that is being rebuilt hides no other camera.
            return {**camera_row(camera, label, mode, recorded, Stored()), "error": str(refusal)}
        return camera_row(camera, label, mode, recorded, stored)


def _stored(index: IndexReader, range_: Range) -> Stored:
    gaps = index.gaps(range_.from_ns, range_.to_ns)
    return Stored(
        spans(_files(index, range_), gaps),
        gaps,
        index.events(range_.from_ns, range_.to_ns),
        index.total_bytes(),
        index.oldest_start_ns(),
        index.newest_end_ns(),
    )


def _files(index: IndexReader, range_: Range) -> Iterator[FileRow]:
    """Yield the footage of a range, in memory a day at a time."""
    for day_ns in range(range_.from_ns, range_.to_ns, DAY_NS):
        for row in footage(index.files(day_ns, min(day_ns + DAY_NS, range_.to_ns))):
            if row.start_ns >= day_ns or day_ns == range_.from_ns:
                yield row
