"""Moments in the words of HTTP APIs: RFC 3339 or seconds since 1970 in, RFC 3339 in UTC out; ns inside. Pure."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from common.units import NS_PER_S

# Times are 63 bits of ns, here and in SQLite: they end in April 2262. Some months are left for sums with them.
LAST_NS: Final = int(datetime(2262, 1, 1, tzinfo=UTC).timestamp()) * NS_PER_S - 1
EXPECTED: Final = 'RFC 3339 such as "2026-11-22T21:33:09Z", or seconds since 1970, before 2262'

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
# Digits are ASCII (\d is not); a plus sign that nobody escaped in an address arrives as a space.
_SECONDS: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{0,20}))?")
_RFC_3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,20}))?"
    r"(?:[Zz]|([-+ ])([0-9]{2}):([0-9]{2}))"
)


def moment_ns(value: object) -> int:
    """Return a moment since 1970 in ns, from text or a number; ValueError, which says what is expected, for none."""
    moment = _from_text(value) if isinstance(value, str) else _from_number(value)
    if moment is None or not 0 <= moment <= LAST_NS:
        raise ValueError(f"{str(value)[:40]!r} is no moment: expected {EXPECTED}")
    return moment


def moment_text(time_ns: int) -> str:
    """Return `2026-11-22T21:33:09.123456Z`; what is finer than a microsecond is left off."""
    return f"{_utc(time_ns):%Y-%m-%dT%H:%M:%S}.{time_ns % NS_PER_S // 1000:06}Z"


def moment_stamp(time_ns: int) -> str:
    """Return `20261122T213309Z`, for names of files."""
    return f"{_utc(time_ns):%Y%m%dT%H%M%S}Z"


def _utc(time_ns: int) -> datetime:
    return datetime.fromtimestamp(time_ns // NS_PER_S, UTC)


def _from_text(text: str) -> int | None:
    if match := _SECONDS.fullmatch(text):
        return int(match[1]) * NS_PER_S + _fraction_ns(match[2])
    if match := _RFC_3339.fullmatch(text):
        year, month, day, hour, minute, second = map(int, match.groups()[:6])
        east = _offset(match[8], match[9], match[10])
        # A leap second is the first second of the next minute.
        if second > 60 or east is None:
            return None
        try:
            local = datetime(year, month, day, hour, minute, tzinfo=UTC)
        except ValueError:
            return None
        return ((local - _EPOCH - east) // timedelta(seconds=1) + second) * NS_PER_S + _fraction_ns(match[7])
    return None


def _from_number(value: object) -> int | None:
    # Neither NaN nor infinity is in the range, and nothing too large is multiplied.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= LAST_NS // NS_PER_S:
        return None
    # A float of today has no digits finer than a microsecond.
    return value * NS_PER_S if isinstance(value, int) else round(value * 1e6) * 1000


def _offset(sign: str | None, hours: str | None, minutes: str | None) -> timedelta | None:
    if not sign or not hours or not minutes:
        return timedelta()
    if int(hours) > 23 or int(minutes) > 59:
        return None
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return -offset if sign == "-" else offset


def _fraction_ns(digits: str | None) -> int:
    return int((digits or "0")[:9].ljust(9, "0"))
