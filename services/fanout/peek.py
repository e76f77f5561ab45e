"""Whose connection it is, told from its first bytes: a camera's, which ingest takes, or anybody else's. Pure."""

import re
from enum import Enum, auto
from typing import Final

# As much as is looked at; a request line that is longer is no camera's.
PEEK_BYTES: Final = 2048

_START: Final = b"GET /ws/camera"
_CAMERA: Final = re.compile(rb"GET /ws/camera(?:[/?][^ \r\n]*)? HTTP/1\.[01]\r?\n")


class Caller(Enum):
    """Who calls."""

    UNDECIDED = auto()
    CAMERA = auto()
    OTHER = auto()


def classify(start: bytes) -> Caller:
    """Return who sent these bytes; UNDECIDED while more of the request line could still make it a camera."""
    if _CAMERA.match(start):
        return Caller.CAMERA
    could_be = _START.startswith(start[: len(_START)]) and b"\n" not in start and len(start) < PEEK_BYTES
    return Caller.UNDECIDED if could_be else Caller.OTHER
