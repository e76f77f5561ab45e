"""Video and originals files on a real disk: what is written is read, and a torn tail is cut at every byte."""

import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.errors import RecordingError
from common.recordings.checking import check_file
from common.recordings.container import Sample
from common.recordings.mending import mend
from common.recordings.originals import OriginalsWriter, read_originals
from common.recordings.reading import read_table
from common.recordings.video import VideoWriter
from common.units import NS_PER_S, to_90k
from tests.helpers.recording_files import (
    CAMERA,
    INIT,
    START_NS,
    facts,
    originals,
    samples,
    write_originals,
    write_video,
)


def test_video_reads_back_sample_for_sample(tmp_path):
    writer, ends = write_video(tmp_path, count=23, each=5)
    path = tmp_path / writer.name
    put = samples(23)

    table = read_table(path)
    assert (table.facts, table.init, table.end_ns) == (facts(), INIT, writer.end_ns)
    assert list(table.times_90k) == [to_90k(sample.time_ns - START_NS) for sample in put]
    assert list(table.keys) == [0, 10, 20]
    data = path.read_bytes()
    read = [data[at : at + size] for at, size in zip(table.offsets, table.sizes, strict=True)]
    assert read == [sample.data for sample in put]
    assert sum(table.durations_90k) == to_90k(writer.end_ns - START_NS) == table.end_90k
    assert list(table.fragment_offsets) == ends[:-1]
    assert table.size_bytes == ends[-1] == writer.size_bytes == len(data)
    assert check_file(path).row == writer.row


def test_table_stops_where_the_index_says(tmp_path):
    writer, ends = write_video(tmp_path, count=20, each=5)
    table = read_table(tmp_path / writer.name, ends[2])
    assert (len(table.sizes), table.size_bytes) == (10, ends[2])
    assert len(read_table(tmp_path / writer.name, ends[0]).sizes) == 0


def test_keyframe_begins_a_fragment_wherever_it_comes(tmp_path):
    writer = VideoWriter(tmp_path, facts(), INIT)
    writer.append(samples(9, key_every=4), START_NS + 2 * NS_PER_S)
    writer.close()
    table = read_table(tmp_path / writer.name)
    assert list(table.keys) == list(table.fragment_samples) == [0, 4, 8]


