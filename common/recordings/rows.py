"""What the index of a camera's recordings holds: files, gaps, events, protected ranges. Frozen; times are UTC. Pure.

All times are recorder time: wall clock, ns since 1970, made so that it never goes back (docs/recording.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What a file holds."""

    VIDEO = "video"
    """H.264 in fragmented MP4, `.mp4`."""
    ORIGINALS = "originals"
    """JPEGs bit for bit as the camera sent them, `.spool`."""


class State(StrEnum):
    """How far a file is."""

    OPEN = "open"
    """Being written; `end_ns` and `size_bytes` are those of the last pass that brought it to disk."""
    DONE = "done"
    ENCODING = "encoding"
    """Originals whose video is still to be made: they are the footage of that time until then."""


class Reason(StrEnum):
    """Why a time has no footage."""

    OFFLINE = "offline"
    """The camera was not connected."""
    STALLED = "stalled"
    """The camera was connected and sent nothing."""
    OVERLOAD = "overload"
    """Encoders fell behind, or none was there."""
    SLOW_DISK = "slow_disk"
    DISK_FULL = "disk_full"
    PROTECTED = "protected"
    """The disk is full, and only protected footage is left."""
    UNWRITABLE = "unwritable"
    """The folder was missing, read-only or broken."""
    RECORDER_DOWN = "recorder_down"
    BUS = "bus"
    """Lost between processes, or while one of them was replaced."""
    CLOCK = "clock"
    """The system's clock was set forward: this time never was."""
    OFF = "off"
    """Recording was switched off."""
    NO_EVENT = "no_event"
    """Mode event, and nothing happened."""
    DELETED = "deleted"
    """Somebody deleted it."""
    EXPIRED = "expired"
    """Retention deleted it, while older footage is protected."""
    DAMAGED = "damaged"
    """It was recorded, and its file is lost or broken."""
    ENCODER = "encoder"
    """The camera's pictures could not be encoded."""


@dataclass(frozen=True, slots=True)
class FileRow:
    """One file; `id` 0: not in an index yet. `name` is relative to the camera's folder, with the day's folder."""

    name: str
    kind: Kind
    state: State
    start_ns: int
    end_ns: int
    """When its last picture ends."""
    size_bytes: int
    frames: int
    width: int
    height: int
    codec: str = ""
    shift_ns: int = 0
    """How far recorder time ran ahead of the system's clock, which had been set back."""
    is_protected: bool = False
    skipped: Mapping[str, int] = field(default_factory=dict)
    """Frames of the camera that are missing in between, by cause (WIRE.md, `skip`)."""
    id: int = 0


@dataclass(frozen=True, slots=True)
class GapRow:
    """A time without footage. `end_ns` 0: it goes on. `frames`: known to be missing; 0: unknown."""

    start_ns: int
    end_ns: int
    reason: Reason
    detail: str = ""
    frames: int = 0
    id: int = 0


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened. `end_ns` 0: it goes on."""

    key: str
    name: str
    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class ProtectionRow:
    """A range that nothing deletes."""

    start_ns: int
    end_ns: int
    name: str = ""
    id: int = 0


VIDEO_SUFFIX: Final = ".mp4"
ORIGINALS_SUFFIX: Final = ".spool"
