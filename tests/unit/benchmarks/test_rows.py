from typing import Any

import pytest

from benchmarks.rows import Row, Verdict, Yardstick, not_measured


def row(value: float = 5.0, **fields: Any) -> Row:
    return Row("delay", "p50", "ms", value, **fields)


def test_row_without_a_target_has_no_verdict():
    assert row().verdict is Verdict.NONE


@pytest.mark.parametrize(("value", "verdict"), [(5.9, Verdict.PASS), (6.0, Verdict.PASS), (6.1, Verdict.SHORT)])
def test_row_passes_up_to_its_target(value, verdict):
    assert row(value, at_most=6.0).verdict is verdict


def test_row_is_short_when_only_the_ratio_misses():
    short = row(5.0, at_most=6.0, yardstick=Yardstick("ffmpeg", 20.0), ratio_at_most=0.2)
    assert short.shown_ratio == 0.25
    assert short.verdict is Verdict.SHORT


def test_row_prefers_the_ratio_of_its_blocks():
    assert row(5.0, yardstick=Yardstick("ffmpeg", 20.0), ratio=0.19, ratio_at_most=0.2).verdict is Verdict.PASS


def test_row_without_its_yardstick_is_no_pass():
    missing = Yardstick("no ffmpeg program here", None)
    assert row(5.0, at_most=6.0, yardstick=missing, ratio_at_most=0.2).verdict is Verdict.NOT_MEASURED
    assert row(7.0, at_most=6.0, yardstick=missing, ratio_at_most=0.2).verdict is Verdict.SHORT


def test_row_that_was_not_measured_says_so_whatever_its_target():
    lost = not_measured("viewers", "CPU", "us", "no gcc here")
    assert lost.verdict is Verdict.NOT_MEASURED
    assert lost.as_json()["note"] == "no gcc here"


def test_row_keeps_ratio_and_verdict_in_json():
    told = row(5.0, yardstick=Yardstick("ffmpeg", 50.0), ratio_at_most=0.2).as_json()
    assert (told["ratio"], told["verdict"], told["yardstick"]) == (0.1, "pass", {"name": "ffmpeg", "value": 50.0})
