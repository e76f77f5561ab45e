"""What the main thread tells the disk thread, beside the frames."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.unix_door import Later
from services.recorder.taking import Moment, Why


@dataclass(frozen=True, slots=True)
class Assign:
    """The cameras that are this process's, each with its mode; empty: nobody has said."""

    modes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Explain:
    """Why nothing comes, of cameras for which that changed."""

    whys: Mapping[str, Why]


@dataclass(frozen=True, slots=True)
class Announced:
    """What is announced of a camera, when it changed."""

    camera: str
    told: Mapping[str, Any]
    now: Moment


@dataclass(frozen=True, slots=True)
class Happened:
    """A message of `event/<camera>`."""

    camera: str
    record: Mapping[str, Any]
    now: Moment


@dataclass(frozen=True, slots=True)
class Change:
    """A request of the socket API: what is asked of which camera, and whom to answer."""

    verb: str
    camera: str
    from_ns: int
    to_ns: int
    name: str
    later: Later
