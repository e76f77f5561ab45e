"""Times in requests and answers: RFC 3339 or epoch seconds in, RFC 3339 in UTC with microseconds out. Pure."""

import re
from calendar import monthrange, timegm
from typing import Final

from common.units import NS_PER_S
from services.library.refusals import Refusal

# Until the end of the year 9999, the last that RFC 3339 can write.
LAST_NS: Final = 253_402_300_800 * NS_PER_S - 1
EXPECTED: Final = "expected RFC 3339 (2026-11-22T21:33:09.5Z, 2026-11-22T22:33:09+01:00) or seconds since 1970"

# Digits are ASCII (\d is not); a plus sign that nobody escaped arrives as a space.
_SECONDS: Final = re.compile(r"([0-9]{1,12})(?:\.([0-9]{0,20}))?")
_RFC_3339: Final = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt ]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,20}))?"
    r"(?:[Zz]|([-+ ])([0-9]{2}):([0-9]{2}))"
)


def parse_time(value: object, name: str) -> int:
    """Return a time in ns since 1970; raise Refusal, which calls it `name`, when it is none."""
    text = str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value
    if not isinstance(text, str) or len(text) > 60:
        raise Refusal(400, f"{name}: {EXPECTED}")
    time_ns = _from_seconds(text)
    if time_ns is None:
        time_ns = _from_rfc_3339(text)
    if time_ns is None or not 0 <= time_ns <= LAST_NS:
        raise Refusal(400, f"{name}: {EXPECTED}; got {text[:40]!r}")
    return time_ns


def format_time(time_ns: int) -> str:
    """Return `2026-11-22T21:33:09.123456Z`; what is finer than a microsecond is left off."""
    seconds, rest_ns = divmod(time_ns, NS_PER_S)
    days, second = divmod(seconds, 86_400)
    year, month, day = _date(days)
    hour, minute = second // 3600, second // 60 % 60
    return f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second % 60:02}.{rest_ns // 1000:06}Z"


def format_stamp(time_ns: int) -> str:
    """Return `20261122T213309Z`, for names of files."""
    return format_time(time_ns)[:19].replace("-", "").replace(":", "") + "Z"


def _from_seconds(text: str) -> int | None:
    match = _SECONDS.fullmatch(text)
    return int(match[1]) * NS_PER_S + _fraction_ns(match[2]) if match else None


def _from_rfc_3339(text: str) -> int | None:
    match = _RFC_3339.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    if not (year >= 1970 and 1 <= month <= 12 and 1 <= day <= monthrange(year, month)[1]):
        return None
    # A leap second is the first second of the next minute.
    if hour > 23 or minute > 59 or second > 60:
        return None
    east_s = _offset_s(match[8], match[9], match[10])
    if east_s is None:
        return None
    return (timegm((year, month, day, hour, minute, second)) - east_s) * NS_PER_S + _fraction_ns(match[7])


def _offset_s(sign: str | None, hours: str | None, minutes: str | None) -> int | None:
    if not sign or not hours or not minutes:
        return 0
    if int(hours) > 23 or int(minutes) > 59:
        return None
    offset_s = int(hours) * 3600 + int(minutes) * 60
    return -offset_s if sign == "-" else offset_s


def _fraction_ns(digits: str | None) -> int:
    return int((digits or "0")[:9].ljust(9, "0"))


def _date(days: int) -> tuple[int, int, int]:
    """Return year, month and day of a day since 1970, counted in years that begin in March and so end in a leap day."""
    era, day = divmod(days + 719_468, 146_097)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    return year + 400 * era + (month >= 10), (month + 3 if month < 10 else month - 9), day - (153 * month + 2) // 5 + 1
