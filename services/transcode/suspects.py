"""Whose pictures killed a process or let it hang: told from the note and the fault that its last life left. Pure.

The note has a slot for each thread that encodes: the thread's ident and, while it works, the camera's name. The fault
is what Python's faulthandler wrote at a crash, or what the process itself wrote of a codec that hangs; a process that
was killed leaves none, and so suspects nobody.
"""

import re
from dataclasses import dataclass
from typing import Final

from common.settings import CAMERA_ID

MAGIC: Final = b"codecs-1"
_IDENT_BYTES: Final = 8
_HEADER_BYTES: Final = len(MAGIC) + _IDENT_BYTES
# The longest name of a camera.
NAME_BYTES: Final = 32
_SLOT_BYTES: Final = _IDENT_BYTES + NAME_BYTES

_CRASHED: Final = re.compile(r"^Fatal Python error: ", re.MULTILINE)
_CURRENT_THREAD: Final = re.compile(r"^Current thread 0x([0-9a-f]{1,16})\b", re.MULTILINE)
_HANGS: Final = re.compile(r"^codec hangs: ([a-z0-9_-]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Suspects:
    """The cameras that a process was working on when it crashed or hung, and which life of it that was."""

    cameras: tuple[str, ...]
    crash_id: int


def blank_note(incarnation: int, slots: int) -> bytes:
    """Return the note of a life that begins."""
    return MAGIC + incarnation.to_bytes(_IDENT_BYTES, "big") + bytes(slots * _SLOT_BYTES)


def ident_range(slot: int) -> slice:
    """Return where a slot has its thread."""
    start = _HEADER_BYTES + slot * _SLOT_BYTES
    return slice(start, start + _IDENT_BYTES)


def name_range(slot: int) -> slice:
    """Return where a slot has its camera."""
    start = ident_range(slot).stop
    return slice(start, start + NAME_BYTES)


def pack_ident(ident: int) -> bytes:
    return ident.to_bytes(_IDENT_BYTES, "big")


def pack_name(camera: str) -> bytes:
    """Return a camera's name as a slot holds it."""
    return camera.encode("ascii").ljust(NAME_BYTES, b"\0")


def hang_line(camera: str) -> str:
    """Return what the fault says of a camera whose codec hangs."""
    return f"codec hangs: {camera}\n"


def find_suspects(note: bytes, fault: str) -> Suspects | None:
    """Return whom a life that ended suspects; None: nobody, or the files say nothing that makes sense."""
    if not note.startswith(MAGIC) or len(note) < _HEADER_BYTES:
        return None
    cameras = dict.fromkeys(_HANGS.findall(fault))
    if _CRASHED.search(fault):
        cameras |= dict.fromkeys(_in_crash(_working(note), fault))
    valid = tuple(camera for camera in cameras if CAMERA_ID.fullmatch(camera))
    return Suspects(valid, int.from_bytes(note[len(MAGIC) : _HEADER_BYTES], "big")) if valid else None


def _in_crash(working: dict[int, str], fault: str) -> list[str]:
    current = _CURRENT_THREAD.search(fault)
    ident = int(current[1], 16) if current else 0
    # A thread that is no one's (a codec's own, the main thread): any of those at work may have done it.
    return [working[ident]] if ident in working else list(working.values())


def _working(note: bytes) -> dict[int, str]:
    """Return the cameras that threads were working on, by the threads' idents."""
    slots = (len(note) - _HEADER_BYTES) // _SLOT_BYTES
    names = ((note[ident_range(slot)], note[name_range(slot)].rstrip(b"\0")) for slot in range(slots))
    return {int.from_bytes(ident, "big"): name.decode("ascii", "replace") for ident, name in names if name}
