"""The codecs of one camera: a job in, its access unit out. Runs in a thread of the pool, one job at a time."""

import logging
import threading
from dataclasses import replace
from fractions import Fraction

from common.clock import Clock
from common.codec import H264Encoder, Picture
from common.encoders import LIBX264, EncoderOptions
from common.errors import CodecError
from common.h264 import AccessUnit, NalType, nal_type
from common.sps import declare_pace
from services.transcode.decoders import Decoders
from services.transcode.jobs import Encoded, Failed, Job, Outcome
from services.transcode.mailbox import CORRUPT, ENCODER
from services.transcode.pace import is_far_off, millihertz, pace_hz

log = logging.getLogger(__name__)


class Refusals:
    """The encoders that this machine does not have, found out once for all cameras and said once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refused: set[str] = set()

    def choose(self, encoder: str) -> str:
        """Return the encoder, or libx264 if it was refused before."""
        with self._lock:
            return LIBX264 if encoder in self._refused else encoder

    def refuse(self, encoder: str, reason: str) -> None:
        """Use libx264 from now on."""
        with self._lock:
            is_news = encoder not in self._refused
            self._refused.add(encoder)
        if is_news:
            log.warning("encoder %s is not usable here, libx264 takes its place: %s", encoder, reason)


class Pipeline:
    """H.264 encoder of one camera, opened when a picture needs it, behind the JPEG decoders of all."""

    def __init__(
        self, options: EncoderOptions, refusals: Refusals, clock: Clock, decoders: Decoders | None = None
    ) -> None:
        self._options = options
        self._refusals = refusals
        self._clock = clock
        self._decoders = decoders or Decoders()
        self._encoder: H264Encoder | None = None
        self._size = (0, 0)
        self._declared_mhz = 0
        self._preset = options.preset

    def set_preset(self, preset: str) -> None:
        """Use a preset from the next picture on, by another encoder, which begins with a keyframe. From any thread."""
        self._preset = preset

    def run(self, job: Job) -> Outcome:
        """Return what became of the job. A damaged JPEG leaves the encoder as it is; one that fails is closed."""
        begun_ns = self._clock.mono_ns()
        try:
            picture = self._decoders.decode(job.arrived.frame)
        except CodecError as error:
            return Failed(CORRUPT, str(error))
        try:
            unit = self._encode(picture, job)
        except CodecError as error:
            self._encoder = None
            return Failed(ENCODER, f"picture of {picture.width}x{picture.height} pixels: {error}")
        encoder = self._encoder.options.encoder if self._encoder else ""
        return Encoded(unit, picture.width, picture.height, encoder, self._clock.mono_ns() - begun_ns)

    def _encode(self, picture: Picture, job: Job) -> AccessUnit:
        encoder = self._refusals.choose(self._options.encoder)
        try:
            return self._encode_by(encoder, picture, job)
        except CodecError as error:
            if encoder == LIBX264:
                raise
            self._refusals.refuse(encoder, str(error))
            self._encoder = None
            return self._encode_by(LIBX264, picture, job)

    def _encode_by(self, name: str, picture: Picture, job: Job) -> AccessUnit:
        pace = pace_hz(job.interval_ns)
        if self._must_open(name, picture, pace, job.idr):
            self._open(name, picture, pace, job.interval_ns)
        if self._encoder is None:
            raise AssertionError("no encoder although _must_open says so whenever there is none")
        unit = self._encoder.encode(picture, job.time_90k, idr=job.idr)
        return self._with_pace(unit) if unit.is_key else unit

    def _must_open(self, name: str, picture: Picture, pace: Fraction, idr: bool) -> bool:
        encoder = self._encoder
        if encoder is None or (picture.width, picture.height) != self._size:
            return True
        if (encoder.options.encoder, encoder.options.preset) != (name, self._preset):
            return True
        # Opening takes 1.5 ms at VGA; at a keyframe nobody sees it.
        return idr and is_far_off(encoder.options.pace_hz, pace)

    def _open(self, name: str, picture: Picture, pace: Fraction, interval_ns: int) -> None:
        size = picture.width, picture.height
        if size != self._size:
            self._declared_mhz = millihertz(interval_ns)
        self._size = size
        own = replace(self._options, encoder=name, preset=self._preset)
        self._encoder = H264Encoder(replace(own, width=size[0], height=size[1], pace_hz=pace))

    def _with_pace(self, unit: AccessUnit) -> AccessUnit:
        # The pace of the stream's beginning, so that an encoder opened anew for another pace leaves the parameter sets,
        # and with them the epoch and every player's decoder, as they are.
        declared = self._declared_mhz
        return AccessUnit(tuple(declare_pace(n, declared) if nal_type(n) == NalType.SPS else n for n in unit.nals))
