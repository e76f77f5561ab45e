"""Originals in, video out: each picture once and at its own time. Only for the process that does nothing else."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Final

from common.codec import H264Encoder, JpegDecoder, Picture
from common.encoders import EncoderOptions
from common.errors import CodecError
from common.fmp4 import init_segment, sample
from common.h264 import AccessUnit, NalType
from common.recordings.container import Facts, Sample
from common.recordings.rows import FileRow, State
from common.recordings.spool import Original
from common.recordings.video import VideoWriter
from common.sps import parse_sps
from common.units import NS_PER_MS, NS_PER_S, to_90k
from services.recorder.encode_order import Made, Order

# A fragment is lost whole, and read whole.
_FRAGMENT_NS: Final = NS_PER_S
# As when it is live: libx264 divides the bits by the declared pace, and a slow camera's picture may take a fifth of a
# second's.
_SLOWEST_HZ: Final = 5
_FASTEST_HZ: Final = 60
_CORRUPT: Final = "corrupt"


class SpoolEncoder:
    """Makes one file of each run of pictures of one size."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._decoder = JpegDecoder()
        self._missing: Counter[str] = Counter()
        self._frames = self._damaged = 0
        self._video: _Video | None = None
        self._rows: list[FileRow] = []

    def run(self, originals: Iterable[Original]) -> Made:
        """Encode them all. Raises OSError, and CodecError when there is no encoder."""
        for original in originals:
            self._frames += 1
            self._missing.update(original.skipped)
            try:
                picture = self._decoder.decode(original.jpeg)
            except CodecError:
                self._damaged += 1
                self._missing[_CORRUPT] += 1
                continue
            self._take(original, picture)
        self._finish(self._order.end_ns)
        return Made(tuple(self._rows), self._frames, self._damaged)

    def _take(self, original: Original, picture: Picture) -> None:
        if self._video is not None and self._video.size != (picture.width, picture.height):
            self._finish(original.time_ns)
        if self._video is None:
            self._video = _Video(self._order, original, picture)
        self._video.take(original.time_ns, picture, self._missing)
        self._missing = Counter()

    def _finish(self, end_ns: int) -> None:
        if self._video is not None:
            is_last = end_ns == self._order.end_ns
            self._rows.append(self._video.finish(end_ns, self._missing if is_last else Counter()))
            self._video = None


class _Video:
    """One file, from its first picture on."""

    def __init__(self, order: Order, first: Original, picture: Picture) -> None:
        self.size = picture.width, picture.height
        self._missing: Counter[str] = Counter()
        self._order = order
        self._source = first.source
        self._start_ns = first.time_ns
        options = replace(order.options, width=picture.width, height=picture.height, pace_hz=_pace_hz(order))
        self._encoder = H264Encoder(options)
        self._writer: VideoWriter | None = None
        self._waiting: list[Sample] = []
        self._key_ns = 0
        self._last_90k = -1

    def take(self, time_ns: int, picture: Picture, missing: Counter[str]) -> None:
        """Encode a picture of this file's size, and note what is missing before it."""
        is_key = self._writer is None or time_ns - self._key_ns >= self._order.gop_ns
        # Two pictures within a tick are told apart, as the encoder insists.
        self._last_90k = max(to_90k(time_ns - self._start_ns), self._last_90k + 1)
        unit = self._encoder.encode(picture, self._last_90k, idr=is_key)
        if self._writer is None:
            self._writer = self._open(unit)
        if unit.is_key:
            self._key_ns = time_ns
        if self._waiting and (unit.is_key or time_ns - self._waiting[0].time_ns >= _FRAGMENT_NS):
            self._flush(time_ns)
        self._waiting.append(Sample(time_ns=time_ns, is_key=unit.is_key, data=sample(unit)))
        self._missing.update(missing)

    def finish(self, end_ns: int, missing: Counter[str]) -> FileRow:
        """Write the rest, bring it to the disk and return its row; `missing` at its end."""
        if self._writer is None:
            raise AssertionError("a file is opened for its first picture")
        self._missing.update(missing)
        self._flush(max(end_ns, self._waiting[-1].time_ns + NS_PER_MS))
        self._writer.close()
        return replace(self._writer.row, state=State.DONE)

    def _open(self, unit: AccessUnit) -> VideoWriter:
        facts = Facts(
            camera=self._order.camera,
            start_ns=self._start_ns,
            shift_ns=self._order.shift_ns,
            source=self._source,
            term=0,
            encoder_start_ns=0,
            width=self.size[0],
            height=self.size[1],
            codec=parse_sps(unit.of_type(NalType.SPS)[0]).codec,
        )
        return VideoWriter(Path(self._order.into), facts, init_segment(unit))

    def _flush(self, end_ns: int) -> None:
        if self._writer is not None and self._waiting:
            self._writer.append(self._waiting, end_ns, self._missing)
            self._waiting, self._missing = [], Counter()


def _pace_hz(order: Order) -> Fraction:
    if order.interval_ns <= 0:
        return EncoderOptions(0, 0).pace_hz
    return min(
        max(Fraction(round(10 * NS_PER_S / order.interval_ns), 10), Fraction(_SLOWEST_HZ)), Fraction(_FASTEST_HZ)
    )
