"""The instrument that judges recordings is judged first: it must find what it is there to find."""

from common.recordings.rows import FileRow, GapRow, Kind, Reason, State
from common.units import NS_PER_MS, NS_PER_S
from tests.helpers.recording_account import Kill, Picture, Taken, account, losses, overlaps, silent_times, unexplained

FRAME_NS = 100 * NS_PER_MS
SENT = [Taken(number, number * FRAME_NS) for number in range(50)]


def picture(number: int, late_ns: int = 3 * NS_PER_MS) -> Picture:
    return Picture(number, number * FRAME_NS + late_ns)


def row(start_s: float, end_s: float, **changes) -> FileRow:
    start_ns, end_ns = round(start_s * NS_PER_S), round(end_s * NS_PER_S)
    return FileRow(f"{start_s}.mp4", Kind.VIDEO, State.DONE, start_ns, end_ns, 1000, 10, 640, 480, **changes)


def gap(start_s: float, end_s: float) -> GapRow:
    return GapRow(round(start_s * NS_PER_S), round(end_s * NS_PER_S), Reason.OFFLINE)


def test_account_of_a_whole_recording_is_empty():
    found = account(SENT, [picture(number) for number in range(50)])
    assert (found.missing, found.twice, found.unknown, found.misplaced(0)) == ([], [], [], [])


def test_account_finds_what_is_missing_twice_foreign_and_at_a_wrong_time():
    numbers = [number for number in range(50) if number not in (7, 8)]
    found = account(SENT, [*map(picture, numbers), picture(20), picture(99), picture(-1)])
    assert [frame.number for frame in found.missing] == [7, 8]
    assert found.twice == [20]
    assert [stranger.number for stranger in found.unknown] == [99, -1]
    late = account(SENT, [picture(4), picture(5, late_ns=FRAME_NS + 1), picture(6, late_ns=-5 * NS_PER_MS)])
    assert late.misplaced(0) == [FRAME_NS + 1, -5 * NS_PER_MS]
    assert late.misplaced(2 * FRAME_NS) == [-5 * NS_PER_MS]


def test_picture_that_stands_twice_in_a_row_was_encoded_again_for_a_newcomer():
    numbers = [*range(10), 9, *range(10, 50)]
    found = account(SENT, [picture(number) for number in numbers])
    assert (found.again, found.twice, found.missing) == ([9], [], [])
    assert len(found.late_ns) == 50


def test_missing_frames_are_explained_by_gaps_and_by_what_files_skipped():
    missing = SENT[10:20]
    assert unexplained(missing, [], [gap(1.0, 1.9)], 0) == []
    assert unexplained(missing, [], [gap(1.0, 1.5)], 0) == SENT[16:20]
    assert unexplained(missing, [row(0, 5, skipped={"overload": 7, "stale": 1})], [], 0) == SENT[18:20]
    assert unexplained(missing, [row(0, 0.5, skipped={"overload": 70}), row(3, 5)], [], 0) == missing


def test_open_gap_explains_all_that_comes_after_its_start():
    assert unexplained(SENT[10:20], [], [GapRow(NS_PER_S, 0, Reason.OFF)], 0) == []


def test_overlaps_are_found_whatever_the_order_of_the_rows():
    assert overlaps([row(2, 4), row(0, 2), row(4, 6)]) == []
    assert len(overlaps([row(2, 4), row(0, 2.1), row(4, 6)])) == 1


def test_time_that_no_row_speaks_of_is_found():
    rows, gaps = [row(0, 2), row(5, 8)], [gap(2, 4)]
    assert silent_times(rows, gaps, NS_PER_S // 2) == [(4 * NS_PER_S, 5 * NS_PER_S)]
    assert silent_times(rows, [gap(2, 5)], 0) == []


def test_losses_of_a_kill_are_what_is_missing_around_it():
    missing = [*SENT[5:7], *SENT[18:26]]
    (loss,) = losses("porch", [Kill("recorder-0", 20 * FRAME_NS)], SENT, missing)
    assert (loss.before_s, loss.after_s) == (0.2, 0.5)
    (clean,) = losses("porch", [Kill("recorder-0", 30 * FRAME_NS)], SENT, missing)
    assert (clean.before_s, clean.after_s) == (0.0, 0.0)