def test_next_fragment_corrects_the_guess_of_the_last_ones_length(tmp_path):
    put = samples(4, step_ns=NS_PER_S)
    for guess_ns, name in ((NS_PER_S // 10, "short"), (5 * NS_PER_S, "long")):
        writer = VideoWriter(tmp_path / name, facts(), INIT)
        for sample in put:
            writer.append([sample], sample.time_ns + guess_ns)
        writer.close()
        assert list(read_table(tmp_path / name / writer.name).durations_90k)[:3] == [90_000] * 3


def test_equal_and_backward_times_still_grow(tmp_path):
    writer = VideoWriter(tmp_path, facts(), INIT)
    for step in (0, 0, -5, 1, 0):
        writer.append([Sample(START_NS + step, False, b"x"), Sample(START_NS, False, b"y")], START_NS)
    writer.close()
    times = list(read_table(tmp_path / writer.name).times_90k)
    assert times == sorted(set(times))


def test_writer_refuses_a_second_file_of_the_same_start(tmp_path):
    write_video(tmp_path)
    with pytest.raises(FileExistsError):
        VideoWriter(tmp_path, facts(), INIT)


def test_writer_refuses_a_camera_that_leads_elsewhere(tmp_path):
    with pytest.raises(RecordingError, match="is no name"):
        VideoWriter(tmp_path, facts(camera="../x"), INIT)
    assert list(tmp_path.iterdir()) == []


class FullDisk:
    """Takes so many bytes more, then says that it is full, as pwrite does: in part first."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.pwrite = os.pwrite

    def __call__(self, fd: int, data: bytes, at: int) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        written = self.pwrite(fd, data[: self.room], at)
        self.room -= written
        return written


def test_full_disk_leaves_whole_fragments_and_the_writer_goes_on(tmp_path, monkeypatch):
    writer, _ = write_video(tmp_path, close=False)
    before = writer.row
    more = samples(5, START_NS + 2 * NS_PER_S)
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", FullDisk(100))
        with pytest.raises(OSError, match="No space"):
            writer.append(more, START_NS + 3 * NS_PER_S, {"overload": 1})
    assert writer.row == before
    assert check_file(tmp_path / writer.name).row == before
    writer.append(more, START_NS + 3 * NS_PER_S)
    writer.close()
    writer.close()
    assert check_file(tmp_path / writer.name).row == writer.row


def test_full_disk_leaves_no_file_without_a_head(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(os, "pwrite", FullDisk(100))
        with pytest.raises(OSError, match="No space"):
            VideoWriter(tmp_path, facts(), INIT)
        with pytest.raises(OSError, match="No space"):
            OriginalsWriter(tmp_path, CAMERA, START_NS)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_originals_read_back_bit_for_bit(tmp_path):
    writer, _ = write_originals(tmp_path)
    path = tmp_path / writer.name
    assert list(read_originals(path)) == originals(6)
    row = check_file(path).row
    assert row == writer.row
    assert row.skipped == {"corrupt": 3}


def test_originals_say_when_the_last_picture_ends_if_they_were_told(tmp_path):
    writer = OriginalsWriter(tmp_path, CAMERA, START_NS)
    writer.append(originals(3))
    assert writer.end_ns == originals(3)[-1].time_ns
    writer.close(START_NS + NS_PER_S)
    writer.close(START_NS + 2 * NS_PER_S)
    checked = check_file(tmp_path / writer.name)
    assert (checked.row, checked.row.end_ns, checked.torn) == (writer.row, START_NS + NS_PER_S, False)
    assert list(read_originals(tmp_path / writer.name)) == originals(3)


def whole_before(ends: list[int], cut: int) -> int:
    return max(end for end in ends if end <= cut)


def video_of(folder: Path) -> tuple[Path, list[int]]:
    writer, ends = write_video(folder, count=9, each=3)
    return folder / writer.name, ends


def originals_of(folder: Path) -> tuple[Path, list[int]]:
    writer, ends = write_originals(folder, count=4)
    return folder / writer.name, ends


@pytest.mark.parametrize("make", [video_of, originals_of])
@pytest.mark.parametrize("tail", ["nothing", "zeros", "old data"])
def test_tail_torn_at_every_byte_is_cut_at_the_last_whole_piece(tmp_path, make, tail):
    path, ends = make(tmp_path)
    data = path.read_bytes()
    for cut in range(ends[-2], ends[-1]):
        missing = ends[-1] - cut
        fill = {"nothing": b"", "zeros": bytes(missing), "old data": bytes(255 - byte for byte in data[cut:])}[tail]
        path.write_bytes(data[:cut] + fill)
        checked = check_file(path)
        is_same = data[:cut] + fill == data
        assert checked.whole_bytes == (ends[-1] if is_same else whole_before(ends, cut)), cut
        assert checked.torn == (checked.whole_bytes < cut + len(fill))
        mend(path, checked)
        again = check_file(path)
        assert (again.torn, again.problem, again.damaged) == (False, "", ())
        assert again.row == checked.row
        assert path.stat().st_size == checked.whole_bytes


@pytest.mark.parametrize("make", [video_of, originals_of])
def test_head_torn_at_every_byte_is_known_as_just_begun(tmp_path, make):
    path, ends = make(tmp_path)
    data = path.read_bytes()
    for left in [bytes(5000), *[data[:cut] for cut in range(ends[0])]]:
        path.write_bytes(left)
        checked = check_file(path)
        assert (checked.row, checked.whole_bytes, checked.torn) == (None, 0, True), len(left)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.floats(0, 1, exclude_max=True), length=st.integers(1, 400), fill=st.sampled_from([0, 0xFF, None]))
@pytest.mark.parametrize("make", [video_of, originals_of])
def test_damage_in_the_middle_costs_no_more_than_up_to_the_next_keyframe(tmp_path_factory, make, place, length, fill):
    folder = tmp_path_factory.mktemp("damage")
    path, ends = make(folder)
    data = path.read_bytes()
    at = ends[0] + int(place * (ends[-1] - ends[0]))
    end = min(at + length, ends[-1])
    bad = bytes(byte ^ 0x5A if fill is None else fill for byte in data[at:end])
    path.write_bytes(data[:at] + bad + data[end:])
    checked = check_file(path)
    assert checked.row is not None
    kept = sum(damage.size_bytes for damage in checked.damaged)
    assert checked.whole_bytes - kept >= whole_before(ends, at), "nothing before the damage is lost"
    mend(path, checked)
    again = check_file(path)
    assert (again.row, again.torn, again.damaged) == (replace(checked.row), False, ())
    if make is video_of:
        table = read_table(path)
        assert len(table.sizes) == checked.row.frames
        assert table.end_ns == checked.row.end_ns
    else:
        assert len(list(read_originals(path))) == checked.row.frames


def test_damage_between_keyframes_leaves_what_comes_after_at_its_time(tmp_path):
    writer, ends = write_video(tmp_path, count=30, each=5)
    path = tmp_path / writer.name
    data = bytearray(path.read_bytes())
    data[ends[1] + 150] ^= 1
    path.write_bytes(data)

    checked = check_file(path)
    (damage,) = checked.damaged
    assert (damage.at, damage.size_bytes) == (ends[1], ends[2] - ends[1])
    assert (damage.start_ns, abs(damage.end_ns - START_NS - 2 * NS_PER_S) < 20_000) == (START_NS + NS_PER_S, True)
    assert checked.row.frames == 25
    mend(path, checked)
    table = read_table(path)
    times = [to_90k(sample.time_ns - START_NS) for index, sample in enumerate(samples(30)) if not 5 <= index < 10]
    assert list(table.times_90k) == times
    assert table.durations_90k[4] == 18_000, "the picture before the hole is not stretched over it"
    changed = bytearray(path.read_bytes())
    assert [index for index in range(len(data)) if data[index] != changed[index]] != []
    assert all(damage.at <= index < damage.at + 8 for index in range(len(data)) if data[index] != changed[index])


@pytest.mark.parametrize("name", ["porch_20261122T213309.123Z.mp4", "porch_20261122T213309.123Z.spool"])
def test_foreign_file_is_said_in_a_sentence(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"GIF89a and more that is nothing of ours" * 50)
    checked = check_file(path)
    assert (checked.row, checked.torn) == (None, False)
    assert checked.problem.startswith(("is no recording", "holds no originals"))
    read = read_table if name.endswith("mp4") else lambda path: list(read_originals(path))
    with pytest.raises(RecordingError, match=name):
        read(path)


def test_missing_file_is_said_in_a_sentence(tmp_path):
    with pytest.raises(RecordingError, match=r"gone\.mp4: No such file"):
        read_table(tmp_path / "gone.mp4")
