"""Recordings in, one plain MP4 of a few of their pictures out. Only for the process that does nothing else."""

from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO, Final

from common.codec import H264Decoder, H264Encoder, JpegDecoder, Picture, scaled
from common.encoders import EncoderOptions
from common.errors import CodecError, RecordingError
from common.fmp4 import init_segment, sample
from common.recordings.originals import read_originals
from common.recordings.reading import read_table
from common.recordings.spool import Original
from common.units import HZ_90K
from services.library.boxes import avcc_of, sample_entries
from services.library.export_files import write_out
from services.library.export_order import Order, SourceFile
from services.library.movie import Piece, make_movie
from services.library.reading import MovieReader, OpenFile
from services.library.timelapse import Steps, to_decode, video_picks

# Any second of it is reached by decoding at most so much.
GOP_S: Final = 2
# Pictures of a timelapse differ a lot, and nobody waits for one of them.
PRESET: Final = "veryfast"

Tell = Callable[[float], None]


def make_timelapse(order: Order, tell: Tell) -> None:
    """Write the MP4. Raises OSError, CodecError and RecordingError; no file is left then."""
    spool = Path(order.spool)
    try:
        with spool.open("wb") as file:
            lapse = _Timelapse(order, file)
            for picture, steps, at_ns in _pictures(order):
                lapse.show(picture, steps)
                # The rest is for putting it together.
                tell(0.95 * (at_ns - order.from_ns) / (order.to_ns - order.from_ns))
        lapse.write(spool, Path(order.part), lambda share: tell(0.95 + 0.05 * share))
    finally:
        spool.unlink(missing_ok=True)


def _pictures(order: Order) -> Iterator[tuple[Picture, int, int]]:
    """Yield each picture, for how many steps it is shown, and the end of that in the recordings."""
    steps = Steps.of(order.from_ns, order.to_ns, order.speed, order.fps)
    for file in order.files:
        try:
            yield from _of_video(file, steps) if file.is_video else _of_originals(file, steps)
        except RecordingError:
            # Deleted meanwhile, or damaged: as if there were a gap.
            continue


def _of_video(file: SourceFile, steps: Steps) -> Iterator[tuple[Picture, int, int]]:
    path = Path(file.path)
    table = read_table(path, file.size_bytes)
    decoder, decoded, broken_key = H264Decoder(avcc_of(table.init)), -1, -1
    data = OpenFile()
    try:
        for pick in video_picks(table, steps, file.start_ns, file.end_ns):
            needed = to_decode(table.keys, decoded, pick.index)
            if not needed or needed[0] == broken_key:
                continue
            try:
                for index in needed:
                    picture = decoder.decode(data.read(path, table.offsets[index], table.sizes[index]))
            except CodecError:
                # The rest of that group of pictures is of no use.
                broken_key, decoded = to_decode(table.keys, -1, pick.index)[0], -1
                decoder = H264Decoder(avcc_of(table.init))
                continue
            decoded = pick.index
            yield picture, pick.steps, file.start_ns + table.times_90k[pick.index] * 100_000 // 9
    finally:
        data.close()


def _of_originals(file: SourceFile, steps: Steps) -> Iterator[tuple[Picture, int, int]]:
    decoder = JpegDecoder()
    originals = read_originals(Path(file.path))
    original = next(originals, None)
    while original is not None:
        following = next(originals, None)
        end_ns = following.time_ns if following else file.end_ns
        shown = len(steps.within(original.time_ns, end_ns))
        picture = _decoded(decoder, original) if shown else None
        if picture is not None:
            yield picture, shown, end_ns
        original = following


def _decoded(decoder: JpegDecoder, original: Original) -> Picture | None:
    try:
        return decoder.decode(original.jpeg)
    except CodecError:
        # The camera sent it damaged: its steps are left out.
        return None


@dataclass
class _Samples:
    """The table of what was encoded."""

    init: bytes = b""
    times_90k: "array[int]" = field(default_factory=lambda: array("Q"))
    sizes: "array[int]" = field(default_factory=lambda: array("I"))
    offsets: "array[int]" = field(default_factory=lambda: array("Q"))
    keys: "array[int]" = field(default_factory=lambda: array("I"))


class _Timelapse:
    """Encodes pictures into a file of samples, and makes a movie of that."""

    def __init__(self, order: Order, spool: BinaryIO) -> None:
        self._order = order
        self._spool = spool
        self._samples = _Samples()
        self._encoder: H264Encoder | None = None
        self._steps = 0
        self._key_step = 0
        self._size_bytes = 0

    def show(self, picture: Picture, steps: int) -> None:
        """Add a picture for so many steps."""
        encoder = self._encoder = self._encoder or self._open(picture)
        is_key = not self._samples.sizes or self._steps - self._key_step >= GOP_S * self._order.fps
        at_90k = self._ticks(self._steps)
        # The size is the first picture's: a player would show another one stretched to it, too.
        unit = encoder.encode(scaled(picture, encoder.options.width, encoder.options.height), at_90k, idr=is_key)
        if not self._samples.init:
            self._samples.init = init_segment(unit)
        if unit.is_key:
            self._samples.keys.append(len(self._samples.sizes))
            self._key_step = self._steps
        data = sample(unit)
        self._spool.write(data)
        self._samples.times_90k.append(at_90k)
        self._samples.sizes.append(len(data))
        self._samples.offsets.append(self._size_bytes)
        self._size_bytes += len(data)
        self._steps += steps

    def write(self, spool: Path, part: Path, tell: Tell) -> None:
        """Write the movie; raise RecordingError when there is no picture to show."""
        samples = self._samples
        count = len(samples.sizes)
        if not count:
            raise RecordingError("no picture of that range can be decoded")
        piece = Piece(0, 0, count, 0, len(samples.keys), self._size_bytes, self._ticks(self._steps), 0)
        reader = MovieReader(make_movie([piece], [sample_entries(samples.init)[0]]), lambda _: spool, lambda _: samples)
        try:
            write_out(reader, part, tell)
        finally:
            reader.close()

    def _open(self, picture: Picture) -> H264Encoder:
        order = self._order
        return H264Encoder(
            EncoderOptions(
                max(2, picture.width & ~1),
                max(2, picture.height & ~1),
                pace_hz=Fraction(order.fps),
                preset=PRESET,
                bitrate_kbps=order.bitrate_kbps,
            )
        )

    def _ticks(self, steps: int) -> int:
        return steps * HZ_90K // self._order.fps
