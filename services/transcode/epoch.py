"""The identity of a stream: which term, which encoder, which parameter sets. A change begins a new epoch. Pure."""

from common.errors import CodecError
from common.frame import Frame
from common.h264 import NalType
from common.sps import parse_sps
from services.transcode.jobs import Encoded, Job
from services.transcode.timeline import media_time_ns


class Epochs:
    """The epochs of one camera, one after the other."""

    def __init__(self) -> None:
        self._term = 0
        self._start_ns = 0
        self._parameter_sets: tuple[bytes, ...] = ()
        self._codec = ""

    def follow(self, job: Job, encoded: Encoded, wall_ns: int) -> bool:
        """Return whether the picture begins a new epoch. Raises CodecError when it should and is no keyframe."""
        unit = encoded.unit
        sets = (*unit.of_type(NalType.SPS), *unit.of_type(NalType.PPS)) if unit.is_key else self._parameter_sets
        if not job.begins and (job.term, sets) == (self._term, self._parameter_sets):
            return False
        if not unit.is_key:
            raise CodecError(f"{encoded.encoder} gave no keyframe where one was asked for")
        self._codec = parse_sps(sets[0]).codec
        self._term, self._parameter_sets = job.term, sets
        # Two within a nanosecond, or a wall clock that stepped back, must still be in order.
        self._start_ns = max(self._start_ns + 1, wall_ns)
        return True

    def describe(self, job: Job, encoded: Encoded, now_ns: int) -> Frame:
        """Return the frame of an encoded picture without its payload and number."""
        source = job.arrived.frame
        key = encoded.unit.is_key
        return Frame(
            seq=source.seq,
            source=source.source,
            media_time_ns=media_time_ns(source.media_time_ns, job.time_90k),
            captured_at_ns=source.captured_at_ns,
            width=encoded.width,
            height=encoded.height,
            host=source.host,
            hops={**source.hops, "transcode_in": job.arrived.at_ns, "transcode_out": now_ns},
            key=key,
            late=source.late,
            replay=source.replay,
            skipped=job.skipped,
            interval_ns=job.interval_ns,
            term=self._term,
            encoder_start_ns=self._start_ns,
            codec=self._codec if key else "",
        )
