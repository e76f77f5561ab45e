"""A camera's folder: what a recorder writes stays, whatever stops it, and the index can be made anew from the rest."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from common.errors import RecordingError
from common.recordings.camera_store import CameraStore
from common.recordings.checking import check_file
from common.recordings.index import Index, IndexReader
from common.recordings.layout import INDEX_NAME, JOURNAL_NAME, day_of
from common.recordings.lock import is_locked
from common.recordings.look import look
from common.recordings.reserve import RESERVE_NAME
from common.recordings.rows import EventRow, GapRow, Kind, ProtectionRow, Reason, State
from common.units import NS_PER_S
from tests.helpers.recording_files import (
    CAMERA,
    START_NS,
    open_store,
    record,
    without_ids,
    write_originals,
    write_video,
)

MINUTE_NS = 60 * NS_PER_S
# The test's day ends 2 h 26 min after START_NS.
NEXT_DAY_NS = START_NS + 200 * MINUTE_NS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / CAMERA


@contextmanager
def opened(folder: Path) -> Iterator[CameraStore]:
    store = open_store(folder)
    try:
        yield store
    finally:
        store.close()


def facts_of(folder: Path) -> dict[str, list[object]]:
    """What the index says, as it compares across indexes."""
    reader = IndexReader(folder / INDEX_NAME)
    try:
        return {
            "files": without_ids(reader.files()),
            "gaps": without_ids(reader.gaps()),
            "events": list(reader.events()),
            "protections": without_ids(reader.protections()),
        }
    finally:
        reader.close()


def remove_index(folder: Path) -> None:
    for path in folder.glob(f"{INDEX_NAME}*"):
        path.unlink()


def assert_sound(folder: Path) -> None:
    """Files and rows agree, a second start finds nothing to do, and an index made anew says the same."""
    open_store(folder).close()
    with opened(folder) as store:
        assert store.repaired.is_clean, store.repaired.sentences
    said = facts_of(folder)
    assert {row.name for row in said["files"]} == set(look(folder, CAMERA).files)
    for row in said["files"]:
        checked = check_file(folder / row.name)
        assert replace(checked.row, state=row.state, is_protected=row.is_protected) == row
        assert not checked.torn
    remove_index(folder)
    open_store(folder).close()
    assert facts_of(folder) == said


def fill(store: CameraStore) -> None:
    """A life: footage on two days, gaps, events, a protected range."""
    for index in range(3):
        record(store, START_NS + index * MINUTE_NS)
    store.put_gap(GapRow(START_NS + 3 * MINUTE_NS, START_NS + 4 * MINUTE_NS, Reason.OFFLINE, "it left", 5))
    store.begin_gap(START_NS + 5 * MINUTE_NS, Reason.OVERLOAD)
    store.put_gap(GapRow(START_NS + 5 * MINUTE_NS, START_NS + 6 * MINUTE_NS, Reason.OVERLOAD))
    record(store, NEXT_DAY_NS)
    store.put_event(EventRow("door-1", "Tür", START_NS + NS_PER_S, 0))
    store.put_event(EventRow("door-1", "Tür", START_NS + NS_PER_S, START_NS + 3 * NS_PER_S))
    store.protect(START_NS + MINUTE_NS, START_NS + MINUTE_NS + 5, "parcel")
    store.begin_gap(NEXT_DAY_NS + MINUTE_NS, Reason.OFF)


def test_index_made_anew_says_the_same(folder):
    with opened(folder) as store:
        fill(store)
        spool, _ = write_originals(folder, START_NS + 7 * MINUTE_NS)
        store.add_file(replace(spool.row, state=State.ENCODING))
    assert_sound(folder)
    said = facts_of(folder)
    assert [row.is_protected for row in said["files"]] == [False, True, False, False, False]
    assert [gap.end_ns for gap in said["gaps"]] == [START_NS + 4 * MINUTE_NS, START_NS + 6 * MINUTE_NS, 0]
    assert said["events"] == [EventRow("door-1", "Tür", START_NS + NS_PER_S, START_NS + 3 * NS_PER_S)]


def test_second_writer_is_kept_out_until_the_first_closes(folder):
    with opened(folder):
        assert CameraStore.open(folder, CAMERA) is None
        assert is_locked(folder)
    assert not is_locked(folder)
    open_store(folder).close()


def test_name_that_is_no_camera_is_refused(tmp_path):
    with pytest.raises(RecordingError, match="'Lost' is no camera's name"):
        CameraStore.open(tmp_path / "Lost", "Lost")
    assert list(tmp_path.iterdir()) == []


def test_readers_see_each_commit_and_a_new_index(folder):
    reader = IndexReader(folder / INDEX_NAME)
    with pytest.raises(RecordingError, match="No such file"):
        reader.files()
    with opened(folder) as store:
        row = record(store)
        assert without_ids(reader.files()) == without_ids([row])
    assert without_ids(reader.files()) == without_ids([row])
    remove_index(folder)
    with opened(folder) as store:
        assert without_ids(reader.files()) == without_ids([row])
        record(store, START_NS + MINUTE_NS)
        assert len(reader.files()) == 2
    reader.close()
    reader.close()


def test_questions_take_ranges(folder):
    with opened(folder) as store:
        fill(store)
        index = store.index
        first, second, third, last = index.files()
        assert index.files(first.end_ns, second.start_ns) == []
        assert index.files(first.end_ns - 1, second.start_ns + 1) == [first, second]
        assert index.files(second.start_ns, kind=Kind.VIDEO) == [second, third, last]
        assert index.newest_end_ns() == last.end_ns
        assert index.oldest_start_ns() == START_NS
        assert index.total_bytes() == sum(row.size_bytes for row in index.files())
        assert index.oldest(unprotected=True, limit=9) == [first, third, last]
        assert index.oldest(before_ns=third.start_ns, limit=9) == [first, second]
        assert [gap.reason for gap in index.gaps(NEXT_DAY_NS * 2)] == [Reason.OFF]
        assert index.open_gap().reason is Reason.OFF
        assert [event.key for event in index.events(START_NS + 2 * NS_PER_S, START_NS + 3 * NS_PER_S)] == ["door-1"]
        assert index.events(START_NS + 3 * NS_PER_S) == []
        index.set_meta("mode", "event")
        assert (index.get_meta("mode"), index.get_meta("none", "x")) == ("event", "x")


def test_protection_is_that_of_ranges(folder):
    with opened(folder) as store:
        rows = [record(store, START_NS + index * MINUTE_NS) for index in range(4)]

        def protected() -> list[bool]:
            return [row.is_protected for row in store.index.files()]

        touched = store.protect(START_NS + 1, START_NS + 2 * MINUTE_NS + 1, "all")
        assert [row.name for row in touched] == [row.name for row in rows[:3]]
        assert protected() == [True, True, True, False]
        store.unprotect(START_NS + MINUTE_NS, START_NS + 2 * MINUTE_NS)
        assert protected() == [True, False, True, False]
        assert without_ids(store.index.protections()) == [
            ProtectionRow(START_NS + 1, START_NS + MINUTE_NS, "all"),
            ProtectionRow(START_NS + 2 * MINUTE_NS, START_NS + 2 * MINUTE_NS + 1, "all"),
        ]
        store.protect(START_NS + 4 * MINUTE_NS, START_NS + 5 * MINUTE_NS, "yet to come")
        record(store, START_NS + 4 * MINUTE_NS)
        assert protected() == [True, False, True, False, True]
        store.unprotect(0, START_NS + 9 * MINUTE_NS)
        assert protected() == [False] * 5
    assert_sound(folder)


def test_deleting_leaves_gaps_where_no_other_footage_is(folder):
    with opened(folder) as store:
        rows = [record(store, START_NS + index * 2 * NS_PER_S) for index in range(4)]
        spool, _ = write_originals(folder, rows[1].start_ns)
        store.add_file(replace(spool.row, state=State.DONE))
        store.delete_files(rows[:3], Reason.DELETED)
        assert [(gap.start_ns, gap.end_ns) for gap in store.index.gaps()] == [
            (rows[0].start_ns, rows[1].start_ns),
            (spool.end_ns, rows[2].end_ns),
        ]
    assert_sound(folder)


def test_deleting_leaves_no_hole_beside_a_slow_cameras_picture(folder):
    """A file ends a little after its last picture; that one stood until the next file began."""
    with opened(folder) as store:
        rows = [record(store, START_NS + minute * MINUTE_NS) for minute in range(3)]
        store.put_gap(GapRow(rows[2].end_ns, rows[2].end_ns + 5, Reason.OFFLINE))
        store.delete_files([rows[1]], Reason.DELETED)
        gap = store.index.gaps()[0]
        assert (gap.start_ns, gap.end_ns) == (rows[0].end_ns, rows[2].start_ns)
        store.delete_files([rows[2]], Reason.DELETED)
        assert [(gap.start_ns, gap.end_ns) for gap in store.index.gaps()] == [
            (rows[0].end_ns, rows[2].end_ns),
            (rows[2].end_ns, rows[2].end_ns + 5),
        ]
    assert_sound(folder)


def test_retention_that_goes_on_leaves_one_growing_gap(folder):
    with opened(folder) as store:
        rows = [record(store, START_NS + index * 2 * NS_PER_S) for index in range(5)]
        for row in rows[1:4]:
            store.delete_files([row], Reason.EXPIRED)
        (gap,) = store.index.gaps()
        assert (gap.start_ns, gap.end_ns, gap.reason) == (rows[1].start_ns, rows[3].end_ns, Reason.EXPIRED)
    assert_sound(folder)


def test_gap_that_never_was_is_taken_back(folder):
    with opened(folder) as store:
        store.begin_gap(START_NS, Reason.BUS)
        store.put_gap(GapRow(START_NS, START_NS, Reason.BUS))
        assert store.index.gaps() == []
    assert_sound(folder)


def test_event_that_is_repeated_is_written_once(folder):
    with opened(folder) as store:
        for _ in range(5):
            store.put_event(EventRow("a", "door", START_NS, 0))
        store.put_event(EventRow("a", "door", START_NS + 86_400 * NS_PER_S, START_NS + 86_500 * NS_PER_S))
        assert store.index.events() == [EventRow("a", "door", START_NS, START_NS + 86_500 * NS_PER_S)]
        assert len(list(store.journal.read_all())) == 2


def test_days_without_files_go_with_their_journal_unless_something_goes_on(folder):
    with opened(folder) as store:
        fill(store)
        store.delete_files(store.index.files(to_ns=NEXT_DAY_NS - 1))
        assert store.forget_before(START_NS + MINUTE_NS) == 0, "the day itself"
        store.put_event(EventRow("long", "wind", START_NS, 0))
        (folder / day_of(START_NS) / "porch_20261122T213309.123Z.mp4.broken").write_bytes(b"?")
        assert store.forget_before(NEXT_DAY_NS) == 1
        assert (folder / day_of(START_NS)).exists() is False
        assert [gap.reason for gap in store.index.gaps()] == [Reason.OFF]
        assert store.forget_before(NEXT_DAY_NS * 2) == 0, "a file"
        store.delete_files(store.index.files())
        assert store.forget_before(NEXT_DAY_NS * 2) == 0, "a gap that goes on"
    assert_sound(folder)


def test_days_that_have_files_are_not_looked_at_for_what_may_be_forgotten(folder, monkeypatch):
    with opened(folder) as store:
        fill(store)
        seen, scandir = [], os.scandir
        monkeypatch.setattr(os, "scandir", lambda path: seen.append(Path(path).name) or scandir(path))
        assert store.forget_before(store.index.oldest_start_ns()) == 0
        assert seen == [folder.name]


def test_store_knows_when_another_folder_has_taken_its_place(folder):
    with opened(folder) as store:
        store.check_place()
        folder.rename(folder.with_name("hidden"))
        with pytest.raises(FileNotFoundError):
            store.check_place()
        open_store(folder).close()
        with pytest.raises(OSError, match="another folder"):
            store.check_place()


def test_full_disk_gives_up_the_file_first(folder, monkeypatch):
    with opened(folder) as store:
        rows = [record(store, START_NS + index * 2 * NS_PER_S) for index in range(2)]
        path, pwrite = store.path(rows[0]), os.pwrite

        def refuse_while_file_is_there(fd: int, data: bytes, at: int) -> int:
            if path.exists():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return pwrite(fd, data, at)

        monkeypatch.setattr(os, "pwrite", refuse_while_file_is_there)
        store.delete_files(rows[:1], Reason.EXPIRED)
        assert without_ids(store.index.files()) == without_ids(rows[1:])
        assert [gap.reason for gap in store.index.gaps()] == [Reason.EXPIRED]


def refusing(while_there: Path) -> Callable[[int, bytes, int], int]:
    """A full disk, until a file is gone."""
    pwrite = os.pwrite

    def write(fd: int, data: bytes, at: int) -> int:
        if while_there.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return pwrite(fd, data, at)

    return write


def test_full_disk_has_a_reserve_so_that_deleting_keeps_its_order(folder, monkeypatch):
    with opened(folder) as store:
        row = record(store)
        reserve = folder / RESERVE_NAME
        assert reserve.stat().st_blocks * 512 >= reserve.stat().st_size > 0, "its blocks are taken"
        write, seen = refusing(reserve), []
        monkeypatch.setattr(
            os, "pwrite", lambda *write_this: seen.append(store.path(row).exists()) or write(*write_this)
        )
        store.delete_files([row], Reason.EXPIRED)
        assert seen == [True, True], "the journal knows before the file goes"
        assert reserve.exists(), "there is room again"
    assert_sound(folder)


def test_start_on_a_full_disk_uses_the_reserve(folder, monkeypatch):
    with opened(folder) as store:
        row = record(store)
    (folder / row.name).unlink()
    monkeypatch.setattr(os, "pwrite", refusing(folder / RESERVE_NAME))
    with opened(folder) as store:
        assert store.repaired.removed_rows == 1
    assert_sound(folder)


def test_start_on_a_disk_that_refuses_says_so_and_lets_the_lock_go(folder, monkeypatch):
    with opened(folder) as store:
        row = record(store)
    (folder / row.name).unlink()
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", refusing(folder))
        with pytest.raises(OSError, match="No space left"):
            CameraStore.open(folder, CAMERA)
    assert not is_locked(folder)
    assert_sound(folder)


# What a crash may interrupt; each call is a step, and a write may be torn in the middle.
STEPS = ("pwrite", "ftruncate", "fsync", "fdatasync", "unlink", "replace", "rmdir", "mkdir")


class Crash(BaseException):
    """The process is gone: nothing after this ran."""


@contextmanager
def crash_at(step: int, *, tear: bool = False) -> Iterator[list[int]]:
    """Crash before the given step; the list's item says how many there were."""
    count = [0]

    def step_over() -> bool:
        count[0] += 1
        return count[0] > step

    def breaking(call: Callable[..., object]) -> Callable[..., object]:
        def broken(*arguments: object, **more: object) -> object:
            if step_over():
                if tear and call is writes and count[0] == step + 1:
                    fd, data, at = arguments
                    call(fd, data[: len(data) // 2], at)
                raise Crash
            return call(*arguments, **more)

        return broken

    writes = os.pwrite
    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            patch.setattr(os, name, breaking(getattr(os, name)))
        patch.setattr(Index, "_ask", breaking(Index._ask))
        yield count


def steps_of(act: Callable[[Path], None], folder: Path) -> int:
    with crash_at(1 << 60) as count:
        act(folder)
    return count[0]


def dies_at(step: int, act: Callable[[Path], None], folder: Path, *, tear: bool = False) -> None:
    try:
        with crash_at(step, tear=tear):
            act(folder)
    except Crash:
        pass


def add_a_file(folder: Path) -> None:
    with opened(folder) as store:
        record(store, START_NS + 9 * MINUTE_NS)


def write_facts(folder: Path) -> None:
    with opened(folder) as store:
        store.begin_gap(START_NS + 10 * MINUTE_NS, Reason.STALLED)
        store.put_event(EventRow("bell", "bell", START_NS + 10 * MINUTE_NS, START_NS + 11 * MINUTE_NS))
        store.put_gap(GapRow(START_NS + 10 * MINUTE_NS, START_NS + 12 * MINUTE_NS, Reason.STALLED))


def delete_two(folder: Path) -> None:
    with opened(folder) as store:
        rows = store.index.files()
        store.delete_files([row for row in rows if row.start_ns in (START_NS, NEXT_DAY_NS)], Reason.DELETED)


def find_crash_left_overs(folder: Path) -> None:
    """A start after a crash: something of everything is to be repaired."""
    open_store(folder).close()


def damage(folder: Path) -> None:
    with opened(folder) as store:
        row = store.index.file_named(store.index.files()[0].name)
        write_video(folder, START_NS + 20 * MINUTE_NS)
        store.add_file(write_video(folder, START_NS + 21 * MINUTE_NS)[0].row)
        lost = record(store, START_NS + 22 * MINUTE_NS)
    store.path(lost).unlink()
    with store.path(row).open("r+b") as file:
        file.truncate(row.size_bytes - 10)
    with (folder / day_of(START_NS) / JOURNAL_NAME).open("ab") as file:
        file.write(b"0123abcd {torn")


@pytest.mark.parametrize("tear", [False, True])
@pytest.mark.parametrize("act", [add_a_file, write_facts, delete_two, find_crash_left_overs])
def test_crash_between_any_two_steps_leaves_files_and_index_one(tmp_path, act, tear):
    template = tmp_path / "template" / CAMERA
    with opened(template) as store:
        fill(store)
    if act is find_crash_left_overs:
        damage(template)

    def prepared(name: str) -> Path:
        return Path(shutil.copytree(template, tmp_path / name / CAMERA))

    for step in range(steps_of(act, prepared("count"))):
        folder = prepared(str(step))
        before = {row.name for row in facts_of(folder)["files"]}
        dies_at(step, act, folder, tear=tear)
        left = set(look(folder, CAMERA).files)
        # The start after it may die as well, anywhere.
        dies_at(step // 2, find_crash_left_overs, folder, tear=tear)
        left_then = set(look(folder, CAMERA).files)
        assert left_then <= left, "nothing that was deleted comes back"
        assert_sound(folder)
        said = facts_of(folder)
        names = {row.name for row in said["files"]}
        assert names <= left_then
        if act is delete_two:
            gone = {START_NS, NEXT_DAY_NS} - {row.start_ns for row in said["files"]}
            assert len(names) == 4 - len(gone), "nothing else is lost"
            assert {gap.start_ns for gap in said["gaps"] if gap.reason is Reason.DELETED} == gone
        elif act is find_crash_left_overs:
            assert len(names) == 6
            assert [gap.reason for gap in said["gaps"]].count(Reason.DAMAGED) == 2
        else:
            assert before <= names


def test_lost_originals_leave_no_gap_where_their_video_is(folder):
    with opened(folder) as store:
        record(store)
        spool, _ = write_originals(folder)
        store.add_file(replace(spool.row, state=State.DONE))
    (folder / spool.name).unlink()
    with opened(folder) as store:
        assert store.repaired.removed_rows == 1
        assert store.index.gaps() == []
    assert_sound(folder)


def test_open_files_are_cut_and_finished_at_start(folder):
    with opened(folder) as store:
        writer, ends = write_video(folder, count=10, each=5)
        store.add_file(replace(writer.row, frames=5, size_bytes=ends[1], end_ns=START_NS + NS_PER_S))
        spool, _ = write_originals(folder, START_NS + MINUTE_NS)
        store.add_file(spool.row)
    with (folder / writer.name).open("ab") as file:
        file.write(b"\0\0\1\0moof" + bytes(100))
    with opened(folder) as store:
        assert (store.repaired.torn, store.repaired.cut_bytes) == (1, 108)
        assert without_ids(store.index.files()) == without_ids(
            [replace(writer.row, state=State.DONE), replace(spool.row, state=State.ENCODING)]
        )
    assert_sound(folder)


def test_files_that_hold_nothing_whole_are_removed(folder):
    with opened(folder) as store:
        for minute, size in enumerate((0, 40, 5000)):
            writer, ends = write_video(folder, START_NS + minute * MINUTE_NS)
            store.add_file(replace(writer.row, frames=0, size_bytes=ends[0], end_ns=writer.facts.start_ns))
            (folder / writer.name).write_bytes(bytes(size))
        begun, ends = write_video(folder, START_NS + 9 * MINUTE_NS)
        os.truncate(folder / begun.name, ends[0])
        part = folder / f"{begun.name}.part"
        part.write_bytes(b"half of it")
    with opened(folder) as store:
        assert (store.repaired.removed_files, store.index.files(), store.index.gaps()) == (5, [], [])
    assert look(folder, CAMERA).files == {}
    assert not part.exists()


def test_foreign_and_damaged_files_are_said_and_set_aside_and_nothing_else_is_touched(folder):
    with opened(folder) as store:
        fill(store)
        kept = store.index.files()
    day = folder / day_of(START_NS)
    foreign = day / "porch_20261122T235959.000Z.mp4"
    foreign.write_bytes(b"GIF89a" * 100)
    strange = [day / "notes.txt", folder / "README", day / "other.mp4"]
    for path in strange:
        path.write_text("mine")
    with opened(folder) as store:
        assert store.repaired.damaged == 1
        (sentence,) = store.repaired.sentences
        assert " is no recording: b'GIF89aGI' at byte 0, expected b'ftyp'" in sentence
        assert sentence.endswith(f"kept as {foreign.name}.broken")
        assert store.index.files() == kept
    assert [path.read_text() for path in strange] == ["mine"] * 3
    assert foreign.with_name(f"{foreign.name}.broken").read_bytes() == b"GIF89a" * 100
    assert_sound(folder)


@pytest.mark.parametrize("content", [b"garbage, no database" * 300, b"SQLite format 3\0" + b"\x07" * 9000])
def test_index_of_garbage_is_set_aside_and_made_anew(folder, content):
    with opened(folder) as store:
        fill(store)
    said = facts_of(folder)
    remove_index(folder)
    (folder / INDEX_NAME).write_bytes(content)
    with pytest.raises(RecordingError):
        IndexReader(folder / INDEX_NAME).files()
    with opened(folder) as store:
        assert store.repaired.is_rebuilt
        assert "kept as index.sqlite.broken" in store.repaired.sentences[0]
        assert "made anew from 4 files" in store.repaired.sentences[1]
    assert facts_of(folder) == said
    assert (folder / f"{INDEX_NAME}.broken").read_bytes() == content
    assert_sound(folder)


def test_index_with_pages_overwritten_is_made_anew(folder):
    with opened(folder) as store:
        fill(store)
    said = facts_of(folder)
    path = folder / INDEX_NAME
    data = bytearray(path.read_bytes())
    data[4096:-1] = b"\xa5" * len(data[4096:-1])
    path.write_bytes(data)
    with opened(folder) as store:
        assert store.repaired.is_rebuilt
    assert facts_of(folder) == said


def test_finished_file_with_a_broken_end_keeps_its_bytes(folder):
    with opened(folder) as store:
        row = record(store, count=20)
    path = folder / row.name
    data = bytearray(path.read_bytes())
    data[-50] ^= 1
    path.write_bytes(data)
    store = CameraStore.open(folder, CAMERA, thorough=True)
    assert store.repaired.damaged == 1
    (after,) = store.index.files()
    (gap,) = store.index.gaps()
    store.close()
    assert (after.size_bytes, after.frames) == (row.size_bytes, 15)
    assert (gap.start_ns, gap.end_ns, gap.reason) == (after.end_ns, row.end_ns, Reason.DAMAGED)
    assert path.stat().st_size == row.size_bytes
    assert_sound(folder)


def test_journal_of_garbage_is_said_and_the_rest_stays(folder):
    with opened(folder) as store:
        fill(store)
    said = facts_of(folder)
    journal = folder / day_of(START_NS) / JOURNAL_NAME
    journal.write_bytes(b"\x00\xff\xfe garbage\n\n\r\n{}\n" * 40 + journal.read_bytes() + bytes(500))
    with opened(folder) as store:
        assert store.repaired.bad_lines > 0
        assert any("damaged lines are left out" in sentence for sentence in store.repaired.sentences)
        assert facts_of(folder) == said
        store.put_gap(GapRow(START_NS + 30 * MINUTE_NS, START_NS + 31 * MINUTE_NS, Reason.OFFLINE))
    remove_index(folder)
    with opened(folder) as store:
        assert len(store.index.gaps()) == len(said["gaps"]) + 1
        assert store.index.events() == said["events"]


@pytest.mark.parametrize("fill_with", [b"", bytes(64), bytes(5000)])
def test_journals_last_line_torn_at_every_byte_costs_that_line_alone(folder, fill_with):
    with opened(folder) as store:
        store.put_gap(GapRow(START_NS, START_NS + 5, Reason.BUS))
        journal = folder / day_of(START_NS) / JOURNAL_NAME
        first = journal.read_bytes()
        store.put_gap(GapRow(START_NS + 10, START_NS + 15, Reason.BUS))
        whole = journal.read_bytes()
        for cut in range(len(first), len(whole) - 1):
            journal.write_bytes(whole[:cut] + fill_with)
            assert [line["from"] for line in store.journal.read_all()] == [START_NS]
            assert store.journal.bad_lines == 0
            store.journal.append({"kind": "gap", "from": 7}, START_NS)
            assert [line["from"] for line in store.journal.read_all()] == [START_NS, 7], cut
            assert store.journal.bad_lines == 0


def test_lost_commits_come_back_from_journal_and_files(folder):
    """A power cut may take back the last commits of the index, never what was synced beside it."""
    with opened(folder) as store:
        record(store)
    old = (folder / INDEX_NAME).read_bytes()
    with opened(folder) as store:
        record(store, START_NS + MINUTE_NS)
        store.put_gap(GapRow(START_NS + 2 * MINUTE_NS, START_NS + 3 * MINUTE_NS, Reason.OFFLINE))
        store.protect(START_NS, START_NS + 5)
        store.delete_files(store.index.files(START_NS + MINUTE_NS), Reason.DELETED)
    said = facts_of(folder)
    remove_index(folder)
    (folder / INDEX_NAME).write_bytes(old)
    with opened(folder) as store:
        assert not store.repaired.is_rebuilt
    assert facts_of(folder) == said
    assert_sound(folder)


def test_repair_does_not_open_finished_files(folder, monkeypatch):
    with opened(folder) as store:
        fill(store)
    monkeypatch.setattr("common.recordings.repair.check_file", lambda path: pytest.fail(f"{path} was read"))
    open_store(folder).close()
