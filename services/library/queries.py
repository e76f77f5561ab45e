"""What requests ask for: ranges and cameras, checked. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from common.moments import moment_ns
from common.units import NS_PER_S
from services.library.refusals import Refusal

DAY_NS: Final = 86_400 * NS_PER_S
# The longest timeline: a month is 45,000 files a camera.
TIMELINE_NS: Final = 31 * DAY_NS


@dataclass(frozen=True, slots=True)
class Range:
    """From a time on to before another."""

    from_ns: int
    to_ns: int


def timeline_range(query: Mapping[str, str], now_ns: int) -> Range:
    """Return the range of a timeline; the last 24 hours where nothing is said."""
    to_ns = parse_time(query["to"], "to") if "to" in query else None
    if "from" in query:
        from_ns = parse_time(query["from"], "from")
        return _checked(from_ns, max(now_ns, from_ns + 1) if to_ns is None else to_ns, TIMELINE_NS)
    end_ns = now_ns if to_ns is None else to_ns
    return _checked(max(0, end_ns - DAY_NS), end_ns, TIMELINE_NS)


def given_range(values: Mapping[str, object], limit_ns: int | None) -> Range:
    """Return a range that must be said."""
    for name in ("from", "to"):
        if name not in values:
            raise Refusal(400, f"{name} is missing")
    return _checked(parse_time(values["from"], "from"), parse_time(values["to"], "to"), limit_ns)


def parse_time(value: object, name: str) -> int:
    """Return a time in ns since 1970; raise Refusal, which calls it `name`, when it is none."""
    try:
        return moment_ns(value)
    except ValueError as error:
        raise Refusal(400, f"{name}: {error}") from error


def refuse_others(names: Iterable[str], *known: str) -> None:
    """Raise Refusal for a parameter that means nothing here: it is a slip of the pen."""
    for name in names:
        if name not in known:
            raise Refusal(400, f"unknown parameter {name[:40]!r}; expected {', '.join(known)}")


def _checked(from_ns: int, to_ns: int, limit_ns: int | None) -> Range:
    if from_ns >= to_ns:
        raise Refusal(400, "from must be before to")
    if limit_ns is not None and to_ns - from_ns > limit_ns:
        raise Refusal(400, f"a range of {(to_ns - from_ns) / NS_PER_S:.0f} s exceeds {limit_ns // NS_PER_S} s")
    return Range(from_ns, to_ns)
