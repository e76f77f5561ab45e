"""Ranges in requests."""

import pytest

from common.units import NS_PER_S
from services.library.queries import DAY_NS, Range, given_range, refuse_others, timeline_range
from services.library.refusals import Refusal

NOW_NS = 1_795_381_200 * NS_PER_S


def test_timeline_is_of_the_last_day_when_nothing_is_said():
    assert timeline_range({}, NOW_NS) == Range(NOW_NS - DAY_NS, NOW_NS)


def test_timeline_goes_on_until_now_or_begins_a_day_before():
    assert timeline_range({"from": "1795381100"}, NOW_NS) == Range(1_795_381_100 * NS_PER_S, NOW_NS)
    assert timeline_range({"to": "1795381100"}, NOW_NS) == Range(
        1_795_381_100 * NS_PER_S - DAY_NS, 1_795_381_100 * NS_PER_S
    )


def test_timeline_may_begin_after_now():
    assert timeline_range({"from": "1795381300"}, NOW_NS).from_ns == 1_795_381_300 * NS_PER_S


@pytest.mark.parametrize(
    "query",
    [{}, {"from": "1"}, {"to": "1"}, {"from": "2", "to": "2"}, {"from": "3", "to": "2"}, {"from": "1", "to": "12"}],
)
def test_range_that_is_missing_empty_or_too_long_is_refused(query):
    with pytest.raises(Refusal) as refused:
        given_range(query, 10 * NS_PER_S)
    assert refused.value.status == 400


def test_range_may_be_as_long_as_the_limit():
    assert given_range({"from": "1", "to": 11}, 10 * NS_PER_S) == Range(NS_PER_S, 11 * NS_PER_S)


def test_slip_of_the_pen_is_named():
    with pytest.raises(Refusal, match="'form'"):
        refuse_others({"form": "1"}, "from", "to")
