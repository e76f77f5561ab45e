"""Moments in and out of HTTP APIs."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.moments import LAST_NS, moment_ns, moment_stamp, moment_text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST_DAY = datetime(2261, 12, 30)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("value", "time_ns"),
    [
        ("0", 0),
        ("1795381200", 1_795_381_200_000_000_000),
        ("1795381200.5", 1_795_381_200_500_000_000),
        ("1795381200.123456789987", 1_795_381_200_123_456_789),
        ("2026-11-22T21:00:00Z", 1_795_381_200_000_000_000),
        ("2026-11-22t21:00:00.25z", 1_795_381_200_250_000_000),
        ("2026-11-22 22:00:00.1234567891+01:00", 1_795_381_200_123_456_789),
        # A plus sign that nobody escaped.
        ("2026-11-22T22:00:00 01:00", 1_795_381_200_000_000_000),
        ("2026-11-22T16:30:00-04:30", 1_795_381_200_000_000_000),
        ("1969-12-31T23:59:59-00:01", 59_000_000_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
        ("2261-12-31T23:59:59.999999999Z", LAST_NS),
        (1795381200, 1_795_381_200_000_000_000),
        (1795381200.25, 1_795_381_200_250_000_000),
        (1795381200.123456, 1_795_381_200_123_456_000),
        (0, 0),
    ],
)
def test_moment_is_read_to_the_nanosecond(value, time_ns):
    assert moment_ns(value) == time_ns


@pytest.mark.parametrize(
    "value",
    [
        *("", "x", "-1", "1e9", "inf", "nan", "1.2.3", "99999999999999", "now", "2026-11-22", "2026-11-22T21:00:00"),
        *("2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z"),
        *("2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00+24:00"),
        *("1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00+23:59"),
        *("9" * 1000, "\u0661\u0662", "\ud800", "2026-11-22T21:00:00Z\n", "12\x00", " 12", None, True, False, [], {}),
        # What is later does not fit into 63 bits of ns.
        *("2262-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "99999999999", 9_223_372_036, 1 << 70, 10**400),
        *(float("nan"), float("inf"), float("-inf"), 1e305, 1e15, -1, -0.5),
    ],
)
def test_what_is_no_moment_is_refused_with_what_is_expected(value):
    with pytest.raises(ValueError, match="expected RFC 3339"):
        moment_ns(value)


@given(st.integers(0, LAST_NS))
def test_written_moment_is_the_calendar_s_and_is_read_again(time_ns):
    text = moment_text(time_ns)
    assert text == f"{EPOCH + timedelta(microseconds=time_ns // 1000):%Y-%m-%dT%H:%M:%S.%f}Z"
    assert moment_ns(text) == time_ns // 1000 * 1000


def test_any_time_of_an_index_can_be_written():
    assert moment_text((1 << 63) - 1) == "2262-04-11T23:47:16.854775Z"


def test_stamp_is_fit_for_a_name():
    assert moment_stamp(1_795_381_200_000_000_000) == "20261122T210000Z"


@given(st.datetimes(datetime(1970, 1, 2), LAST_DAY), st.integers(-1439, 1439))  # noqa: DTZ001
def test_offset_is_taken_off(local, offset_min):
    sign = "-" if offset_min < 0 else "+"
    text = f"{local.isoformat(timespec='microseconds')}{sign}{abs(offset_min) // 60:02}:{abs(offset_min) % 60:02}"
    expected = (local.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) - offset_min * 60_000_000
    assert moment_ns(text) == expected * 1000


@given(st.text(max_size=40) | st.floats() | st.integers())
def test_anything_is_a_moment_or_refused_in_words(value):
    refused = pytest.raises(ValueError, match="expected RFC 3339")
    try:
        moment = moment_ns(value)
    except ValueError:
        with refused:
            moment_ns(value)
    else:
        assert 0 <= moment <= LAST_NS
