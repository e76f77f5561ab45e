"""Footage over HTTP: play.mp4, the times of its pictures, the playlist, and the files as they are."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final, TypeVar

from common.clock import Clock
from common.errors import RecordingError
from common.http import Request, Response, StreamResponse
from common.moments import moment_stamp, moment_text
from common.recordings.reading import SampleTable
from common.recordings.rows import FileRow, Kind
from common.units import NS_PER_S
from services.library.application import RECORDINGS, Routes, camera_of, json_answer
from services.library.catalogue import Catalogue
from services.library.movie import etag_of
from services.library.playlist import MEDIA_TYPE
from services.library.programmes import Programmes
from services.library.queries import DAY_NS, Range, given_range, refuse_others
from services.library.reading import FileReader, LaterReader, Reader
from services.library.refusals import Refusal
from services.library.sending import send

T = TypeVar("T")

PLAY_NS: Final = DAY_NS
FRAMES_NS: Final = 600 * NS_PER_S


class Player:
    """Answers requests for footage; all reading is done in the executor's threads."""

    def __init__(self, catalogue: Catalogue, programmes: Programmes, clock: Clock, executor: Executor) -> None:
        self._catalogue: Final = catalogue
        self._clock: Final = clock
        self._executor: Final = executor
        self._programmes: Final = programmes

    def routes(self) -> Routes:
        """Return its part of the table of routes."""
        at = f"{RECORDINGS}/{{camera}}"
        return {
            ("GET", f"{at}/play.mp4"): self.play,
            ("GET", f"{at}/frames"): self.frames,
            ("GET", f"{at}/index.m3u8"): self.playlist,
            ("GET", f"{at}/files/{{day}}/{{name}}"): self.file,
        }

    async def run(self) -> None:
        """Nothing is to be done beside requests."""

    async def play(self, request: Request) -> StreamResponse:
        """Answer with a range as one MP4."""
        camera, range_ = camera_of(request), _range_of(request, PLAY_NS)
        programme = await self._in_thread(lambda: self._programmes.programme(camera, range_))
        start_ns = programme.start_ns
        headers = {
            "Content-Type": "video/mp4",
            "Content-Disposition": f'inline; filename="{camera}_{moment_stamp(start_ns)}.mp4"',
            "X-Start": moment_text(start_ns),
        }
        return await send(request, self._programmes.reader(camera, programme), programme.etag, headers, self._executor)

    async def frames(self, request: Request) -> StreamResponse:
        """Answer with the times of a range's pictures."""
        camera, range_ = camera_of(request), _range_of(request, FRAMES_NS)
        return json_answer(await self._in_thread(lambda: self._programmes.frames(camera, range_)))

    async def playlist(self, request: Request) -> StreamResponse:
        """Answer with a range as a playlist."""
        camera, range_ = camera_of(request), _range_of(request, PLAY_NS)
        now_ns = self._clock.wall_ns()
        text = await self._in_thread(lambda: self._programmes.playlist(camera, range_, now_ns))
        return Response(body=text.encode(), headers={"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"})

    async def file(self, request: Request) -> StreamResponse:
        """Answer with a stored file, as far as its row goes."""
        camera, file = camera_of(request), request.match_info["name"]
        name = f"{request.match_info['day']}/{file}"
        row = await self._in_thread(lambda: self._catalogue.file_named(camera, name))
        if row is None:
            raise Refusal(404, f"camera {camera} has no such file")
        headers = {
            "Content-Type": "video/mp4" if row.kind is Kind.VIDEO else "application/octet-stream",
            "Content-Disposition": f'attachment; filename="{file}"',
        }
        begin_90k = _begin_of(request)
        reader: Reader = FileReader(self._catalogue.path(camera, row), row.size_bytes)
        if begin_90k and row.kind is Kind.VIDEO:
            reader = LaterReader(reader, await self._in_thread(lambda: self._table(camera, row)), begin_90k)
        etag = etag_of(row.name, row.size_bytes, row.state.value, begin_90k)
        return await send(request, reader, etag, headers, self._executor)

    def _table(self, camera: str, row: FileRow) -> SampleTable:
        try:
            return self._catalogue.table(camera, row)
        except RecordingError as error:
            raise Refusal(404, f"camera {camera} has that file no more: {error}") from error

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _range_of(request: Request, limit_ns: int) -> Range:
    refuse_others(request.query, "from", "to")
    return given_range(request.query, limit_ns)


def _begin_of(request: Request) -> int:
    refuse_others(request.query, "begin")
    text = request.query.get("begin", "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Refusal(400, "begin: expected ticks of 90 kHz")
    return int(text)
