"""What is in the pictures that a viewer received: each decoded by an outsider's decoder, its number read back.

The only module here that imports av by itself: the project's own door to it (common/codec.py) does not decode H.264.
"""

import time
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from tests.helpers.picture import read_stamp
from tools.mock_camera.stamp import Stamp

# Of a picture in which nothing is readable.
NOTHING = -1


class Seen(NamedTuple):
    """What one picture says of itself, and when it was decoded."""

    number: int
    camera_hash: int
    mono_ns: int


class PictureReader:
    """Decodes a stream as it comes: each access unit gives its picture at once."""

    def __init__(self) -> None:
        self._context = _decoder()

    def read(self, unit: bytes) -> Iterator[Seen]:
        """Yield the pictures that a unit completes."""
        for picture in self._context.decode(av.Packet(unit)):
            now_ns = time.monotonic_ns()
            stamp = _stamp(picture) or Stamp(NOTHING, NOTHING)
            yield Seen(stamp.number, stamp.camera_hash, now_ns)


def numbers(units: Iterable[bytes]) -> list[int | None]:
    """Return the frame number drawn into each access unit's picture, None where none is readable.

    The first unit must be a keyframe; ValueError when pictures and units do not match one to one.
    """
    context = _decoder()
    packets = [av.Packet(unit) for unit in units]
    pictures = [picture for packet in packets for picture in context.decode(packet)]
    pictures += context.decode(None)
    if len(pictures) != len(packets):
        raise ValueError(f"{len(packets)} access units gave {len(pictures)} pictures")
    return [None if stamp is None else stamp.number for stamp in map(_stamp, pictures)]


def _decoder() -> VideoCodecContext:
    context = av.CodecContext.create("h264", "r")
    assert isinstance(context, VideoCodecContext)
    context.thread_count = 1
    context.flags |= Flags.low_delay
    return context


def _stamp(picture: VideoFrame) -> Stamp | None:
    luma = picture.planes[0]
    return read_stamp(memoryview(luma), picture.width, picture.height, luma.line_size)
