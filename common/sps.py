"""The sequence parameter set of H.264: size, profile, colours and pace of a stream. Pure.

Section and table numbers are ITU-T H.264's.
"""

from dataclasses import dataclass
from typing import Final

from common.errors import CodecError
from common.h264 import NalType, nal_type


@dataclass(frozen=True, slots=True)
class Colour:
    """How samples mean colours: code points of tables E-3 to E-5 and the range flag."""

    primaries: int
    transfer: int
    matrix: int
    full_range: bool


@dataclass(frozen=True, slots=True)
class Sps:
    """What a sequence parameter set says of its pictures."""

    profile_idc: int
    constraints: int
    level_idc: int
    width: int
    height: int
    chroma_format_idc: int = 1
    bit_depth_luma: int = 8
    bit_depth_chroma: int = 8
    colour: Colour | None = None
    timing_bit: int = -1
    """Where num_units_in_tick begins in the unescaped bytes after the NAL header; -1: no timing."""

    @property
    def codec(self) -> str:
        """The codec string of RFC 6381, such as avc1.42C01F."""
        return f"avc1.{self.profile_idc:02X}{self.constraints:02X}{self.level_idc:02X}"


# Profiles whose SPS describes its chroma format and scaling lists (7.3.2.1.1).
HIGH_PROFILES: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})
# The longest side that any level allows: the root of 8 times level 6.2's MaxFS, in macroblocks (A.3.1).
SIZE_LIMIT_PX: Final = 16_880
_EXTENDED_SAR: Final = 255
_COLOUR_UNSPECIFIED: Final = 2
# num_units_in_tick, time_scale and fixed_frame_rate_flag (E.1.1).
_TIMING_BITS: Final = 32 + 32 + 1


def parse_sps(nal: bytes) -> Sps:
    """Return what an SPS NAL unit says; raise CodecError when it is none or breaks off."""
    if len(nal) < 5 or nal_type(nal) != NalType.SPS:
        raise CodecError(f"no sequence parameter set: {nal[:4].hex()}, {len(nal)} bytes")
    bits = _Bits(_unescape(nal[1:]))
    profile_idc, constraints, level_idc = bits.take(8), bits.take(8), bits.take(8)
    bits.ue()
    chroma_format_idc, depth_luma, depth_chroma, separate = 1, 8, 8, False
    if profile_idc in HIGH_PROFILES:
        chroma_format_idc = bits.ue()
        separate = chroma_format_idc == 3 and bool(bits.take(1))
        depth_luma, depth_chroma = 8 + bits.ue(), 8 + bits.ue()
        if chroma_format_idc > 3 or max(depth_luma, depth_chroma) > 14:
            raise CodecError(f"chroma format {chroma_format_idc} with {depth_luma} and {depth_chroma} bits")
        bits.take(1)
        _skip_scaling_lists(bits, chroma_format_idc)
    _skip_order_count(bits)
    width, height = _parse_size(bits, 0 if separate else chroma_format_idc)
    colour, timing_bit = _parse_vui(bits) if bits.take(1) else (None, -1)
    return Sps(
        profile_idc=profile_idc,
        constraints=constraints,
        level_idc=level_idc,
        width=width,
        height=height,
        chroma_format_idc=chroma_format_idc,
        bit_depth_luma=depth_luma,
        bit_depth_chroma=depth_chroma,
        colour=colour,
        timing_bit=timing_bit,
    )


def declare_pace(nal: bytes, millihertz: int) -> bytes:
    """Return the SPS saying that pictures come about that often, at no fixed rate; without a timing field, as it is.

    Readers of the raw stream, which carries no times, play at that pace.
    """
    at = parse_sps(nal).timing_bit
    if at < 0:
        return nal
    rbsp = _unescape(nal[1:])
    # Two ticks a picture (E.2.1), and the last bit, no fixed rate, is 0.
    timing = (1000 << 33) | (2 * millihertz << 1)
    shift = len(rbsp) * 8 - at - _TIMING_BITS
    value = int.from_bytes(rbsp, "big")
    value = value & ~(((1 << _TIMING_BITS) - 1) << shift) | timing << shift
    return nal[:1] + _escape(value.to_bytes(len(rbsp), "big"))


