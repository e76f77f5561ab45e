"""Times in requests and answers."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.library.refusals import Refusal
from services.library.times import LAST_NS, format_stamp, format_time, parse_time

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time_ns"),
    [
        ("0", 0),
        ("1795381200", 1_795_381_200_000_000_000),
        ("1795381200.5", 1_795_381_200_500_000_000),
        ("1795381200.123456789987", 1_795_381_200_123_456_789),
        ("2026-11-22T21:00:00Z", 1_795_381_200_000_000_000),
        ("2026-11-22t21:00:00.25z", 1_795_381_200_250_000_000),
        ("2026-11-22 22:00:00+01:00", 1_795_381_200_000_000_000),
        # A plus sign that nobody escaped.
        ("2026-11-22T22:00:00 01:00", 1_795_381_200_000_000_000),
        ("2026-11-22T16:30:00-04:30", 1_795_381_200_000_000_000),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000_000_000),
        (1795381200, 1_795_381_200_000_000_000),
        (1795381200.25, 1_795_381_200_250_000_000),
    ],
)
def test_reader_finds_the_time(text, time_ns):
    assert parse_time(text, "from") == time_ns


@pytest.mark.parametrize(
    "text",
    [
        *("", "x", "-1", "1e9", "inf", "nan", "1.2.3", "99999999999999", "now", "2026-11-22", "2026-11-22T21:00:00"),
        *("2026-02-30T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z"),
        *("2026-01-01T24:00:00Z", "2026-01-01T00:60:00Z", "2026-01-01T00:00:61Z", "2026-01-01T00:00:00+24:00"),
        *("1969-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00", "0000-01-01T00:00:00Z", "9" * 1000),
        *(
            "\u0661\u0662",
            "2026-11-22T21:00:00Z\n",
            "12\x00",
            " 12",
            None,
            True,
            [],
            {},
            float("nan"),
            float("inf"),
            -1,
        ),
    ],
)
def test_reader_refuses_what_is_no_time_and_names_it(text):
    with pytest.raises(Refusal) as refused:
        parse_time(text, "from")
    assert refused.value.status == 400
    assert str(refused.value).startswith("from: expected RFC 3339")


@given(st.integers(0, LAST_NS))
def test_written_time_is_the_calendar_s_and_is_read_again(time_ns):
    text = format_time(time_ns)
    assert text == f"{EPOCH + timedelta(microseconds=time_ns // 1000):%Y-%m-%dT%H:%M:%S.%f}Z".rjust(27, "0")
    assert parse_time(text, "at") == time_ns // 1000 * 1000


def test_stamp_is_fit_for_a_name():
    assert format_stamp(1_795_381_200_000_000_000) == "20261122T210000Z"


@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)), st.integers(-1439, 1439))  # noqa: DTZ001
def test_offset_is_taken_off(local, offset_min):
    sign = "-" if offset_min < 0 else "+"
    text = f"{local.isoformat(timespec='microseconds')}{sign}{abs(offset_min) // 60:02}:{abs(offset_min) % 60:02}"
    expected = (local.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) - offset_min * 60_000_000
    assert parse_time(text, "at") == expected * 1000
