"""Makes one export at a time: a clip in a thread that gives way to everybody, a timelapse in a child process."""

import asyncio
import logging
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Final, Self, TypeVar

from common.child import give_way
from common.clock import Clock
from common.config import Settings
from common.errors import RecordingError
from common.recordings.rows import FileRow, Kind
from services.library.catalogue import Catalogue
from services.library.child import Child
from services.library.export import ATTEMPTS, Export, Stage, What
from services.library.export_files import StoppedError, disk_sentence, write_out
from services.library.export_order import Order, SourceFile, Word
from services.library.export_store import ExportStore
from services.library.programmes import Programmes
from services.library.queries import Range
from services.library.refusals import Refusal
from services.library.spans import footage

log = logging.getLogger(__name__)

T = TypeVar("T")

MODULE: Final = "services.library.export_child"
# Between two words of the child: a long file of which nothing is shown, at the lowest priority on a busy machine.
SILENCE_S: Final = 300.0
MIB: Final = 1 << 20


class ExportMaker:
    """Use it in a `with` block, which ends its thread."""

    def __init__(self, catalogue: Catalogue, programmes: Programmes, store: ExportStore, settings: Settings) -> None:
        self._catalogue: Final = catalogue
        self._programmes: Final = programmes
        self._store: Final = store
        self._settings: Final = settings
        self._thread: Final = ThreadPoolExecutor(1, thread_name_prefix="export", initializer=give_way)
        self._progress = 0.0
        self._child: Child | None = None

    @property
    def child_pid(self) -> int:
        """The process id of the child; 0: none is there."""
        return self._child.pid if self._child else 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown()

    def progressed(self, export: Export) -> Export:
        """Return an export with how far it is now."""
        return replace(export, progress=self._progress) if export.stage is Stage.RUNNING else export

    async def make(self, export: Export, clock: Clock) -> Export:
        """Make an export that has begun; return it done or failed. Cancelled, it leaves nothing but what it was."""
        self._progress = 0.0
        try:
            if export.attempts > ATTEMPTS:
                raise RecordingError(f"it was begun {ATTEMPTS} times, and each time the library ended")
            await self._in_thread(lambda: self._store.save(export))
            if export.what is What.CLIP:
                await self._make_clip(export)
            else:
                await self._make_timelapse(export)
            size_bytes = await self._in_thread(lambda: self._store.publish(export))
        except OSError as error:
            return export.failed(disk_sentence(error), clock.wall_ns())
        except (RecordingError, Refusal) as error:
            return export.failed(str(error), clock.wall_ns())
        finally:
            self._store.clean(export)
        return export.done(size_bytes, clock.wall_ns())

    async def _make_clip(self, export: Export) -> None:
        stop = threading.Event()

        def tell(progress: float) -> None:
            if stop.is_set():
                raise StoppedError
            self._progress = progress

        await self._in_thread(lambda: self._write_clip(export, tell), on_cancel=stop.set)

    def _write_clip(self, export: Export, tell: Callable[[float], None]) -> None:
        programme = self._programmes.programme(export.camera, Range(export.from_ns, export.to_ns))
        reader = self._programmes.reader(export.camera, programme)
        part = self._store.part(export)
        try:
            free_bytes = shutil.disk_usage(part.parent).free
            if free_bytes < reader.size_bytes:
                needed_mib, free_mib = -(-reader.size_bytes // MIB), free_bytes // MIB
                raise RecordingError(f"the disk is full: the export needs {needed_mib} MiB, and {free_mib} are free")
            write_out(reader, part, tell)
        finally:
            reader.close()

    async def _make_timelapse(self, export: Export) -> None:
        order = await self._in_thread(lambda: self._order(export))
        child = self._child = await Child.start(MODULE)
        try:
            child.writer.write(order.to_line())
            await child.writer.drain()
            while not (word := await _next_word(child)).is_ready:
                if word.problem:
                    raise RecordingError(word.problem)
                self._progress = word.progress
        except (EOFError, ConnectionError) as error:
            await child.end()
            raise RecordingError(f"its encoder crashed ({child.how_it_ended()})") from error
        finally:
            await child.end()
            self._child = None

    def _order(self, export: Export) -> Order:
        rows = footage(self._catalogue.files(export.camera, export.from_ns, export.to_ns))
        return Order(
            tuple(self._source(export, row) for row in rows),
            export.from_ns,
            export.to_ns,
            export.speed,
            export.fps,
            # Its pictures differ more than live ones.
            2 * self._settings.camera(export.camera).bitrate_kbps,
            str(self._store.spool(export)),
            str(self._store.part(export)),
        )

    def _source(self, export: Export, row: FileRow) -> SourceFile:
        path = self._catalogue.path(export.camera, row)
        return SourceFile(str(path), row.kind is Kind.VIDEO, row.start_ns, row.end_ns, row.size_bytes)

    async def _in_thread(self, work: Callable[[], T], on_cancel: Callable[[], None] = lambda: None) -> T:
        """Return what `work` does; cancelled, its end is waited for, because it may be writing."""
        doing = asyncio.get_running_loop().run_in_executor(self._thread, work)
        try:
            return await asyncio.shield(doing)
        except asyncio.CancelledError:
            on_cancel()
            await asyncio.wait((doing,))
            # What it says now is of no interest.
            doing.exception()
            raise


async def _next_word(child: Child) -> Word:
    try:
        async with asyncio.timeout(SILENCE_S):
            line = await child.reader.readline()
    except TimeoutError:
        raise RecordingError(f"its encoder said nothing for {SILENCE_S:g} s") from None
    if not line.endswith(b"\n"):
        raise EOFError
    try:
        return Word.from_line(line)
    except (TypeError, ValueError) as error:
        raise RecordingError(f"its encoder said what nobody understands: {line[:80]!r}") from error