def _skip_scaling_lists(bits: "_Bits", chroma_format_idc: int) -> None:
    if not bits.take(1):
        return
    for index in range(8 if chroma_format_idc != 3 else 12):
        if bits.take(1):
            _skip_scaling_list(bits, 16 if index < 6 else 64)


def _skip_scaling_list(bits: "_Bits", size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.se()) % 256
        last = following or last


def _skip_order_count(bits: "_Bits") -> None:
    bits.ue()
    kind = bits.ue()
    if kind == 0:
        bits.ue()
    elif kind == 1:
        bits.take(1)
        bits.se()
        bits.se()
        for _ in range(min(bits.ue(), 255)):
            bits.se()
    bits.ue()
    bits.take(1)


def _parse_size(bits: "_Bits", chroma_array_type: int) -> tuple[int, int]:
    width_mbs, height_units = bits.ue() + 1, bits.ue() + 1
    frames_only = bits.take(1)
    if not frames_only:
        bits.take(1)
    bits.take(1)
    left = right = top = bottom = 0
    if bits.take(1):
        left, right, top, bottom = bits.ue(), bits.ue(), bits.ue(), bits.ue()
    # Units of cropping: equations 7-19 to 7-22.
    unit_x = 2 if chroma_array_type in (1, 2) else 1
    unit_y = (2 if chroma_array_type == 1 else 1) * (2 - frames_only)
    width = width_mbs * 16 - unit_x * (left + right)
    height = height_units * 16 * (2 - frames_only) - unit_y * (top + bottom)
    if not (0 < width <= SIZE_LIMIT_PX and 0 < height <= SIZE_LIMIT_PX):
        raise CodecError(f"sequence parameter set of {width}x{height} pixels")
    return width, height


def _parse_vui(bits: "_Bits") -> tuple[Colour | None, int]:
    if bits.take(1) and bits.take(8) == _EXTENDED_SAR:
        bits.take(32)
    if bits.take(1):
        bits.take(1)
    colour = _parse_colour(bits) if bits.take(1) else None
    if bits.take(1):
        bits.ue()
        bits.ue()
    if not bits.take(1):
        return colour, -1
    timing_bit = bits.at
    bits.take(_TIMING_BITS)
    return colour, timing_bit


def _parse_colour(bits: "_Bits") -> Colour:
    bits.take(3)
    full_range = bool(bits.take(1))
    primaries = transfer = matrix = _COLOUR_UNSPECIFIED
    if bits.take(1):
        primaries, transfer, matrix = bits.take(8), bits.take(8), bits.take(8)
    return Colour(primaries, transfer, matrix, full_range)


class _Bits:
    """Reads bits and Exp-Golomb numbers (9.1) from the most significant end."""

    def __init__(self, rbsp: bytes) -> None:
        self._value = int.from_bytes(rbsp, "big")
        self._length = len(rbsp) * 8
        self.at = 0

    def take(self, count: int) -> int:
        self.at += count
        if self.at > self._length:
            raise CodecError(f"sequence parameter set breaks off after {self._length // 8} bytes")
        return self._value >> (self._length - self.at) & ((1 << count) - 1)

    def ue(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 32:
                raise CodecError("sequence parameter set holds a number of more than 32 bits")
        return (1 << zeros) - 1 + self.take(zeros)

    def se(self) -> int:
        code = self.ue()
        return (code + 1) // 2 if code % 2 else -(code // 2)


def _unescape(nal: bytes) -> bytes:
    """Return the bytes without emulation prevention (7.4.1)."""
    return nal.replace(b"\x00\x00\x03", b"\x00\x00")


def _escape(rbsp: bytes) -> bytes:
    escaped = bytearray()
    zeros = 0
    for byte in rbsp:
        if zeros == 2 and byte <= 3:
            escaped.append(3)
            zeros = 0
        escaped.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(escaped)
