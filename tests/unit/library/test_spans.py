"""Files, gaps and what a timeline shows of them."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.recordings.rows import FileRow, GapRow, Kind, Reason, State
from common.units import NS_PER_S as S
from services.library.spans import JOIN_NS, Span, footage, is_joined, spans, thinned_gaps, thinned_spans


def a_file(start, end, **changes):
    row = FileRow(f"d/{start}.mp4", Kind.VIDEO, State.DONE, start * S, end * S, 100, 15, 64, 48)
    return replace(row, **changes)


def a_gap(start, end, reason=Reason.OFFLINE):
    return GapRow(int(start * S), int(end * S), reason)


def ends(found):
    return [(span.start_ns / S, span.end_ns / S) for span in found]


def test_files_that_follow_each_other_are_one_span():
    found = spans([a_file(0, 60), a_file(60, 120), a_file(121, 180)], [])
    assert ends(found) == [(0, 180)]
    assert (found[0].frames, found[0].size_bytes) == (45, 300)


def test_gap_with_a_reason_divides_however_short_it_is():
    assert ends(spans([a_file(0, 60), a_file(61, 120)], [a_gap(60, 61, Reason.BUS)])) == [(0, 60), (61, 120)]


def test_guessed_end_that_reaches_over_a_gap_joins_nothing():
    assert not is_joined(61 * S, 60 * S, [a_gap(59.5, 60)])


def test_gap_before_or_behind_divides_nothing():
    gaps = [a_gap(90, 100), a_gap(220, 0)]
    assert ends(spans([a_file(100, 160), a_file(160, 220)], gaps)) == [(100, 220)]


def test_long_time_without_a_row_is_no_footage():
    assert is_joined(60 * S, 60 * S + JOIN_NS, [])
    assert not is_joined(60 * S, 60 * S + JOIN_NS + 1, [])


def test_open_gap_divides():
    assert not is_joined(60 * S, 61 * S, [a_gap(60, 0)])


@pytest.mark.parametrize(
    "change", [{"is_protected": True}, {"shift_ns": 5}, {"kind": Kind.ORIGINALS, "name": "d/60.spool"}]
)
def test_what_is_protected_shifted_or_no_video_yet_is_apart(change):
    found = spans(footage([a_file(0, 60), a_file(60, 120, **change), a_file(120, 180)]), [])
    assert ends(found) == [(0, 60), (60, 120), (120, 180)]


def test_originals_are_footage_only_until_their_video_is_made():
    originals = a_file(0, 60, kind=Kind.ORIGINALS, state=State.ENCODING, name="d/0.spool")
    assert footage([originals]) == [originals]
    assert footage([a_file(0, 60), originals]) == [a_file(0, 60)]


def test_file_without_pictures_is_no_footage():
    assert footage([a_file(0, 60, frames=0)]) == []


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(1, 50)), min_size=1, max_size=60), st.integers(1, 20))
def test_thinned_spans_keep_all_footage_and_the_longest_holes(steps, limit):
    at, all_spans = 0, []
    for hole, length in steps:
        all_spans.append(Span(at + hole, at + hole + length, 1, 10, Kind.VIDEO, False, 0))
        at += hole + length
    found = thinned_spans(all_spans, limit)
    assert len(found) == min(limit, len(all_spans))
    assert sum(span.frames for span in found) == len(all_spans)
    assert (found[0].start_ns, found[-1].end_ns) == (all_spans[0].start_ns, all_spans[-1].end_ns)
    holes = sorted((steps[index][0] for index in range(1, len(steps))), reverse=True)
    kept = sorted((b.start_ns - a.end_ns for a, b in pairwise(found)), reverse=True)
    assert kept == holes[: len(kept)]


def test_thinned_gaps_are_the_longest_in_their_order():
    gaps = [a_gap(0, 5), a_gap(10, 11), a_gap(20, 29), a_gap(30, 0)]
    assert thinned_gaps(gaps, 2) == [gaps[2], gaps[3]]
    assert thinned_gaps(gaps, 4) == gaps
