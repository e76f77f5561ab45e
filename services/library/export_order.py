"""What the library asks of its export child, and what that says meanwhile: lines of JSON. Pure."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the recordings, as far as its row vouches for it."""

    path: str
    is_video: bool
    start_ns: int
    end_ns: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Order:
    """A timelapse: of which files, in which steps, and where to.

    `part` becomes the MP4; `spool`, where pictures wait until all are there, is removed in the end.
    """

    files: tuple[SourceFile, ...]
    from_ns: int
    to_ns: int
    speed: float
    fps: int
    bitrate_kbps: int
    spool: str
    part: str

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Order":
        fields = json.loads(line)
        files = tuple(SourceFile(**each) for each in fields.pop("files"))
        return cls(files, **fields)


@dataclass(frozen=True, slots=True)
class Word:
    """How far it is, that it is ready, or a sentence on why it cannot be."""

    progress: float = 0.0
    is_ready: bool = False
    problem: str = ""

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> "Word":
        """Return what a line says; ValueError or TypeError when it is none."""
        return cls(**json.loads(line))
