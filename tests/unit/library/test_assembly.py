"""From files to a movie: what joins, what is cut out, which time is where."""

import struct
from array import array
from dataclasses import dataclass

import pytest

from common.recordings.rows import FileRow, GapRow, Kind, Reason, State
from common.units import HZ_90K
from common.units import NS_PER_S as S
from services.library.assembly import Stretch, assemble, share_of
from services.library.boxes import box, full_box

START_NS = 1_795_381_200 * S


def an_init(width):
    nested = full_box(
        b"stsd", struct.pack(">I", 1), box(b"avc1", bytes(24) + struct.pack(">HH", width, 48) + bytes(50))
    )
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        nested = box(kind, nested)
    return nested


@dataclass
class FakeTable:
    """Ten pictures in ten seconds, a keyframe every five."""

    init: bytes
    times_90k = array("Q", [at * HZ_90K for at in range(10)])
    sizes = array("I", [100] * 10)
    offsets = array("Q", [1000 + at * 100 for at in range(10)])
    keys = array("I", [0, 5])


def a_share(start_s, end_s=None, from_s=-1e6, to_s=1e6, width=64):
    start_ns = START_NS + round(start_s * S)
    end_ns = START_NS + round((start_s + 10 if end_s is None else end_s) * S)
    row = FileRow(f"{start_s}.mp4", Kind.VIDEO, State.DONE, start_ns, end_ns, 2000, 10, width, 48)
    return share_of(FakeTable(an_init(width)), row, START_NS + round(from_s * S), START_NS + round(to_s * S))


def assembled(*shares, gaps=()):
    return assemble([share for share in shares if share], gaps)


def seconds(ticks):
    return ticks / HZ_90K


def test_file_that_joins_begins_at_its_own_time():
    programme = assembled(a_share(0, 10.4), a_share(10.2))
    # What the first file guessed of its end gives way to when the second one begins.
    assert [seconds(piece.length_90k) for piece in programme.movie.pieces] == [10.2, 10]
    assert programme.stretches == [Stretch(START_NS, 0, round(20.2 * HZ_90K))]


def test_small_hole_is_filled_by_the_last_picture():
    assert seconds(assembled(a_share(0), a_share(11.5)).movie.duration_90k) == 21.5


def test_gap_is_cut_out_and_times_after_it_are_told():
    gaps = [GapRow(START_NS + 10 * S, START_NS + 60 * S, Reason.OFFLINE)]
    programme = assembled(a_share(0), a_share(60), gaps=gaps)
    assert seconds(programme.movie.duration_90k) == 20
    assert [(stretch.from_ns - START_NS, seconds(stretch.at_90k)) for stretch in programme.stretches] == [
        (0, 0),
        (60 * S, 10),
    ]


def test_beginning_within_a_file_is_decoded_from_the_keyframe_and_skipped():
    programme = assembled(a_share(0, from_s=7.3, to_s=12), a_share(10, from_s=7.3, to_s=12))
    first = programme.movie.pieces[0]
    assert (first.first, first.count, programme.start_ns) == (5, 5, START_NS + 7 * S)
    # Shown from the picture that is seen at 7.3 s, until exactly 12 s.
    assert seconds(programme.movie.duration_90k) == 5
    assert programme.stretches == [Stretch(START_NS + 7 * S, 0, 5 * HZ_90K)]
    assert programme.movie.pieces[1].count == 2


def test_end_within_a_picture_cuts_its_duration():
    assert seconds(assembled(a_share(0, to_s=3.25)).movie.duration_90k) == 3.25


def test_no_rounding_adds_up_over_a_day_of_files():
    shares = [a_share(index * 10 + index / 3) for index in range(1000)]
    programme = assembled(*shares)
    at_90k = 0
    for share, piece in zip(shares, programme.movie.pieces, strict=True):
        assert abs(at_90k * S - (share.first_ns - START_NS) * HZ_90K) <= S
        at_90k += piece.length_90k


def test_files_of_one_encoder_share_a_description():
    programme = assembled(a_share(0), a_share(10, width=96), a_share(20))
    assert [piece.entry for piece in programme.movie.pieces] == [0, 1, 0]
    assert [piece.before for piece in programme.movie.pieces] == [0, 10, 20]


def test_file_outside_has_no_share():
    assert a_share(0, from_s=-20, to_s=0) is None


@pytest.mark.parametrize("other", [a_share(0, 10.5), a_share(0, to_s=3), a_share(0, width=65), a_share(1)])
def test_tag_differs_when_the_bytes_do(other):
    assert assembled(other).etag != assembled(a_share(0)).etag
    assert assembled(a_share(0)).etag == assembled(a_share(0)).etag
