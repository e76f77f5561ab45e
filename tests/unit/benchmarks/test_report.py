import pytest

from benchmarks.report import BEGIN, END, insert, report
from benchmarks.rows import Row, Yardstick, not_measured
from common.config import PROJECT_DIR

ROWS = [
    Row("delay", "p50", "ms", 4.62, 6.0, Yardstick("ffmpeg program", 35.7), None, 0.2, "300 pictures"),
    Row("cameras", "most carried", "cameras", 24, None, Yardstick("decode and encode alone", 30.5)),
    not_measured("viewers", "CPU of a message", "us", "no gcc here"),
]
DOCUMENT = {
    "quick": False,
    "machine": {"processor": "two cores"},
    "left_out": ["page"],
    "rows": [row.as_json() for row in ROWS],
    "points": {},
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.figure)
def test_row_read_back_from_json_has_the_same_verdict_and_ratio(row):
    again = Row.from_json(row.as_json())
    assert (again.verdict, again.shown_ratio, again.yardstick) == (row.verdict, row.shown_ratio, row.yardstick)


def test_report_has_rows_notes_machine_and_what_was_left_out():
    text = report(DOCUMENT)
    assert "One run: 1 pass, 0 short, 1 not measured." in text
    assert "- viewers, CPU of a message: no gcc here" in text
    assert "processor: two cores" in text
    assert "Left out: page." in text


def test_report_replaces_what_stands_between_the_marks_and_nothing_else():
    page = f"before\n{BEGIN}\nold figures\n{END}\nafter\n"
    once = insert(page, "new")
    assert once == f"before\n{BEGIN}\nnew\n{END}\nafter\n"
    assert insert(once, "new") == once


def test_report_refuses_a_page_without_marks():
    with pytest.raises(ValueError, match="no marks"):
        insert("no room here", "new")


def test_performance_page_has_room_for_results():
    assert insert((PROJECT_DIR / "docs/performance.md").read_text(encoding="utf-8"), "new")
