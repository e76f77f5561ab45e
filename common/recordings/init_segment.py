"""An init segment (ftyp, moov) gets room for the file's whole duration, and loses it again. Pure.

`mehd` (ISO/IEC 14496-12, 8.8.2) is where a fragmented file says how long it is; the live stream's init has none. While
nobody knows, a `free` box keeps its place: a duration of 0 would be believed by some player.
"""

import struct
from collections.abc import Iterator
from typing import Final

from common.errors import RecordingError
from common.units import HZ_90K

BOX: Final = struct.Struct(">I4s")
MEHD: Final = struct.Struct(">I4sIQ")
TRACK_ID: Final = 1


def with_duration(init: bytes) -> bytes:
    """Return the init segment with the room; raise RecordingError when it is not of one 90 kHz track."""
    try:
        moov, mvex = _movie(init)
        if any(kind == b"mehd" for _, _, kind in _children(init, mvex)):
            raise RecordingError("init segment has a duration already")
        _check_track(init, moov)
    except (struct.error, KeyError, IndexError) as error:
        raise RecordingError(f"init segment of {len(init)} bytes is damaged: {error!r}") from error
    return _resized(init, moov, mvex, MEHD.size, MEHD.pack(MEHD.size, b"free", 0, 0))


def without_duration(init: bytes) -> bytes:
    """Return what `with_duration` was given."""
    moov, mvex = _movie(init)
    return _resized(init, moov, mvex, -MEHD.size, b"")


def duration_offset(init: bytes) -> int:
    """Return where the 20 bytes of the duration's box begin; more may follow the init segment."""
    return _movie(init)[1] + BOX.size


def duration_box(duration_90k: int) -> bytes:
    """Return the box that says how long the file is."""
    return MEHD.pack(MEHD.size, b"mehd", 1 << 24, duration_90k)


def _resized(init: bytes, moov: int, mvex: int, change: int, insert: bytes) -> bytes:
    changed = bytearray(init)
    for at in (moov, mvex):
        size, kind = BOX.unpack_from(init, at)
        BOX.pack_into(changed, at, size + change, kind)
    inside = mvex + BOX.size
    changed[inside : inside + max(-change, 0)] = insert
    return bytes(changed)


def _movie(init: bytes) -> tuple[int, int]:
    ftyp_bytes, kind = BOX.unpack_from(init)
    if kind != b"ftyp":
        raise RecordingError(f"init segment begins with {kind!r}, expected b'ftyp'")
    if BOX.unpack_from(init, ftyp_bytes)[1] != b"moov":
        raise RecordingError("init segment has no moov after its ftyp")
    return ftyp_bytes, _child(init, ftyp_bytes, b"mvex")


def _check_track(init: bytes, moov: int) -> None:
    traks = [at for at, _, kind in _children(init, moov) if kind == b"trak"]
    if len(traks) != 1:
        raise RecordingError(f"init segment has {len(traks)} tracks, expected 1")
    mdhd = _child(init, _child(init, traks[0], b"mdia"), b"mdhd")
    tkhd = _child(init, traks[0], b"tkhd")
    # Version 1 has times of 8 bytes before them.
    timescale = _word(init, mdhd + (28 if init[mdhd + 8] else 20))
    track_id = _word(init, tkhd + (28 if init[tkhd + 8] else 20))
    if (timescale, track_id) != (HZ_90K, TRACK_ID):
        raise RecordingError(f"init segment of track {track_id} at {timescale} Hz, expected track 1 at 90000 Hz")
    mvhd = _child(init, moov, b"mvhd")
    if (movie_scale := _word(init, mvhd + (28 if init[mvhd + 8] else 20))) != HZ_90K:
        raise RecordingError(f"init segment of a movie at {movie_scale} Hz, expected 90000 Hz")


def _word(init: bytes, at: int) -> int:
    return int.from_bytes(init[at : at + 4], "big")


def _child(init: bytes, parent: int, wanted: bytes) -> int:
    for at, _, kind in _children(init, parent):
        if kind == wanted:
            return at
    raise RecordingError(f"init segment has no {wanted.decode()}")


def _children(init: bytes, parent: int) -> Iterator[tuple[int, int, bytes]]:
    at, end = parent + BOX.size, parent + BOX.unpack_from(init, parent)[0]
    if end > len(init):
        raise RecordingError(f"init segment ends after {len(init)} bytes, expected {end}")
    while at < end:
        if end - at < BOX.size:
            raise RecordingError(f"init segment has {end - at} bytes behind its last box")
        size, kind = BOX.unpack_from(init, at)
        if size < BOX.size or at + size > end:
            raise RecordingError(f"init segment has a {kind!r} of {size} bytes that does not fit")
        yield at, size, kind
        at += size
