from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from common.recordings.rows import GapRow, Reason
from common.units import NS_PER_MS, NS_PER_S
from services.recorder.timeline import SEAM_NS, Timeline

T = 1_795_381_200 * NS_PER_S


def test_gap_goes_on_from_the_end_of_footage_until_footage_comes():
    timeline = Timeline(T)
    assert timeline.begin(T + 5, Reason.OFFLINE) == [GapRow(T, 0, Reason.OFFLINE)]
    assert timeline.footage(T + 9 * NS_PER_S, Reason.BUS) == [GapRow(T, T + 9 * NS_PER_S, Reason.OFFLINE)]


def test_gap_whose_reason_changes_is_two():
    timeline = Timeline(T)
    timeline.begin(T, Reason.OFFLINE)
    assert timeline.begin(T + NS_PER_S, Reason.OFF) == [
        GapRow(T, T + NS_PER_S, Reason.OFFLINE),
        GapRow(T + NS_PER_S, 0, Reason.OFF),
    ]


def test_gap_whose_reason_changes_at_once_is_replaced():
    timeline = Timeline(T)
    timeline.begin(T, Reason.BUS)
    assert timeline.begin(T - NS_PER_S, Reason.OFFLINE) == [GapRow(T, 0, Reason.OFFLINE)]


def test_gap_that_is_told_again_is_not_said_again():
    timeline = Timeline(T)
    timeline.begin(T, Reason.OFFLINE)
    assert timeline.begin(T + NS_PER_S, Reason.OFFLINE) == []
    assert timeline.begin(T + NS_PER_S, Reason.OFFLINE, frames=3) == [GapRow(T, 0, Reason.OFFLINE, "", 3)]


def test_hole_before_footage_that_nobody_named_gets_the_reason_given():
    timeline = Timeline(T)
    assert timeline.footage(T + NS_PER_S, Reason.BUS, "lost", 7) == [GapRow(T, T + NS_PER_S, Reason.BUS, "lost", 7)]


def test_seam_between_two_files_is_no_gap():
    assert Timeline(T).footage(T + SEAM_NS, Reason.BUS) == []


def test_first_footage_has_no_gap_before_it():
    timeline = Timeline()
    assert timeline.footage(T, Reason.BUS) == []
    timeline.cover(T + NS_PER_S)
    assert timeline.edge_ns == T + NS_PER_S


def test_gap_that_never_was_ends_where_it_starts():
    timeline = Timeline(T)
    timeline.begin(T, Reason.RECORDER_DOWN)
    assert timeline.footage(T, Reason.BUS) == [GapRow(T, T, Reason.RECORDER_DOWN)]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["footage", "cover", "gap"]),
        st.integers(0, 5_000),
        st.sampled_from([Reason.OFFLINE, Reason.BUS, Reason.OFF]),
    ),
    max_size=40,
)


@given(STEPS)
def test_footage_and_gaps_cover_all_time_without_hole_or_overlap(steps):
    timeline, rows, covered = Timeline(), {}, []
    now_ns, start_ns = T, 0
    for what, passed_ms, reason in steps:
        now_ns += passed_ms * NS_PER_MS
        if what == "footage" and not start_ns:
            start_ns = max(now_ns, timeline.floor_ns)
            said = timeline.footage(start_ns, reason)
        elif what == "gap":
            if start_ns:
                covered.append((start_ns, timeline.edge_ns))
                start_ns = 0
            said = timeline.begin(now_ns, reason)
        else:
            if start_ns:
                timeline.cover(max(now_ns, start_ns))
            said = []
        rows.update({row.start_ns: row for row in said})
    end_ns = timeline.edge_ns
    if start_ns:
        covered.append((start_ns, end_ns))
    gaps = [(row.start_ns, row.end_ns or end_ns) for row in rows.values() if row.end_ns != row.start_ns]
    pieces = sorted(piece for piece in covered + gaps if piece[1] > piece[0])
    for before, after in pairwise(pieces):
        assert abs(after[0] - before[1]) <= SEAM_NS
    assert sum(not row.end_ns for row in rows.values()) <= 1
