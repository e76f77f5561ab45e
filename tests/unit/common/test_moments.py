"""Moments in and out of HTTP APIs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.moments import moment_ns, moment_text

MOMENT_NS = 1_795_383_189_123_456_789


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-22T21:33:09.123456789Z",
        "2026-11-22t21:33:09.123456789z",
        "2026-11-22 22:33:09.1234567891+01:00",
        " 1795383189.123456789 ",
    ],
)
def test_moment_is_read_to_the_nanosecond(value):
    assert moment_ns(value) == MOMENT_NS


def test_number_of_seconds_is_read():
    assert moment_ns(1_795_383_189) == 1_795_383_189 * 10**9
    assert moment_ns(1_795_383_189.25) == 1_795_383_189_250_000_000
    assert moment_ns("0") == 0


@pytest.mark.parametrize(
    "value",
    ["", "now", "2026-11-22", "2026-11-22T21:33:09", "2026-13-22T21:33:09Z", "2026-11-22T25:00:00Z", "1e9", "-1",
     "1969-12-31T23:59:59Z", "99999999999", "٣", True, None, [], {}, float("nan"), float("inf"), -5, 1 << 70],
)  # fmt: skip
def test_what_is_no_moment_is_refused_with_what_is_expected(value):
    with pytest.raises(ValueError, match="expected RFC 3339"):
        moment_ns(value)


@given(st.integers(0, 250_000_000_000_000_000))
def test_text_of_a_moment_is_read_as_that_microsecond(microseconds):
    time_ns = microseconds * 1000 % (1 << 62)
    assert moment_ns(moment_text(time_ns)) == time_ns // 1000 * 1000


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_refused_in_words(text):
    refused = pytest.raises(ValueError, match="expected RFC 3339")
    try:
        moment = moment_ns(text)
    except ValueError:
        with refused:
            moment_ns(text)
    else:
        assert 0 <= moment < 1 << 63
