"""The folder of exports: what is written down, read back, and cleaned."""

import json
from dataclasses import replace

import pytest

from services.library.export import Stage, parse_export
from services.library.export_files import disk_sentence, write_out
from services.library.export_store import ExportStore

ID = "0123456789abcdef"
WAITING = parse_export({"camera": "porch", "from": 1000, "to": 1060}, ID, 1)


@pytest.fixture
def store(tmp_path):
    return ExportStore(tmp_path / "recordings")


class Flaky:
    """A reader whose disk fails after some bytes."""

    def __init__(self, size_bytes: int, fails_at: int) -> None:
        self.size_bytes = size_bytes
        self._fails_at = fails_at

    def read(self, position: int, size_bytes: int) -> bytes:
        if position >= self._fails_at:
            raise OSError(28, "No space left on device")
        return b"x" * min(size_bytes, self.size_bytes - position)

    def close(self) -> None:
        return


def test_nothing_is_made_before_there_is_something_to_keep(store, tmp_path):
    assert store.load() == []
    assert list(tmp_path.iterdir()) == []


def test_exports_come_back_by_age(store):
    other = replace(WAITING, id="f" * 16, created_ns=0)
    store.save(WAITING)
    store.save(other)
    assert store.load() == [other, WAITING]


def test_finished_export_comes_back_with_its_film(store):
    store.save(WAITING)
    store.part(WAITING).write_bytes(b"film")
    size_bytes = store.publish(WAITING)
    done = WAITING.done(size_bytes, 5)
    store.save(done)
    assert store.load() == [done]
    assert store.film(done).read_bytes() == b"film"


def test_finished_export_without_its_film_is_forgotten(store):
    store.save(replace(WAITING, stage=Stage.DONE))
    assert store.load() == []
    assert not list(store.film(WAITING).parent.iterdir())


def test_leftovers_and_foreign_files_are_removed(store):
    store.save(WAITING)
    folder = store.film(WAITING).parent
    for name in (f"{ID}.part", f"{ID}.spool", f"{ID}.mp4", "f" * 16 + ".mp4", "notes.txt"):
        (folder / name).write_bytes(b"x")
    (folder / ("e" * 16 + ".json")).write_text("{}")
    (folder / ("d" * 16 + ".json")).write_text(json.dumps({**WAITING.to_fields(), "id": "../../porch"}))
    store.load()
    assert [path.name for path in folder.iterdir()] == [f"{ID}.json"]


def test_removed_export_leaves_nothing(store):
    store.save(WAITING)
    store.part(WAITING).write_bytes(b"x")
    store.remove(WAITING)
    store.remove(WAITING)
    assert not list(store.film(WAITING).parent.iterdir())


def test_film_is_written_whole_and_its_progress_told(tmp_path):
    shares: list[float] = []
    write_out(Flaky(3 << 20, 4 << 20), tmp_path / "film", shares.append)
    assert (tmp_path / "film").stat().st_size == 3 << 20
    assert shares == [1 / 3, 2 / 3, 1.0]


def test_film_that_does_not_fit_leaves_no_file(tmp_path):
    with pytest.raises(OSError, match="No space") as caught:
        write_out(Flaky(3 << 20, 2 << 20), tmp_path / "film", lambda share: None)
    assert list(tmp_path.iterdir()) == []
    assert "disk is full" in disk_sentence(caught.value)
    assert disk_sentence(OSError(5, "Input/output error")) == "the disk refused: Input/output error"
