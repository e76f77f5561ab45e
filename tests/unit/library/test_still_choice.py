"""Which stored picture a time means: files, seams, gaps, keyframes, and the names of pictures."""

from array import array
from dataclasses import replace

import pytest

from common.recordings.rows import FileRow, GapRow, Kind, Reason, State
from common.units import NS_PER_S
from services.library.refusals import Refusal
from services.library.still_choice import Wish, choose_file, is_final, parse_wish, samples_for, tag_of
from tests.helpers.tables import Table

S = NS_PER_S


def row(start_s: float, end_s: float, kind: Kind = Kind.VIDEO, state: State = State.DONE) -> FileRow:
    return FileRow("name", kind, state, int(start_s * S), int(end_s * S), 1, 1, 640, 480)


def choose(rows: list[FileRow], at_s: float, *gaps: GapRow, is_exact: bool = True) -> FileRow | None:
    return choose_file(rows, gaps, Wish(int(at_s * S), is_exact))


FILES = [row(10, 20), row(20.2, 30), row(60, 70)]


@pytest.mark.parametrize(
    ("at_s", "expected"), [(9.9, None), (10, 0), (19.9, 0), (20.1, 0), (20.2, 1), (29.9, 1), (30, None), (45, None)]
)
def test_time_finds_its_file_and_the_seam_belongs_to_the_earlier_one(at_s, expected):
    assert choose(FILES, at_s) is (None if expected is None else FILES[expected])


def test_seam_with_a_gap_is_nobodys():
    assert choose(FILES, 20.1, GapRow(20 * S, int(20.2 * S), Reason.OFFLINE)) is None


def test_time_behind_the_newest_footage_is_nobodys():
    assert choose([row(10, 20, state=State.OPEN)], 20) is None


def test_time_cut_to_microseconds_finds_a_file_that_begins_within():
    start_ns = 10 * S + 123_456_789
    file = replace(row(10, 20), start_ns=start_ns)
    assert choose_file([file], [], Wish(start_ns // 1000 * 1000)) is file


def test_originals_are_the_very_picture_and_video_is_the_quick_one():
    video, originals = row(10, 20), row(10, 20, Kind.ORIGINALS)
    assert choose([originals, video], 15, is_exact=True) is originals
    assert choose([originals, video], 15, is_exact=False) is video
    assert choose([video], 15, is_exact=True) is video


def test_last_picture_of_originals_that_are_still_written_is_there():
    originals = row(10, 20, Kind.ORIGINALS, State.OPEN)
    assert choose([originals], 20) is originals


@pytest.mark.parametrize(
    ("at_90k", "exact", "keyframe"),
    [(0, (0, 0), 0), (2999, (0, 0), 0), (3000, (0, 1), 0), (8999, (0, 2), 0), (9000, (3, 3), 3), (99_000, (3, 4), 3)],
)
def test_time_finds_its_samples(at_90k, exact, keyframe):
    table = Table(array("Q", [0, 3000, 6000, 9000, 12000]), array("I", [0, 3]))
    at_ns = 10 * S + at_90k * 100_000 // 9
    assert samples_for(table, 10 * S, Wish(at_ns)) == exact
    assert samples_for(table, 10 * S, Wish(at_ns, is_exact=False)) == (keyframe, keyframe)


def test_file_without_a_keyframe_is_refused():
    with pytest.raises(Refusal) as refused:
        samples_for(Table(array("Q"), array("I")), 0, Wish(5))
    assert refused.value.status == 500


def test_only_a_finished_file_is_final():
    assert [is_final(row(1, 2, state=state)) for state in State] == [state is State.DONE for state in State]


def test_pictures_name_differs_by_what_makes_the_bytes_differ():
    file, wish = row(10, 20), Wish(12 * S)
    names = {
        tag_of("porch", file, 11 * S, wish),
        tag_of("yard", file, 11 * S, wish),
        tag_of("porch", row(10, 20, Kind.ORIGINALS), 11 * S, wish),
        tag_of("porch", row(9, 20), 11 * S, wish),
        tag_of("porch", file, 12 * S, wish),
        tag_of("porch", file, 11 * S, replace(wish, height=120)),
    }
    assert len(names) == 6
    assert tag_of("porch", file, 11 * S, Wish(13 * S, is_exact=False)) in names


def test_request_says_what_it_wants():
    assert parse_wish({"at": "10"}) == Wish(10 * S)
    assert parse_wish({"at": "1970-01-01T00:00:10Z", "exact": "0", "height": "90"}) == Wish(10 * S, False, 90)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"at": "soon"},
        {"at": "1", "exact": "yes"},
        {"at": "1", "height": "89"},
        {"at": "1", "height": "1081"},
        {"at": "1", "height": "-90"},
        {"at": "1", "height": "\u0661\u0662\u0660"},
        {"at": "1", "hight": "100"},
    ],
)
def test_request_that_is_not_understood_is_refused(query):
    with pytest.raises(Refusal) as refused:
        parse_wish(query)
    assert refused.value.status == 400
