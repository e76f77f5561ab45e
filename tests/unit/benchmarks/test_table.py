import pytest

from benchmarks.rows import Row, Yardstick, not_measured
from benchmarks.table import cells, number, render, summary

ROWS = [
    Row("delay", "p50", "ms", 4.62, 6.0, Yardstick("ffmpeg program", 35.7), None, 0.2, "300 pictures"),
    Row("idle", "JPEGs on the bus", "", 3, 0),
    not_measured("viewers", "CPU of a message", "us", "no gcc here"),
]


def test_table_shows_value_yardstick_ratio_target_and_verdict():
    assert cells(ROWS[0]) == (
        "delay", "p50", "4.62 ms", "35.7 ms, ffmpeg program", "0.13", "<= 6, ratio <= 0.2", "pass",
    )  # fmt: skip


def test_table_says_why_a_yardstick_is_missing():
    shown = cells(Row("delay", "p50", "ms", 4.62, None, Yardstick("no ffmpeg program here", None), None, 0.2))
    assert shown[3:5] == ("not measured: no ffmpeg program here", "")


def test_table_says_why_a_row_was_not_measured():
    assert cells(ROWS[2])[-1] == "not measured"
    assert "- viewers, CPU of a message: no gcc here" in render(ROWS)


def test_table_has_columns_of_one_width_and_its_notes_below():
    lines = render(ROWS).splitlines()
    assert len({len(line) for line in lines[:5]}) == 1
    assert lines[-2:] == ["- delay, p50: 300 pictures", "- viewers, CPU of a message: no gcc here"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (2500, "2500"),
        (0.0, "0.00"),
        (0.0123, "0.0123"),
        (0.85, "0.85"),
        (4.617, "4.62"),
        (35.71, "35.7"),
        (1565.4, "1565"),
    ],
)
def test_number_has_about_three_digits_and_a_count_all(value, text):
    assert number(value) == text


def test_summary_counts_verdicts():
    assert summary(ROWS) == "1 pass, 1 short, 1 not measured"
