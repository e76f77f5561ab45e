"""What is in the pictures that a viewer received: each decoded by an outsider's decoder, its number read back.

The only module here that imports av by itself: the project's own door to it (common/codec.py) does not decode H.264.
"""

from collections.abc import Iterable

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame

from tests.helpers.picture import read_stamp


def numbers(units: Iterable[bytes]) -> list[int | None]:
    """Return the frame number drawn into each access unit's picture, None where none is readable.

    The first unit must be a keyframe; ValueError when pictures and units do not match one to one.
    """
    context = av.CodecContext.create("h264", "r")
    assert isinstance(context, VideoCodecContext)
    context.thread_count = 1
    packets = [av.Packet(unit) for unit in units]
    pictures = [picture for packet in packets for picture in context.decode(packet)]
    pictures += context.decode(None)
    if len(pictures) != len(packets):
        raise ValueError(f"{len(packets)} access units gave {len(pictures)} pictures")
    return [_number(picture) for picture in pictures]


def _number(picture: VideoFrame) -> int | None:
    luma = picture.planes[0]
    stamp = read_stamp(memoryview(luma), picture.width, picture.height, luma.line_size)
    return None if stamp is None else stamp.number
