"""The bus messages' headers, both directions side by side. WIRE.md describes the same bytes for other languages.

A header is a msgpack map with short string keys; fields that hold their default are left out. Unknown fields are
ignored. Only `v` may make a reader refuse: it changes when old readers would misread.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgpack

from common.errors import WireError
from common.frame import Frame

VERSION: Final = 1
# A keyframe's header with an init segment is about 1 KiB; announcements of 256 cameras about 100 KiB.
HEADER_LIMIT_BYTES: Final = 1 << 20
# The largest JPEG that ingest takes is 2 MiB; an access unit of it is smaller. Room for other publishers.
PAYLOAD_LIMIT_BYTES: Final = 16 << 20
INT_LIMIT: Final = 1 << 64

_INT, _BOOL, _STR, _BIN, _MAP = "uint", "bool", "str", "bin", "map of uint"

# (wire key, Frame's field, type, required)
FIELDS: Final = (
    ("seq", "seq", _INT, True),
    ("src", "source", _INT, True),
    ("mt", "media_time_ns", _INT, True),
    ("at", "captured_at_ns", _INT, True),
    ("w", "width", _INT, True),
    ("h", "height", _INT, True),
    ("host", "host", _STR, False),
    ("hops", "hops", _MAP, False),
    ("key", "key", _BOOL, False),
    ("repeat", "repeat", _BOOL, False),
    ("late", "late", _BOOL, False),
    ("replay", "replay", _BOOL, False),
    ("skip", "skipped", _MAP, False),
    ("dur", "interval_ns", _INT, False),
    ("term", "term", _INT, False),
    ("enc", "encoder_start_ns", _INT, False),
    ("out", "out_seq", _INT, False),
    ("codec", "codec", _STR, False),
    ("init", "init", _BIN, False),
    ("tfdt", "tfdt_offset", _INT, False),
)
_DEFAULTS: Final = {name: Frame.__dataclass_fields__[name].default for _, name, _, required in FIELDS if not required}


def encode_frame(frame: Frame) -> bytes:
    """Return the header of a frame; the payload travels beside it, unpacked."""
    header: dict[str, Any] = {"v": VERSION}
    for key, name, kind, required in FIELDS:
        value = getattr(frame, name)
        if kind is _MAP:
            if value:
                header[key] = dict(value)
        elif required or value != _DEFAULTS[name]:
            header[key] = value
    packed: bytes = msgpack.packb(header)
    return packed


def decode_frame(header: bytes, payload: bytes) -> Frame:
    """Return the frame of a media message; raise WireError naming the field that is wrong."""
    fields = decode_record(header)
    if len(payload) > PAYLOAD_LIMIT_BYTES:
        raise WireError(f"payload of {len(payload)} bytes exceeds {PAYLOAD_LIMIT_BYTES}")
    values: dict[str, Any] = {}
    for key, name, kind, required in FIELDS:
        if key in fields:
            if not _CHECKS[kind](fields[key]):
                raise WireError(f"field {key!r}: {str(fields[key])[:40]!r} is not {kind}")
            values[name] = fields[key]
        elif required:
            raise WireError(f"field {key!r} is missing")
    return Frame(payload=payload, **values)


def encode_record(fields: Mapping[str, Any]) -> bytes:
    """Return the header of an announcement, a status or a request."""
    packed: bytes = msgpack.packb({"v": VERSION, **fields})
    return packed


def decode_record(header: bytes) -> dict[str, Any]:
    """Return the fields of a header; raise WireError when it is not a map of this version."""
    if len(header) > HEADER_LIMIT_BYTES:
        raise WireError(f"header of {len(header)} bytes exceeds {HEADER_LIMIT_BYTES}")
    try:
        fields = msgpack.unpackb(header, strict_map_key=True)
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise WireError(f"header is no msgpack map: {type(error).__name__}") from error
    if not isinstance(fields, dict):
        raise WireError(f"header is a {type(fields).__name__}, expected a map")
    if fields.get("v") != VERSION:
        raise WireError(f"version {str(fields.get('v'))[:20]!r} of the header, expected {VERSION}")
    return fields


def _is_uint(value: object) -> bool:
    return type(value) is int and 0 <= value < INT_LIMIT


def _is_uint_map(value: object) -> bool:
    return isinstance(value, dict) and all(type(k) is str and _is_uint(v) for k, v in value.items())


_CHECKS: Final[dict[str, Callable[[object], bool]]] = {
    _INT: _is_uint,
    _BOOL: lambda value: type(value) is bool,
    _STR: lambda value: type(value) is str,
    _BIN: lambda value: type(value) is bytes,
    _MAP: _is_uint_map,
}
