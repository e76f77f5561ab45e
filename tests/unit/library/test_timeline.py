"""What is told of a camera."""

from common.recordings.rows import EventRow, GapRow, Kind, Reason
from common.units import NS_PER_S as S
from services.library.owners import Recorded
from services.library.spans import ROWS, Span
from services.library.timeline import Stored, camera_row, nearest

T = 1_795_381_200 * S


def a_span(start, end):
    return Span(T + start * S, T + end * S, 15, 100, Kind.VIDEO, False, S // 2)


def test_row_tells_footage_gaps_and_events():
    stored = Stored(
        [a_span(0, 60)],
        [GapRow(T + 60 * S, 0, Reason.OFFLINE, "gone", 3)],
        [EventRow("id1", "bell", T, T + S), EventRow("id2", "door", T, 0)],
        100,
        T,
        T + 60 * S,
    )
    row = camera_row("porch", "Porch", "continuous", Recorded("waiting", "offline", "gone", "event"), stored)
    assert row == {
        "camera": "porch",
        "label": "Porch",
        "mode": "continuous",
        "state": "waiting",
        "reason": "offline",
        "detail": "gone",
        "size_bytes": 100,
        "oldest": "2026-11-22T21:00:00.000000Z",
        "newest": "2026-11-22T21:01:00.000000Z",
        "spans": [
            {
                "from": "2026-11-22T21:00:00.000000Z",
                "to": "2026-11-22T21:01:00.000000Z",
                "frames": 15,
                "size_bytes": 100,
                "kind": "video",
                "protected": False,
                "shift_s": 0.5,
            }
        ],
        "gaps": [
            {"from": "2026-11-22T21:01:00.000000Z", "to": None, "reason": "offline", "detail": "gone", "frames": 3}
        ],
        "events": [
            {"id": "id1", "name": "bell", "from": "2026-11-22T21:00:00.000000Z", "to": "2026-11-22T21:00:01.000000Z"},
            {"id": "id2", "name": "door", "from": "2026-11-22T21:00:00.000000Z", "to": None},
        ],
    }


def test_camera_of_which_nothing_is_stored_has_an_empty_row():
    row = camera_row("porch", "porch", "off", Recorded(), Stored())
    assert (row["oldest"], row["newest"], row["spans"], row["gaps"], row["events"]) == (None, None, [], [], [])
    assert "merged" not in row


def test_row_is_bounded_and_says_so():
    found = [a_span(index * 100, index * 100 + 10) for index in range(ROWS + 5)]
    row = camera_row("porch", "porch", "off", Recorded(), Stored(found))
    assert len(row["spans"]) == ROWS
    assert row["merged"] is True


def test_nearest_is_nothing_where_nothing_is():
    assert nearest([], []) == {"before": None, "after": None}
