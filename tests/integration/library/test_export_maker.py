"""One export being made: what ends it, and what it leaves behind."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from common.clock import SystemClock
from common.moments import moment_text
from common.recordings.rows import FileRow
from services.library import export_maker
from services.library.catalogue import Catalogue
from services.library.export import ATTEMPTS, Export, Stage, parse_export
from services.library.export_maker import ExportMaker
from services.library.export_store import ExportStore
from services.library.programmes import Programmes
from tests.helpers.crashing_codec import HANG, crashing_codecs, marked
from tests.helpers.footage import EVENING_NS, Footage
from tests.helpers.kernel import own_children
from tests.helpers.numbered import add_originals, numbered, numbered_jpeg
from tests.helpers.rooms import settings_in

DEADLINE_S = 40.0
FRAMES = 45


@dataclass
class Bench:
    """A maker over a folder of recordings."""

    folder: Path
    footage: Footage
    row: FileRow
    maker: ExportMaker
    store: ExportStore

    def order(self, **more: Any) -> Export:
        """Return an export of all there is that has begun."""
        times = {"from": moment_text(EVENING_NS), "to": moment_text(EVENING_NS + 20 * 10**9)}
        return parse_export({"camera": "porch", **times, **more}, "0123456789abcdef", 1).begun()

    def make(self, export: Export) -> Export:
        async def made() -> Export:
            async with asyncio.timeout(DEADLINE_S):
                return await self.maker.make(export, SystemClock())

        return asyncio.run(made())

    def left(self) -> set[str]:
        return {path.suffix for path in self.store.film(self.order()).parent.iterdir()}


@pytest.fixture
def bench(tmp_path) -> Iterator[Bench]:
    footage = Footage(tmp_path / "recordings")
    row = footage.add(EVENING_NS, numbered(FRAMES))
    settings = settings_in(tmp_path, CAM_RECORDING_DIR=str(tmp_path / "recordings"))
    catalogue = Catalogue(settings.recording_dir)
    store = ExportStore(settings.recording_dir)
    with ExportMaker(catalogue, Programmes(catalogue), store, settings) as maker:
        yield Bench(tmp_path, footage, row, maker, store)
    catalogue.close()
    footage.close()


@pytest.mark.parametrize("order", [{}, {"kind": "timelapse", "speed": 2}])
def test_export_that_is_made_has_its_film_and_nothing_else(bench, order):
    made = bench.make(bench.order(**order))
    assert (made.stage, made.error) == (Stage.DONE, "")
    assert made.size_bytes == bench.store.film(made).stat().st_size > 0
    assert bench.left() == {".json", ".mp4"}


def test_child_that_says_nothing_is_given_up(bench, monkeypatch):
    add_originals(bench.footage, EVENING_NS + 10 * 10**9, [marked(numbered_jpeg(1), HANG)] * 5)
    monkeypatch.setenv("PYTHONPATH", crashing_codecs(bench.folder / "site")["PYTHONPATH"])
    monkeypatch.setattr(export_maker, "SILENCE_S", 1.0)
    before = own_children()
    made = bench.make(bench.order(kind="timelapse", speed=2))
    assert (made.stage, "said nothing" in made.error) == (Stage.FAILED, True)
    assert own_children().keys() <= before.keys()
    assert bench.left() == {".json"}


def test_export_that_ended_the_library_each_time_is_not_made_again(bench):
    made = bench.make(replace(bench.order(), attempts=ATTEMPTS + 1))
    assert (made.stage, f"begun {ATTEMPTS} times" in made.error) == (Stage.FAILED, True)


@pytest.mark.parametrize(
    ("order", "sentence"), [({}, "no footage"), ({"kind": "timelapse", "speed": 2}, "no picture of that range")]
)
def test_footage_that_is_gone_by_then_fails_with_a_sentence(bench, order, sentence):
    (bench.footage.folder / bench.row.name).unlink()
    made = bench.make(bench.order(**order))
    assert (made.stage, sentence in made.error) == (Stage.FAILED, True)
    assert bench.left() == {".json"}


def test_timelapse_goes_on_behind_damaged_footage(bench):
    path = bench.footage.folder / bench.row.name
    data = bytearray(path.read_bytes())
    key = numbered(FRAMES).samples[0][1]
    at = data.index(key)
    data[at + 4 : at + len(key)] = b"\x65" + b"\xff" * (len(key) - 5)
    path.write_bytes(data)
    made = bench.make(bench.order(kind="timelapse", speed=2))
    # The second keyframe, at 30, and what follows it.
    assert made.stage is Stage.DONE


def test_folder_that_nothing_can_be_written_to_fails_with_a_sentence(bench):
    (bench.folder / "recordings" / ".exports").write_text("no folder")
    made = bench.make(bench.order())
    assert (made.stage, made.error.startswith("the disk refused: ")) == (Stage.FAILED, True)
