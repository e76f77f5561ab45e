"""The boxes of a movie, and where its parts are."""

import struct
from array import array
from dataclasses import dataclass

import pytest

from common.errors import RecordingError
from services.library.boxes import box, children, entry_size, full_box, sample_entries
from services.library.movie import Content, Part, Piece, etag_of, make_movie, render

ENTRY = box(b"avc1", bytes(24) + struct.pack(">HH", 640, 480) + bytes(50))
SMALL = box(b"avc1", bytes(24) + struct.pack(">HH", 64, 720) + bytes(50))


@dataclass
class FakeTable:
    times_90k: array
    sizes: array
    keys: array
    offsets: array
    init: bytes = b""


TABLE = FakeTable(
    array("Q", [0, 6000, 12_500, 18_000, 24_000]),
    array("I", [50, 5, 6, 40, 7]),
    array("I", [0, 3]),
    array("Q", [0] * 5),
)


def piece(**changes):
    fields = {
        "file": 0,
        "first": 0,
        "count": 5,
        "before": 0,
        "keys": 2,
        "size_bytes": 108,
        "length_90k": 30_000,
        "entry": 0,
    }
    return Piece(**{**fields, **changes})


def written(movie, tables=(TABLE,)):
    """Return the movie up to its pictures."""
    parts = []
    for part in movie.parts:
        if part.content is Content.LITERAL:
            parts.append(part.data)
        elif part.content is not Content.PICTURES:
            this = movie.pieces[part.piece]
            parts.append(render(part, this, tables[this.file]))
            assert len(parts[-1]) == part.size_bytes
    return b"".join(parts)


def found(data, *path):
    for kind in path:
        data = dict(children(data))[kind]
    return data


def table_of(movie, kind, tables=(TABLE,)):
    head = written(movie, tables)
    moov = found(head[: len(head) - movie_data_head(movie)], b"moov", b"trak", b"mdia", b"minf", b"stbl")
    return found(moov, kind)


def movie_data_head(movie):
    return movie.parts[len(movie.parts) - len(movie.pieces) - 1].size_bytes


def test_tables_tell_times_sizes_and_keyframes():
    movie = make_movie([piece()], [ENTRY])
    times = struct.unpack(">10I", table_of(movie, b"stts")[8:])
    assert times == (1, 6000, 1, 6500, 1, 5500, 1, 6000, 1, 6000)
    assert struct.unpack(">5I", table_of(movie, b"stsz")[12:]) == (50, 5, 6, 40, 7)
    assert struct.unpack(">2I", table_of(movie, b"stss")[8:]) == (1, 4)
    assert struct.unpack(">I3I", table_of(movie, b"stsc")[4:]) == (1, 1, 5, 1)


def test_samples_count_on_over_files_and_each_has_its_description():
    pieces = [piece(first=3, count=2, keys=1, size_bytes=47, length_90k=12_000), piece(file=1, before=2, entry=1)]
    movie = make_movie(pieces, [ENTRY, SMALL])
    tables = (TABLE, TABLE)
    assert struct.unpack(">3I", table_of(movie, b"stss", tables)[8:]) == (1, 3, 6)
    assert struct.unpack(">I6I", table_of(movie, b"stsc", tables)[4:]) == (2, 1, 2, 1, 2, 5, 2)
    assert table_of(movie, b"stsd", tables)[8:] == ENTRY + SMALL
    starts = struct.unpack(">2I", table_of(movie, b"stco", tables)[8:])
    assert starts == (movie.size_bytes - 155, movie.size_bytes - 108)
    assert struct.unpack(">14I", table_of(movie, b"stts", tables)[8:])[:4] == (1, 6000, 1, 6000)


def test_size_shown_is_that_of_the_largest():
    movie = make_movie([piece(), piece(before=5, entry=1)], [ENTRY, SMALL])
    head = written(movie)
    tkhd = found(head[: len(head) - movie_data_head(movie)], b"moov", b"trak", b"tkhd")
    assert struct.unpack(">II", tkhd[-8:]) == (640 << 16, 720 << 16)


def test_parts_begin_where_the_map_says():
    movie = make_movie([piece(), piece(before=5)], [ENTRY])
    assert len(movie.starts) == len(movie.parts) + 1
    assert movie.starts[-1] == movie.size_bytes == len(written(movie)) + 216
    assert [movie.starts[index + 1] - movie.starts[index] for index in range(len(movie.parts))] == [
        part.size_bytes for part in movie.parts
    ]


def test_edit_list_is_there_only_when_something_is_skipped():
    plain, skipping = make_movie([piece()], [ENTRY]), make_movie([piece()], [ENTRY], 12_500)
    assert b"elst" not in written(plain)
    head = written(skipping)
    elst = found(head[: len(head) - movie_data_head(skipping)], b"moov", b"trak", b"edts", b"elst")
    assert struct.unpack(">IQqI", elst[4:]) == (1, 17_500, 12_500, 0x1_0000)
    assert (plain.duration_90k, skipping.duration_90k) == (30_000, 17_500)


@pytest.mark.parametrize(
    ("size_bytes", "kind", "data_head_bytes"),
    [(1 << 20, b"stco", 8), ((1 << 32) - 100, b"co64", 8), (1 << 33, b"co64", 16)],
)
def test_offsets_are_as_wide_as_they_must_be(size_bytes, kind, data_head_bytes):
    movie = make_movie([piece(size_bytes=size_bytes - 10), piece(before=5, size_bytes=10)], [ENTRY])
    assert movie_data_head(movie) == data_head_bytes
    table = table_of(movie, kind)
    starts = struct.unpack(">2Q" if kind == b"co64" else ">2I", table[8:])
    assert starts == (movie.size_bytes - size_bytes, movie.size_bytes - 10)
    mdat = movie.parts[-3].data
    size = struct.unpack(">I", mdat[:4])[0]
    assert (struct.unpack(">Q", mdat[8:])[0] if size == 1 else size) == size_bytes + data_head_bytes


def test_pictures_that_came_at_once_have_a_tick_each():
    table = FakeTable(array("Q", [0, 5, 5]), array("I", [1, 1, 1]), array("I", [0]), array("Q", [0] * 3))
    entries = render(Part(Content.TIMES, 24), piece(count=3, length_90k=5), table)
    assert struct.unpack(">6I", entries) == (1, 5, 1, 1, 1, 1)


def test_tag_differs_with_what_it_is_of():
    assert etag_of([piece()], 5) == etag_of([piece()], 5) != etag_of([piece(length_90k=1)], 5)


def an_init(*entries):
    stsd = full_box(b"stsd", struct.pack(">I", len(entries)), *entries)
    nested = stsd
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        nested = box(kind, nested)
    return box(b"ftyp", b"isom") + nested


def test_sample_entry_is_found_in_an_init_segment():
    assert sample_entries(an_init(ENTRY)) == [ENTRY]
    assert entry_size(ENTRY) == (640, 480)


@pytest.mark.parametrize(
    "init", [b"", box(b"ftyp"), an_init(), an_init(ENTRY)[:-5], b"\0\0\0\7moov", b"\0\0\0\0moov", b"abc"]
)
def test_init_segment_without_an_entry_is_refused(init):
    with pytest.raises(RecordingError):
        sample_entries(init)


def test_entry_that_is_too_short_is_refused():
    with pytest.raises(RecordingError):
        entry_size(box(b"avc1", bytes(8)))
