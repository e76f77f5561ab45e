"""Exports of a disk that is mounted after the library was started."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from common.clock import SystemClock
from common.names import camera_id
from services.library import exports as exports_module
from services.library.catalogue import Catalogue
from services.library.export import Export, What
from services.library.export_store import ExportStore
from services.library.exports import Exports
from services.library.programmes import Programmes
from tests.helpers.rooms import settings_in

DEADLINE_S = 20.0


def test_exports_of_a_disk_that_comes_later_are_found(tmp_path, monkeypatch):
    monkeypatch.setattr(exports_module, "EXPIRE_S", 0.01)
    settings, clock = settings_in(tmp_path), SystemClock()
    catalogue = Catalogue(settings.recording_dir)
    now_ns = clock.wall_ns()
    waiting = Export("0123456789abcdef", camera_id("porch"), 0, 1, What.CLIP, 60, 25, now_ns)
    made = waiting.failed("for a test", now_ns)

    async def found() -> list[str]:
        with ThreadPoolExecutor(1) as executor:
            part = Exports(catalogue, Programmes(catalogue), settings, clock, executor)

            async def listed() -> list[str]:
                answer: Any = await part.list(cast("Any", None))
                return [row["id"] for row in json.loads(answer.body)["exports"]]

            running = asyncio.create_task(part.run())
            try:
                assert await listed() == []
                ExportStore(settings.recording_dir).save(made)
                async with asyncio.timeout(DEADLINE_S):
                    while not (ids := await listed()):
                        await asyncio.sleep(0.01)
                return ids
            finally:
                running.cancel()
                await asyncio.wait((running,))

    assert asyncio.run(found()) == [made.id]
