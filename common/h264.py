"""H.264 as bytes: access units with start codes (Annex B) into NAL units and back. Pure.

Section and table numbers are ITU-T H.264's. For whoever gets an access unit: from a camera, from an encoder.
What a parameter set says is in `common/sps.py`.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

START_CODE: Final = b"\x00\x00\x00\x01"
_SHORT_START_CODE: Final = b"\x00\x00\x01"


class NalType(IntEnum):
    """The NAL unit types that matter here (table 7-1)."""

    SLICE = 1
    IDR = 5
    SEI = 6
    SPS = 7
    PPS = 8
    AUD = 9


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """The NAL units of one picture, without start codes."""

    nals: tuple[bytes, ...]

    @property
    def is_key(self) -> bool:
        """Whether a decoder can start here, given the parameter sets."""
        return any(nal_type(nal) == NalType.IDR for nal in self.nals)

    @property
    def has_picture(self) -> bool:
        return any(NalType.SLICE <= nal_type(nal) <= NalType.IDR for nal in self.nals)

    def of_type(self, wanted: NalType) -> tuple[bytes, ...]:
        return tuple(nal for nal in self.nals if nal_type(nal) == wanted)


def has_start_code(message: bytes) -> bool:
    """Return whether a message begins as Annex B does: no JPEG begins so."""
    return message.startswith((START_CODE, _SHORT_START_CODE))


def parse_access_unit(annex_b: bytes) -> AccessUnit:
    """Return the NAL units between start codes (annex B.1); bytes before the first start code are ignored."""
    nals = []
    start = annex_b.find(_SHORT_START_CODE)
    while start >= 0:
        start += len(_SHORT_START_CODE)
        following = annex_b.find(_SHORT_START_CODE, start)
        # No NAL unit ends in a zero byte (7.4.1): those belong to the next start code, or are padding.
        nal = (annex_b[start:] if following < 0 else annex_b[start:following]).rstrip(b"\x00")
        if nal:
            nals.append(nal)
        start = following
    return AccessUnit(tuple(nals))


def to_annex_b(nals: tuple[bytes, ...]) -> bytes:
    """Return the NAL units with a start code before each."""
    return b"".join(part for nal in nals for part in (START_CODE, nal))


def nal_type(nal: bytes) -> int:
    """Return the type of a NAL unit (not empty)."""
    return nal[0] & 0x1F
