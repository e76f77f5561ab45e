"""`/api/exports`: clips and timelapses that are made in the background, kept for a day, and downloaded."""

import asyncio
import logging
import os
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final, TypeVar

from common.clock import Clock
from common.config import Settings
from common.http import Request, Response, StreamResponse
from common.recordings.rows import Kind
from services.library.application import EXPORTS, Routes, json_answer, read_json
from services.library.catalogue import Catalogue
from services.library.export import Export, Stage, What, expired, parse_export, to_give_way
from services.library.export_files import disk_sentence
from services.library.export_maker import ExportMaker
from services.library.export_store import ExportStore
from services.library.programmes import Programmes
from services.library.queries import Range
from services.library.reading import FileReader
from services.library.refusals import Refusal
from services.library.sending import send

log = logging.getLogger(__name__)

T = TypeVar("T")

# How often the oldest are looked at.
EXPIRE_S: Final = 60.0


class Exports:
    """The exports there are. One is made at a time; `run` does it."""

    def __init__(
        self, catalogue: Catalogue, programmes: Programmes, settings: Settings, clock: Clock, executor: Executor
    ) -> None:
        self._catalogue: Final = catalogue
        self._clock: Final = clock
        self._executor: Final = executor
        self._programmes: Final = programmes
        self._store: Final = ExportStore(settings.recording_dir)
        self._maker: Final = ExportMaker(catalogue, self._programmes, self._store, settings)
        self._exports: dict[str, Export] = {}
        self._is_loaded = asyncio.Event()
        self._is_new = asyncio.Event()
        self._changing = asyncio.Lock()
        self._running: tuple[str, asyncio.Task[Export]] | None = None

    def routes(self) -> Routes:
        """Return its part of the table of routes."""
        one = f"{EXPORTS}/{{id}}"
        return {
            ("GET", EXPORTS): self.list,
            ("POST", EXPORTS): self.add,
            ("GET", one): self.show,
            ("DELETE", one): self.delete,
            ("GET", f"{one}/{{name}}"): self.download,
        }

    async def run(self) -> None:
        """Make exports, and remove those whose time is over, until cancelled; the unfinished one begins anew then."""
        await self._load()
        with self._maker:
            while True:
                export = next((each for each in self._exports.values() if not each.is_finished), None)
                if export is not None:
                    await self._make(export)
                    continue
                await self._wait_for_new()
                async with self._changing:
                    if not self._exports:
                        # The disk may have come since.
                        await self._load()
                    for old in expired(list(self._exports.values()), self._clock.wall_ns()):
                        await self._remove(old)

    async def list(self, _request: Request) -> StreamResponse:
        """Answer with all exports, the newest first."""
        await self._is_loaded.wait()
        return json_answer({"exports": [self._answer(export) for export in reversed(self._exports.values())]})

    async def add(self, request: Request) -> StreamResponse:
        """Take an order for an export."""
        export = parse_export(await read_json(request), os.urandom(8).hex(), self._clock.wall_ns())
        await self._is_loaded.wait()
        await self._in_thread(lambda: self._check_footage(export))
        async with self._changing:
            old = to_give_way(list(self._exports.values()))
            if old is not None:
                await self._remove(old)
            try:
                await self._in_thread(lambda: self._store.save(export))
            except OSError as error:
                raise Refusal(507, f"no export can be kept: {disk_sentence(error)}") from error
            self._exports[export.id] = export
        self._is_new.set()
        log.info("export %s: %s of camera %s is asked for", export.id, export.what, export.camera)
        headers = {"Location": f"{EXPORTS}/{export.id}"}
        return json_answer(self._answer(export), 202, headers)

    async def show(self, request: Request) -> StreamResponse:
        """Answer with one export."""
        return json_answer(self._answer(await self._export_of(request)))

    async def delete(self, request: Request) -> StreamResponse:
        """Remove an export, at work or finished."""
        export = await self._export_of(request)
        async with self._changing:
            await self._remove(export)
        return Response(status=204)

    async def download(self, request: Request) -> StreamResponse:
        """Answer with the MP4 of a finished export."""
        export = await self._export_of(request)
        if request.match_info["name"] != export.file_name:
            raise Refusal(404, f"export {export.id} has no such file")
        if export.stage is not Stage.DONE:
            raise Refusal(409, f"export {export.id} is {export.stage}: there is nothing to download")
        headers = {
            "Content-Type": "video/mp4",
            "Content-Disposition": f'attachment; filename="{export.file_name}"',
        }
        reader = FileReader(self._store.film(export), export.size_bytes)
        return await send(request, reader, export.id, headers, self._executor)

    async def _load(self) -> None:
        try:
            self._exports = {export.id: export for export in await self._in_thread(self._store.load)}
        except OSError as error:
            log.warning("the exports made before cannot be read: %s", error)
        self._is_loaded.set()

    async def _wait_for_new(self) -> None:
        self._is_new.clear()
        try:
            async with asyncio.timeout(EXPIRE_S):
                await self._is_new.wait()
        except TimeoutError:
            return

    async def _make(self, waiting: Export) -> None:
        export = self._exports[waiting.id] = waiting.begun()
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._maker.make(export, self._clock))
            self._running = export.id, task
        self._running = None
        if task.cancelled():
            # Deleted meanwhile; nothing else cancels it alone.
            return
        finished = task.result()
        async with self._changing:
            if export.id not in self._exports:
                # Deleted when it was just made.
                await self._erase(export)
                return
            await self._save(finished)
            self._exports[export.id] = finished
        if finished.error:
            log.warning("export %s failed: %s", export.id, finished.error)
        else:
            log.info("export %s is ready: %d bytes", export.id, finished.size_bytes)

    async def _save(self, export: Export) -> None:
        try:
            await self._in_thread(lambda: self._store.save(export))
        except OSError as error:
            # After a restart it would be made anew.
            log.warning("export %s cannot be written down: %s", export.id, disk_sentence(error))

    async def _remove(self, export: Export) -> None:
        """Remove an export; one at work is stopped first."""
        self._exports.pop(export.id, None)
        if self._running and self._running[0] == export.id:
            task = self._running[1]
            task.cancel()
            await asyncio.wait((task,))
        await self._erase(export)

    async def _erase(self, export: Export) -> None:
        try:
            await self._in_thread(lambda: self._store.remove(export))
        except OSError as error:
            log.warning("export %s cannot be removed: %s", export.id, disk_sentence(error))

    async def _export_of(self, request: Request) -> Export:
        await self._is_loaded.wait()
        export = self._exports.get(request.match_info["id"])
        if export is None:
            raise Refusal(404, "there is no such export, or its time is over")
        return export

    def _answer(self, export: Export) -> dict[str, object]:
        return self._maker.progressed(export).answer(EXPORTS)

    def _check_footage(self, export: Export) -> None:
        """Refuse what would fail in any case."""
        rows = [row for row in self._catalogue.files(export.camera, export.from_ns, export.to_ns) if row.frames]
        if not rows:
            raise self._programmes.nothing(export.camera, Range(export.from_ns, export.to_ns))
        if export.what is What.CLIP and not any(row.kind is Kind.VIDEO for row in rows):
            raise Refusal(409, "the video of that time is still being made; try again in a minute")

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)
