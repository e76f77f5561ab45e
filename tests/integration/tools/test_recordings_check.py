"""`make recordings-check` over folders that are whole, broken in every way, foreign, or being written to."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from common.recordings.layout import INDEX_NAME, JOURNAL_NAME, day_of
from common.recordings.rows import EventRow, GapRow, Reason, State
from common.units import NS_PER_S
from tests.helpers.recording_files import CAMERA, START_NS, open_store, record, write_video
from tools.recordings_check.__main__ import main

MINUTE_NS = 60 * NS_PER_S


def no_wait(_seconds: float) -> None:
    return None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / CAMERA
    store = open_store(folder)
    for minute in range(3):
        record(store, START_NS + minute * MINUTE_NS, count=20)
    store.put_gap(GapRow(START_NS + 3 * MINUTE_NS, START_NS + 4 * MINUTE_NS, Reason.OFFLINE))
    store.put_event(EventRow("bell", "bell", START_NS, START_NS + 5))
    store.protect(START_NS, START_NS + 5, "keep")
    store.close()
    return folder


def check(folder: Path, *arguments: str) -> int:
    return main(["--dir", str(folder.parent), *arguments], wait=no_wait)


def files_of(folder: Path) -> list[Path]:
    return sorted(folder.glob("*/*.mp4"))


def test_whole_recordings_are_called_so(folder, capsys):
    for arguments in ([], ["--read-only"]):
        assert check(folder, *arguments) == 0
        assert capsys.readouterr().out.splitlines()[-1] == f"1 cameras, 3 files in {folder.parent}: all is whole"


def test_no_recordings_at_all_are_no_error(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CAM_RECORDING_DIR", str(tmp_path / "none"))
    assert main([]) == 0
    assert "nothing is recorded there" in capsys.readouterr().out
    assert main(["--dir", str(tmp_path / "none")]) == 1


def damage_a_byte(folder: Path) -> None:
    path = files_of(folder)[1]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def cut_a_tail(folder: Path) -> None:
    os.truncate(files_of(folder)[1], 3000)


def zero_a_tail(folder: Path) -> None:
    path = files_of(folder)[1]
    size = path.stat().st_size
    os.truncate(path, size - 60)
    os.truncate(path, size)


def lose_a_file(folder: Path) -> None:
    files_of(folder)[0].unlink()


def add_a_file(folder: Path) -> None:
    write_video(folder, START_NS + 9 * MINUTE_NS)


def lose_a_row(folder: Path) -> None:
    store = open_store(folder)
    store.index.remove_file(store.index.files()[0].id)
    store.close()


def change_a_row(folder: Path) -> None:
    store = open_store(folder)
    store.index.update_file(store.index.files()[0].id, frames=999, end_ns=START_NS + 2)
    store.close()


def lose_a_fact(folder: Path) -> None:
    store = open_store(folder)
    store.index.remove_protection(START_NS)
    store.close()


def lose_a_journal(folder: Path) -> None:
    (folder / day_of(START_NS) / JOURNAL_NAME).unlink()


def break_a_line(folder: Path) -> None:
    path = folder / day_of(START_NS) / JOURNAL_NAME
    path.write_bytes(path.read_bytes().replace(b"offline", b"0ffline"))


def lose_the_index(folder: Path) -> None:
    for path in folder.glob(f"{INDEX_NAME}*"):
        path.unlink()


def break_the_index(folder: Path) -> None:
    lose_the_index(folder)
    (folder / INDEX_NAME).write_bytes(b"garbage " * 1000)


def leave_a_part(folder: Path) -> None:
    path = files_of(folder)[0]
    path.with_name(f"{path.name}.part").write_bytes(b"half")


FAULTS = (
    damage_a_byte, cut_a_tail, zero_a_tail, lose_a_file, add_a_file, lose_a_row, change_a_row, lose_a_fact,
    lose_a_journal, break_a_line, lose_the_index, break_the_index, leave_a_part,
)  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_said_then_repaired_then_gone(folder, fault, capsys):
    fault(folder)
    if fault is not lose_the_index:
        assert check(folder, "--read-only") == 1
        before = capsys.readouterr().out
        assert "left" in before
    assert check(folder) == 0
    said = capsys.readouterr().out
    assert "all repaired" in said, said
    for arguments in ([], ["--read-only"]):
        assert check(folder, *arguments) == 0
        assert "all is whole" in capsys.readouterr().out
    store = open_store(folder)
    kept = [event.key for event in store.index.events()], [row.end_ns - START_NS for row in store.index.protections()]
    assert kept == (["bell"], [5])
    assert [gap for gap in store.index.gaps() if gap.reason is Reason.OFFLINE]
    store.close()


def test_read_only_changes_nothing(folder):
    damage_a_byte(folder)
    lose_a_row(folder)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and INDEX_NAME not in path.name}
    assert check(folder, "--read-only") == 1
    assert {path: path.read_bytes() for path in before} == before


def test_file_that_nobody_can_read_is_kept_and_exit_says_so(folder, capsys):
    path = files_of(folder)[0]
    path.write_bytes(b"\xff" * 5000)
    assert check(folder) == 1
    assert f"kept as {path.name}.broken" in capsys.readouterr().out
    assert check(folder) == 0


def test_foreign_folders_and_files_are_left_alone(folder, capsys):
    foreign = folder.parent / "Lost+Found"
    foreign.mkdir()
    (foreign / "x.mp4").write_text("x")
    (folder.parent / ".exports").mkdir()
    (folder.parent / "notes.txt").write_text("mine")
    assert check(folder) == 0
    out = capsys.readouterr().out
    assert "Lost+Found: is no camera's folder, left alone" in out
    assert ".exports" not in out
    assert [path.name for path in foreign.iterdir()] == ["x.mp4"]


def test_camera_that_is_recorded_is_looked_at_and_not_repaired(folder, capsys):
    store = open_store(folder)
    writer, ends = write_video(folder, START_NS + 9 * MINUTE_NS, close=False)
    store.add_file(replace(writer.row, state=State.OPEN, size_bytes=ends[1]))
    write_video(folder, START_NS + 10 * MINUTE_NS, close=False)[0].close()
    assert check(folder) == 0
    assert "porch is being recorded: looked at, not repaired" in capsys.readouterr().out

    damage_a_byte(folder)
    assert check(folder) == 1
    assert "1 of 1 findings left" in capsys.readouterr().out
    writer.close()
    store.close()


def test_what_is_gone_at_the_second_look_was_no_finding(folder, capsys):
    store = open_store(folder)
    row = record(store, START_NS + 9 * MINUTE_NS)
    path, moved = store.path(row), folder.parent / "away"
    path.rename(moved)
    assert main(["--dir", str(folder.parent)], wait=lambda _: moved.rename(path) and None) == 0
    assert "all is whole" in capsys.readouterr().out
    store.close()
