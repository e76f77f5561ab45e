import pytest

from benchmarks.crowd import Ages, Report, parse_report
from benchmarks.load import Load, by_stage

REPORT = Report(0, 1000, 0, 0, 0, 0, 0, 0, None, None, None)


def load_of(**cpu_percent: float) -> Load:
    percent = {name.replace("_", "-"): share for name, share in cpu_percent.items()}
    return Load(REPORT, 10.0, percent, 30.0, 2.0, sent=250, skipped=0)


def test_shares_of_a_stage_are_summed_over_its_processes():
    assert by_stage({"fanout-0": 20.0, "fanout-1": 22.0, "broker": 3.0, "transcode-alone-0": 1.0}) == {
        "fanout": 42.0, "broker": 3.0, "transcode-alone": 1.0,
    }  # fmt: skip


def test_cost_of_a_message_leaves_out_what_an_idle_fanout_takes():
    load = load_of(fanout_0=1.0, fanout_1=0.5, broker=3.0)
    assert load.message_us(idle_percent=0.5) == pytest.approx(100.0)


def test_stages_are_told_from_the_busiest_down():
    assert load_of(fanout_0=20.0, broker=3.0, keeper=0.2).stages() == "fanout 20 %, broker 3 %"


def test_report_of_the_crowd_has_ages_where_frames_were_stamped():
    fields = dict.fromkeys(Report._fields, 0)
    told = {**fields, "age_ms": {"samples": 3, "p50": 1.0, "p95": 2.0, "p99": 2.0, "most": 2.04}, "shown_ms": None,
            "first_ms": None}  # fmt: skip
    report = parse_report(told)
    assert report.age_ms == Ages(3, 1.0, 2.0, 2.0, 2.04)
    assert report.shown_ms is None
