"""Typed reading of fields from others' records (announcements, status messages), trusting nothing. Pure."""

from collections.abc import Mapping
from math import isfinite
from typing import Any, TypeVar

from common.errors import WireError

T = TypeVar("T", str, int, float, bool)


def read(record: Mapping[str, Any], name: str, default: T) -> T:
    """Return a field, which must have its default's type; raise WireError. A whole number may stand for a float."""
    value = record.get(name, default)
    if type(value) is int and type(default) is float:
        return float(value)
    # JSON has no word for infinity and NaN.
    if type(value) is not type(default) or (type(value) is float and not isfinite(value)):
        raise WireError(f"field {name!r}: {str(value)[:40]!r} is no {type(default).__name__}")
    return value


def read_counts(record: Mapping[str, Any], name: str) -> dict[str, int]:
    """Return a map of names to counts; raise WireError."""
    value = record.get(name, {})
    if not isinstance(value, dict) or not all(type(k) is str and type(n) is int for k, n in value.items()):
        raise WireError(f"field {name!r} is no map of counts")
    return value


def read_list(record: Mapping[str, Any], name: str, kind: type[Any], limit: int = 10_000) -> list[Any]:
    """Return a list whose items are of one type; raise WireError."""
    value = record.get(name, [])
    if not isinstance(value, list) or len(value) > limit or not all(type(item) is kind for item in value):
        raise WireError(f"field {name!r} is no list of {kind.__name__}")
    return value
