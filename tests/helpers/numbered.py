"""Footage whose pictures carry their number, drawn by the simulated camera: coded samples, JPEGs, and the way back."""

from functools import lru_cache

import av
from av.video.codeccontext import VideoCodecContext

from common.codec import H264Encoder, JpegDecoder
from common.encoders import EncoderOptions
from common.fmp4 import init_segment, sample
from common.recordings.originals import OriginalsWriter
from common.recordings.rows import FileRow, State
from common.recordings.spool import Original
from common.units import HZ_90K, NS_PER_S
from tests.helpers.footage import EVENING_NS, FPS, Coded, Footage
from tests.helpers.picture import read_stamp
from tools.mock_camera.scene import Scene
from tools.mock_camera.sizes import Size

QVGA = Size(320, 240)


@lru_cache(maxsize=256)
def numbered_jpeg(number: int, size: Size = QVGA) -> bytes:
    """Return the camera's picture of a number."""
    return _scene(size).jpeg(number, EVENING_NS + number * NS_PER_S // FPS)


@lru_cache(maxsize=8)
def _scene(size: Size) -> Scene:
    return Scene("porch", size)


@lru_cache(maxsize=16)
def numbered(frames: int, first: int = 0, key_every: int = 30, size: Size = QVGA) -> Coded:
    """Return so many coded pictures, numbered from `first` on."""
    encoder, decoder = H264Encoder(EncoderOptions(size.width, size.height)), JpegDecoder()
    units = [
        encoder.encode(decoder.decode(numbered_jpeg(first + at, size)), at * HZ_90K // FPS, idr=at % key_every == 0)
        for at in range(frames)
    ]
    return Coded(init_segment(units[0]), [(unit.is_key, sample(unit)) for unit in units], size.width, size.height)


def add_originals(footage: Footage, start_ns: int, jpegs: list[bytes], state: State = State.ENCODING) -> FileRow:
    """Write a file of originals, at 15 fps; return its row."""
    writer = OriginalsWriter(footage.folder, footage.camera, start_ns)
    for at, jpeg in enumerate(jpegs):
        writer.append([Original(start_ns + at * NS_PER_S // FPS, at, 1, QVGA.width, QVGA.height, jpeg)])
    writer.close()
    row = writer.row
    end_ns = start_ns + len(jpegs) * NS_PER_S // FPS
    fields = {name: getattr(row, name) for name in FileRow.__dataclass_fields__}
    row = FileRow(**{**fields, "state": state, "end_ns": end_ns})
    footage.index.add_file(row)
    return row


def number_in(jpeg: bytes) -> int:
    """Return the number in a JPEG, -1 when it cannot be read."""
    decoder = av.CodecContext.create("mjpeg", "r")
    assert isinstance(decoder, VideoCodecContext)
    picture = decoder.decode(av.Packet(jpeg))[0]
    luma = picture.planes[0]
    stamp = read_stamp(bytes(luma), picture.width, picture.height, luma.line_size)
    return stamp.number if stamp else -1
