"""Which bytes a request asks for: Range, If-Range and If-None-Match (RFC 9110, 13 and 14). Pure."""

import re
from dataclasses import dataclass
from typing import Final

from services.library.refusals import Refusal

_RANGE: Final = re.compile(r"[Bb][Yy][Tt][Ee][Ss]=[ \t]*([0-9]{0,19})-([0-9]{0,19})[ \t]*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The bytes from `start` to before `stop`; `is_part` when the answer is 206."""

    start: int
    stop: int
    is_part: bool


def wanted(size_bytes: int, etag: str, range_header: str | None, if_range: str | None = None) -> Wanted:
    """Return what is asked for of `size_bytes` bytes; raise Refusal 416 for what lies behind them.

    Several ranges, another unit and malformed headers are passed over, and all is sent (14.2).
    """
    everything = Wanted(0, size_bytes, is_part=False)
    # A date as a validator never fits: files tell none.
    if range_header is None or (if_range is not None and if_range.strip() != f'"{etag}"'):
        return everything
    match = _RANGE.fullmatch(range_header)
    if match is None or (not match[1] and not match[2]):
        return everything
    if not match[1]:
        start, stop = max(0, size_bytes - int(match[2])), size_bytes
    else:
        start, stop = int(match[1]), size_bytes if not match[2] else min(size_bytes, int(match[2]) + 1)
        if match[2] and int(match[2]) < start:
            return everything
    if start >= size_bytes:
        raise Refusal(
            416,
            f"bytes from {start} on are asked for, and there are {size_bytes}",
            headers={"Content-Range": f"bytes */{size_bytes}"},
        )
    return Wanted(start, stop, is_part=True)


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Return whether who asks has it already."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or f'"{etag}"' in tags
