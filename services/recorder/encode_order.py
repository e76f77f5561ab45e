"""What the recorder asks of the process that encodes, and what that answers: two lines of JSON. Pure."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from common.encoders import EncoderOptions
from common.recordings.rows import FileRow, Kind, State


@dataclass(frozen=True, slots=True)
class Order:
    """One file of originals, and how its video is made."""

    camera: str
    originals: str
    """Path of the file."""
    into: str
    """Folder that takes the videos, below their days."""
    end_ns: int
    """When the last picture ends."""
    shift_ns: int
    interval_ns: int
    """Distance of the pictures on average; 0: unknown."""
    gop_ns: int
    preset: str
    bitrate_kbps: int
    cpu_limit_s: int
    """Time on the processor after which something must be wrong."""

    def to_line(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_line(cls, line: str) -> "Order":
        return cls(**json.loads(line))

    @property
    def options(self) -> EncoderOptions:
        """How the camera is encoded live, too; the size is that of the first picture."""
        return EncoderOptions(0, 0, preset=self.preset, bitrate_kbps=self.bitrate_kbps)


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it: the videos by start, or a sentence why there is none."""

    videos: tuple[FileRow, ...] = ()
    frames: int = 0
    """Pictures in the originals."""
    damaged: int = 0
    """Those that could not be decoded."""
    problem: str = ""
    is_disk: bool = False
    """Whether the disk was the problem: it may be another time."""

    def to_line(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_line(cls, line: str) -> "Made":
        """Return what a line says; ValueError, KeyError or TypeError when it is none."""
        fields: dict[str, Any] = json.loads(line)
        videos = tuple(
            FileRow(**{**video, "kind": Kind(video["kind"]), "state": State(video["state"])})
            for video in fields.pop("videos")
        )
        return cls(videos=videos, **fields)
