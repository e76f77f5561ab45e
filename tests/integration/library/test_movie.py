"""play.mp4 against the files that it is made of, without a server: every picture, every byte, every time."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.recordings.reading import read_table
from common.recordings.rows import GapRow, Reason
from common.units import NS_PER_MS
from common.units import NS_PER_S as S
from services.library.catalogue import Catalogue
from services.library.programmes import Programmes
from services.library.queries import Range
from services.library.reading import FileReader, LaterReader
from services.library.refusals import Refusal
from tests.helpers.footage import EVENING_NS, Footage, coded

CAMERA = "porch"


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Ten minutes cut short: jittering times, a slow camera, another size, a gap, a keyframe in the middle."""
    folder = tmp_path_factory.mktemp("recordings")
    footage = Footage(folder, CAMERA)
    steady = coded(90)
    jittering = [at * S // 15 + at * at * 7 % 30 * NS_PER_MS for at in range(90)]
    footage.add(EVENING_NS, steady)
    footage.add(EVENING_NS + 6 * S, steady, jittering, EVENING_NS + 12 * S)
    footage.add(EVENING_NS + 12 * S, coded(12, key_every=5), [at * 5 * S for at in range(12)], EVENING_NS + 72 * S)
    footage.gap(GapRow(EVENING_NS + 72 * S, EVENING_NS + 100 * S, Reason.OFFLINE))
    footage.add(EVENING_NS + 100 * S, coded(45, 96, 80))
    footage.close()
    return folder


def reader_of(folder: Path, from_s: float, to_s: float):
    programmes = Programmes(Catalogue(folder))
    range_ = Range(EVENING_NS + round(from_s * S), EVENING_NS + round(to_s * S))
    programme = programmes.programme(CAMERA, range_)
    return programme, programmes.reader(CAMERA, programme)


def whole(reader, piece_bytes=1 << 20):
    parts = []
    at = 0
    while at < reader.size_bytes:
        parts.append(reader.read(at, piece_bytes))
        at += len(parts[-1])
    reader.close()
    return b"".join(parts)


def probed(path: Path, *options: str):
    command = ["ffprobe", "-v", "warning", *options, "-of", "json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.mark.requires_tool("ffprobe")
@pytest.mark.parametrize(("from_s", "to_s"), [(0, 200), (0, 72), (7.9, 31.2), (3, 3.01), (100.5, 101), (50, 100.2)])
def test_movie_has_every_picture_of_the_files_at_its_time(recordings, tmp_path, from_s, to_s):
    programme, reader = reader_of(recordings, from_s, to_s)
    path = tmp_path / "play.mp4"
    path.write_bytes(whole(reader))
    packets = probed(path, "-show_packets", "-show_data_hash", "md5", "-ignore_editlist", "1")["packets"]

    expected = []
    catalogue = Catalogue(recordings)
    stretch_ends = 0.0
    for share in programme.shares:
        table = catalogue.table(CAMERA, share.row)
        data = (recordings / CAMERA / share.row.name).read_bytes()
        for index in range(share.cut.first, share.cut.stop):
            at, size = table.offsets[index], table.sizes[index]
            hash_ = hashlib.md5(data[at : at + size], usedforsecurity=False).hexdigest()
            expected.append((table.time_ns(index), size, f"MD5:{hash_}", index in table.keys))
    found = [(int(each["size"]), each["data_hash"], each["flags"].startswith("K")) for each in packets]
    assert found == [(size, hash_, is_key) for _, size, hash_, is_key in expected]

    # Within a stretch the movie's clock is the camera's.
    first_ns = expected[0][0]
    skip_90k = (programme.start_ns - first_ns) * 9 / 100_000
    starts = [(stretch.from_ns, stretch.at_90k) for stretch in programme.stretches]
    for packet, (time_ns, *_) in zip(packets, expected, strict=True):
        from_ns, at_90k = [start for start in starts if start[0] <= max(time_ns, programme.start_ns)][-1]
        assert abs(packet["pts"] - skip_90k - at_90k - (time_ns - from_ns) * 9 / 100_000) <= 1
        stretch_ends = packet["pts"]
    assert stretch_ends > 0 or len(packets) == 1


@pytest.mark.requires_tool("ffprobe", "ffmpeg")
@pytest.mark.parametrize(("from_s", "to_s", "duration_s"), [(0, 72, 72), (7.9, 31.2, 23.3), (71, 101, 2), (0, 1e6, 75)])
def test_movie_is_as_long_as_it_says_and_plays_without_a_word(recordings, tmp_path, from_s, to_s, duration_s):
    programme, reader = reader_of(recordings, from_s, to_s)
    path = tmp_path / "play.mp4"
    path.write_bytes(whole(reader))
    shown = probed(path, "-show_entries", "format=duration,start_time:stream=duration")
    begun_before_s = max(0, EVENING_NS / S + from_s - programme.start_ns / S)
    for each in (shown["format"], shown["streams"][0]):
        # One picture that was begun before is shown whole.
        assert float(each["duration"]) == pytest.approx(programme.movie.duration_90k / 90_000, abs=1e-5)
    assert programme.movie.duration_90k / 90_000 == pytest.approx(duration_s + begun_before_s, abs=0.002)
    assert float(shown["format"]["start_time"]) == 0
    command = ["ffmpeg", "-v", "warning", "-nostdin", "-i", str(path), "-fps_mode", "passthrough"]
    done = subprocess.run(
        [*command, "-enc_time_base", "-1", "-f", "null", "-"], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""


@pytest.mark.requires_tool("ffprobe")
def test_movie_shows_first_what_was_seen_at_its_beginning(recordings, tmp_path):
    programme, reader = reader_of(recordings, 3.5, 6)
    path = tmp_path / "play.mp4"
    path.write_bytes(whole(reader))
    frames = probed(path, "-show_frames", "-show_entries", "frame=pts_time")["frames"]
    assert float(frames[0]["pts_time"]) == 0
    assert 0 < EVENING_NS + 3.5 * S - programme.start_ns < S / 15
    assert len(frames) == 90 - 52


@pytest.fixture(scope="module")
def sliced(recordings):
    _, reader = reader_of(recordings, 2.3, 101)
    return recordings, whole(reader)


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_any_range_is_the_same_slice_of_the_whole(sliced, data):
    folder, everything = sliced
    _, reader = reader_of(folder, 2.3, 101)
    for _ in range(4):
        start = data.draw(st.integers(0, len(everything) - 1))
        size = data.draw(st.integers(1, 40_000))
        found = reader.read(start, size)
        assert found
        assert found == everything[start : start + len(found)]
        assert len(found) == min(size, len(everything) - start)
    reader.close()


@pytest.mark.parametrize("piece_bytes", [7, 977, 65_536])
def test_pieces_of_any_size_make_the_same_movie(sliced, piece_bytes):
    folder, everything = sliced
    _, reader = reader_of(folder, 2.3, 101)
    head_bytes = min(len(everything), 200 * piece_bytes)
    found = b""
    while len(found) < head_bytes:
        found += reader.read(len(found), piece_bytes)
    reader.close()
    assert found == everything[: len(found)]


def test_tables_need_not_be_kept(recordings, sliced):
    catalogue = Catalogue(recordings, tables_bytes=0)
    programmes = Programmes(catalogue)
    range_ = Range(EVENING_NS + round(2.3 * S), EVENING_NS + 101 * S)
    assert whole(programmes.reader(CAMERA, programmes.programme(CAMERA, range_))) == sliced[1]


def test_same_request_gives_the_same_bytes_and_tag(recordings):
    one, first = reader_of(recordings, 1, 60)
    other, second = reader_of(recordings, 1, 60)
    assert one.etag == other.etag
    assert whole(first) == whole(second)
    assert reader_of(recordings, 1, 60.1)[0].etag != one.etag


def test_programme_is_made_anew_when_the_index_has_changed(tmp_path):
    footage = Footage(tmp_path, CAMERA)
    footage.add(EVENING_NS, coded(90))
    programmes = Programmes(Catalogue(tmp_path))
    range_ = Range(EVENING_NS, EVENING_NS + 60 * S)
    first = programmes.programme(CAMERA, range_)
    assert programmes.programme(CAMERA, range_) is first
    footage.add(EVENING_NS + 6 * S, coded(90))
    assert len(programmes.programme(CAMERA, range_).shares) == 2
    footage.close()


def test_times_of_pictures_that_were_deleted_meanwhile_are_404(tmp_path):
    footage = Footage(tmp_path, CAMERA)
    row = footage.add(EVENING_NS, coded(30))
    programmes = Programmes(Catalogue(tmp_path, tables_bytes=0))
    range_ = Range(EVENING_NS, EVENING_NS + 60 * S)
    assert len(programmes.frames(CAMERA, range_)["times_ms"]) == 30
    (tmp_path / CAMERA / row.name).unlink()
    with pytest.raises(Refusal) as refused:
        programmes.frames(CAMERA, range_)
    assert refused.value.status == 404
    footage.close()


def test_footage_that_could_not_be_read_for_a_moment_is_there_again(tmp_path):
    footage = Footage(tmp_path, CAMERA)
    footage.add(EVENING_NS, coded(30))
    path = tmp_path / CAMERA / footage.add(EVENING_NS + 2 * S, coded(30)).name
    programmes = Programmes(Catalogue(tmp_path))
    range_ = Range(EVENING_NS, EVENING_NS + 60 * S)
    aside = path.rename(path.with_suffix(".away"))
    assert len(programmes.programme(CAMERA, range_).shares) == 1
    aside.rename(path)
    assert len(programmes.programme(CAMERA, range_).shares) == 2
    footage.close()


@pytest.mark.parametrize("shift_ns", [0, 3600 * S])
def test_playlist_goes_on_between_two_files_and_ends_when_none_follows(tmp_path, shift_ns):
    footage = Footage(tmp_path, CAMERA)
    row = footage.add(EVENING_NS, coded(90, key_every=15), shift_ns=shift_ns)
    footage.close()
    programmes = Programmes(Catalogue(tmp_path))
    range_ = Range(EVENING_NS, EVENING_NS + 2 * 3600 * S)
    # The next file has its row with the next pass.
    soon = programmes.playlist(CAMERA, range_, row.end_ns - shift_ns + S)
    assert soon.count("#EXTINF") == 2
    assert "ENDLIST" not in soon
    assert "ENDLIST" in programmes.playlist(CAMERA, range_, row.end_ns - shift_ns + 60 * S)


def test_range_without_footage_names_the_nearest(recordings):
    with pytest.raises(Refusal) as refused:
        reader_of(recordings, 80, 90)
    assert refused.value.status == 404
    assert refused.value.value["nearest"] == {
        "before": {"from": "2026-11-22T21:00:00.000000Z", "to": "2026-11-22T21:01:12.000000Z"},
        "after": {"from": "2026-11-22T21:01:40.000000Z", "to": "2026-11-22T21:01:42.999999Z"},
    }


def test_nearest_footage_is_found_months_away(recordings):
    with pytest.raises(Refusal) as refused:
        reader_of(recordings, 90 * 86_400, 90 * 86_400 + 5)
    assert refused.value.value["nearest"]["before"]["from"] == "2026-11-22T21:01:40.000000Z"
    assert refused.value.value["nearest"]["after"] is None


def test_frames_tell_times_and_keyframes_of_what_the_movie_shows(recordings):
    programmes = Programmes(Catalogue(recordings))
    answer = programmes.frames(CAMERA, Range(EVENING_NS + 71 * S, EVENING_NS + 101 * S))
    assert answer["start"] == "2026-11-22T21:01:07.000000Z"
    assert answer["times_ms"][:3] == [0, 33_000, pytest.approx(33_066.667)]
    assert len(answer["times_ms"]) == 1 + 15
    # The movie begins with a picture that is no keyframe; the one before it is decoded and not shown.
    assert answer["keys"] == [1]
    assert answer["stretches"] == [
        {"from": "2026-11-22T21:01:07.000000Z", "at_s": 0, "duration_s": 5},
        {"from": "2026-11-22T21:01:40.000000Z", "at_s": 5, "duration_s": 1},
    ]
    assert answer["duration_s"] == 6


def test_file_is_read_only_as_far_as_its_row_goes(recordings):
    path = next((recordings / CAMERA).glob("*/*.mp4"))
    reader = FileReader(path, 1000)
    assert reader.read(0, 5000) == path.read_bytes()[:1000]
    assert reader.read(990, 100) == path.read_bytes()[990:1000]
    reader.close()


@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_file_that_begins_later_differs_in_nothing_but_its_times(recordings, data):
    path = min((recordings / CAMERA).glob("*/*.mp4"))
    stored, table, begin_90k = path.read_bytes(), read_table(path), 1 << 40
    expected = bytearray(stored)
    for offset, first in zip(table.fragment_offsets, table.fragment_samples, strict=True):
        at = stored.index(b"tfdt", offset) + 8
        assert int.from_bytes(stored[at : at + 8], "big") == table.times_90k[first]
        expected[at : at + 8] = (table.times_90k[first] + begin_90k).to_bytes(8, "big")
    reader = LaterReader(FileReader(path, len(stored)), table, begin_90k)
    start = data.draw(st.integers(0, len(stored) - 1))
    size = data.draw(st.integers(1, 3000))
    assert reader.read(start, size) == expected[start : start + size]
    assert reader.read(0, len(stored)) == expected
    reader.close()
