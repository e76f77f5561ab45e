"""`frame.jpg`: the stored picture of a moment, whole or small. From originals, the camera's own JPEG bit for bit."""

import asyncio
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from common.errors import RecordingError
from common.http import Request, Response, StreamResponse
from common.moments import moment_stamp, moment_text
from common.names import CameraId
from common.recordings.originals import read_originals
from common.recordings.reading import SampleTable
from common.recordings.rows import FileRow, Kind
from common.recordings.spool import Original
from common.units import NS_PER_MS
from services.library.application import RECORDINGS, Routes, camera_of
from services.library.boxes import avcc_of
from services.library.catalogue import Catalogue
from services.library.programmes import Programmes
from services.library.queries import Range
from services.library.recent import Recent
from services.library.refusals import Refusal
from services.library.samples import time_ns
from services.library.spans import JOIN_NS
from services.library.still_choice import Wish, choose_file, is_final, parse_wish, samples_for, tag_of
from services.library.still_wire import Question
from services.library.still_worker import StillWorker

T = TypeVar("T")

# How far around a time files are looked for: over the seam of two of them.
_AROUND_NS: Final = JOIN_NS + NS_PER_MS
# An hour, not for ever: what somebody deletes should not stay in browsers.
_KEEP: Final = "private, max-age=3600, immutable"
_ASK_AGAIN: Final = "private, no-cache"


@dataclass(frozen=True, slots=True)
class Found:
    """A stored picture: when it was taken, its name, and where it is."""

    time_ns: int
    tag: str
    row: FileRow
    path: Path
    table: SampleTable | None = None
    first: int = 0
    shown: int = 0
    original: Original | None = None


class Stills:
    """Finds pictures in threads; has them decoded by its worker's child process."""

    def __init__(
        self, catalogue: Catalogue, programmes: Programmes, executor: Executor, worker: StillWorker | None = None
    ) -> None:
        self._catalogue: Final = catalogue
        self._executor: Final = executor
        self._programmes: Final = programmes
        self._recent: Final = Recent()
        self.worker: Final = worker or StillWorker()

    def routes(self) -> Routes:
        return {("GET", f"{RECORDINGS}/{{camera}}/frame.jpg"): self._serve}

    async def run(self) -> None:
        """Decode what is asked for, until cancelled."""
        await self.worker.run()

    async def _serve(self, request: Request) -> StreamResponse:
        camera, wish = camera_of(request), parse_wish(request.query)
        found = await self._in_thread(lambda: self._find(camera, wish))
        headers = _headers(camera, found)
        if _knows(request, found.tag):
            return Response(status=304, headers=headers)
        jpeg = self._recent.get(found.tag)
        if jpeg is None:
            asker = f"{request.headers.get('X-Forwarded-For', '')} {camera}"
            jpeg = await self._make(asker, found, wish)
            self._recent.put(found.tag, jpeg)
        return Response(body=jpeg, headers={**headers, "Content-Type": "image/jpeg"})

    def _find(self, camera: CameraId, wish: Wish) -> Found:
        row = self._file(camera, wish)
        path = self._catalogue.path(camera, row)
        try:
            if row.kind is Kind.ORIGINALS:
                original = _original_at(path, wish.at_ns)
                tag = tag_of(camera, row, original.time_ns, wish)
                return Found(original.time_ns, tag, row, path, original=original)
            table = self._catalogue.table(camera, row)
        except (OSError, RecordingError) as error:
            raise _unreadable(error) from error
        first, shown = samples_for(table, row.start_ns, wish)
        taken_ns = time_ns(row.start_ns, table.times_90k[shown])
        return Found(taken_ns, tag_of(camera, row, taken_ns, wish), row, path, table, first, shown)

    def _file(self, camera: CameraId, wish: Wish) -> FileRow:
        around = max(0, wish.at_ns - _AROUND_NS), wish.at_ns + _AROUND_NS
        row = choose_file(self._catalogue.files(camera, *around), self._catalogue.gaps(camera, *around), wish)
        if row is None:
            raise self._programmes.nothing(camera, Range(wish.at_ns, wish.at_ns + 1))
        return row

    async def _make(self, asker: str, found: Found, wish: Wish) -> bytes:
        original = found.original
        if original is not None:
            if not wish.height or wish.height >= _height_of(found):
                return original.jpeg
            return await self.worker.make(asker, Question([original.jpeg], b"", wish.height, wish.quality))
        samples, avcc = await self._in_thread(lambda: _read(found))
        return await self.worker.make(asker, Question(samples, avcc, wish.height, wish.quality))

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _height_of(found: Found) -> int:
    return found.original.height if found.original else found.row.height


def _original_at(path: Path, at_ns: int) -> Original:
    """Return the JPEG shown at a time: the last one taken by then, or the first of all."""
    newest: Original | None = None
    for original in read_originals(path):
        # As in answers, which cut times to microseconds.
        if newest is not None and original.time_ns // 1000 > at_ns // 1000:
            break
        newest = original
    if newest is None:
        raise RecordingError(f"{path.name} holds no picture")
    return newest


def _read(found: Found) -> tuple[list[bytes], bytes]:
    """Return the samples to decode, and the configuration of their decoder."""
    table = found.table
    if table is None:
        raise AssertionError("a video file was found with its table")
    try:
        with found.path.open("rb") as file:
            number = file.fileno()
            samples = [
                os.pread(number, table.sizes[index], table.offsets[index])
                for index in range(found.first, found.shown + 1)
            ]
        return samples, avcc_of(table.init)
    except (OSError, RecordingError) as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError | RecordingError) -> Refusal:
    if any(isinstance(each, FileNotFoundError) for each in (error, error.__cause__)):
        return Refusal(404, "this footage was deleted just now")
    return Refusal(500, f"this footage cannot be read: {error}")


def _headers(camera: str, found: Found) -> Mapping[str, str]:
    return {
        "X-Captured-At": moment_text(found.time_ns),
        "ETag": f'"{found.tag}"',
        "Cache-Control": _KEEP if is_final(found.row) else _ASK_AGAIN,
        "Content-Disposition": f'inline; filename="{camera}_{moment_stamp(found.time_ns)}.jpg"',
    }


def _knows(request: Request, tag: str) -> bool:
    return any(known.value in (tag, "*") for known in request.if_none_match or ())
