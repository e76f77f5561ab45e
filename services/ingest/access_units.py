"""H.264 from a camera: one message in, one access unit that viewers can use out; and the current group of pictures.

Parameter sets are kept and put before the keyframes that lack them, so that every keyframe stands alone. Pure.
"""

from dataclasses import dataclass
from typing import Final

from common.errors import AccessUnitError, CodecError
from common.frame import Frame
from common.h264 import AccessUnit, NalType, parse_access_unit, to_annex_b
from common.sps import Sps, parse_sps

# The causes, which are the names of counters.
NO_KEYFRAME: Final = "no_keyframe"
MALFORMED: Final = "malformed"

# A picture has a handful of NAL units, one a slice; a parameter set some 30 bytes.
NAL_LIMIT: Final = 256
PARAMETER_SET_LIMIT_BYTES: Final = 1024
# About 10 s of a generous stream; a longer group is not kept, and newcomers wait for its end.
GROUP_LIMIT_BYTES: Final = 4 << 20

_START_CODE: Final = b"\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class UsableUnit:
    """An access unit, its keyframes with parameter sets, and what those say of it."""

    payload: bytes
    key: bool
    width: int
    height: int
    codec: str
    is_new_stream: bool
    """The sequence parameter set differs from that of the unit before: a decoder begins anew."""


class AccessUnits:
    """The access units of one connection, in order."""

    def __init__(self) -> None:
        self._sps = b""
        self._pps: tuple[bytes, ...] = ()
        self._described: Sps | None = None
        self._changed = False
        # Before the first keyframe, and after a unit was lost: what refers to it would show garbage.
        self._waiting = True

    def take(self, message: bytes) -> UsableUnit | None:
        """Return the access unit of a message; None for parameter sets that come alone. Raises AccessUnitError."""
        try:
            unit = self._read(message)
        except AccessUnitError:
            self._waiting = True
            raise
        if not unit.has_picture:
            return None
        if self._described is None or ((self._waiting or self._changed) and not unit.is_key):
            raise AccessUnitError(NO_KEYFRAME, "waits for a keyframe with its parameter sets")
        payload = self._complete(unit, message) if unit.is_key else message
        is_new, self._changed, self._waiting = self._changed, False, False
        sps = self._described
        return UsableUnit(payload, unit.is_key, sps.width, sps.height, sps.codec, is_new)

    def _read(self, message: bytes) -> AccessUnit:
        if message.count(_START_CODE) > NAL_LIMIT:
            raise AccessUnitError(MALFORMED, f"more than {NAL_LIMIT} NAL units")
        unit = parse_access_unit(message)
        self._keep_parameter_sets(unit)
        return unit

    def _keep_parameter_sets(self, unit: AccessUnit) -> None:
        sps, pps = unit.of_type(NalType.SPS), unit.of_type(NalType.PPS)
        if any(len(nal) > PARAMETER_SET_LIMIT_BYTES for nal in (*sps, *pps)):
            raise AccessUnitError(MALFORMED, f"a parameter set of more than {PARAMETER_SET_LIMIT_BYTES} bytes")
        if sps and sps[-1] != self._sps:
            try:
                described = parse_sps(sps[-1])
            except CodecError as error:
                raise AccessUnitError(MALFORMED, str(error)) from error
            self._sps, self._pps, self._described, self._changed = sps[-1], (), described, True
        if pps:
            self._pps = pps

    def _complete(self, unit: AccessUnit, message: bytes) -> bytes:
        if unit.of_type(NalType.SPS) and unit.of_type(NalType.PPS):
            return message
        if not self._pps:
            raise AccessUnitError(NO_KEYFRAME, "a keyframe came without a picture parameter set")
        sets = (NalType.AUD, NalType.SPS, NalType.PPS)
        rest = tuple(nal for nal in unit.nals if nal[0] & 0x1F not in sets)
        return to_annex_b((*unit.of_type(NalType.AUD), self._sps, *self._pps, *rest))


class Group:
    """The frames since the last keyframe, for newcomers; bounded, empty when there is no whole one."""

    def __init__(self, limit_bytes: int = GROUP_LIMIT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._size_bytes = 0
        self._frames: list[Frame] = []

    def add(self, frame: Frame) -> None:
        """Keep a frame that follows the kept ones, or begins anew."""
        if frame.key:
            self._frames, self._size_bytes = [], 0
        elif not self._frames:
            return
        self._frames.append(frame)
        self._size_bytes += len(frame.payload)
        if self._size_bytes > self._limit_bytes:
            self._frames, self._size_bytes = [], 0

    def frames(self) -> tuple[Frame, ...]:
        """Return the frames, a keyframe first."""
        return tuple(self._frames)
