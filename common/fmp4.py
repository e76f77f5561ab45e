"""Fragmented MP4 by hand: an init segment for a stream's parameter sets, a fragment for each access unit. Pure.

ISO/IEC 14496-12 (boxes) and 14496-15 (avcC). PyAV's muxer writes a fragment only when the next one comes, so the live
one is made here. Times are ticks of 90 kHz; there is no edit list: a picture is shown at its decode time.
"""

import struct
from typing import Final

from common.errors import CodecError
from common.h264 import AccessUnit, NalType, nal_type
from common.sps import HIGH_PROFILES, Sps, parse_sps
from common.units import HZ_90K

TRACK_ID: Final = 1
# Where the 64-bit decode time lies in every fragment, for whoever shifts the times of a viewer.
TFDT_OFFSET: Final = 60

# What `avc1` keeps in the sample entry, or does without: they do not belong into samples (14496-15, 5.3 and 5.4).
_NO_SAMPLE: Final = frozenset({NalType.SPS, NalType.PPS, NalType.AUD})

# Sample flags: a keyframe depends on no other; another one does, and is no sync sample (8.8.3.1).
_KEY_FLAGS: Final = 0x0200_0000
_DELTA_FLAGS: Final = 0x0101_0000
_DEFAULT_BASE_IS_MOOF: Final = 0x02_0000
# Data offset, and for each sample its duration, size and flags (8.8.8).
_TRUN_FLAGS: Final = 0x0001 | 0x0100 | 0x0200 | 0x0400

# All boxes of moof and the header of mdat: their sizes never change, as there is one track with one sample.
_FRAGMENT: Final = struct.Struct(">I4s I4sII I4s I4sII I4sIQ I4sIIiIII I4s")
_MOOF_BYTES: Final = _FRAGMENT.size - 8

_UNITY_MATRIX: Final = struct.pack(">9I", 0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000)
_UND: Final = 0x55C4


def fragment(unit: AccessUnit, sequence: int, decode_time_90k: int, duration_90k: int) -> bytes:
    """Return moof and mdat of one access unit; `sequence` counts the fragments of a stream."""
    payload = sample(unit)
    header = _FRAGMENT.pack(
        _MOOF_BYTES,
        b"moof",
        16,
        b"mfhd",
        0,
        sequence & 0xFFFF_FFFF,
        _MOOF_BYTES - 24,
        b"traf",
        16,
        b"tfhd",
        _DEFAULT_BASE_IS_MOOF,
        TRACK_ID,
        20,
        b"tfdt",
        1 << 24,
        decode_time_90k,
        32,
        b"trun",
        _TRUN_FLAGS,
        1,
        _FRAGMENT.size,
        duration_90k,
        len(payload),
        _KEY_FLAGS if unit.is_key else _DELTA_FLAGS,
        8 + len(payload),
        b"mdat",
    )
    return header + payload


def sample(unit: AccessUnit) -> bytes:
    """Return the access unit as a sample of MP4: lengths of 4 bytes, without its parameter sets."""
    parts = []
    for nal in unit.nals:
        if nal_type(nal) not in _NO_SAMPLE:
            parts.append(len(nal).to_bytes(4, "big"))
            parts.append(nal)
    return b"".join(parts)


def init_segment(unit: AccessUnit) -> bytes:
    """Return ftyp and moov for a keyframe's stream; raise CodecError when it carries no usable parameter sets."""
    # Some cameras repeat them within one access unit.
    sets = tuple(tuple(dict.fromkeys(unit.of_type(kind))) for kind in (NalType.SPS, NalType.PPS))
    if not all(sets):
        raise CodecError("keyframe without its parameter sets")
    sps = parse_sps(sets[0][0])
    media = _box(
        b"mdia",
        _full_box(b"mdhd", struct.pack(">4I2H", 0, 0, HZ_90K, 0, _UND, 0)),
        _full_box(b"hdlr", struct.pack(">I4s3I", 0, b"vide", 0, 0, 0), b"esp32-stream\0"),
        _box(
            b"minf",
            _full_box(b"vmhd", bytes(8), flags=1),
            _box(b"dinf", _full_box(b"dref", struct.pack(">I", 1), _full_box(b"url ", flags=1))),
            _sample_table(sps, *sets),
        ),
    )
    return b"".join(
        (
            _box(b"ftyp", b"iso6", struct.pack(">I", 0), b"iso6mp41avc1"),
            _box(
                b"moov",
                _movie_header(),
                _box(b"trak", _track_header(sps), media),
                _box(b"mvex", _full_box(b"trex", struct.pack(">5I", TRACK_ID, 1, 0, 0, 0))),
            ),
        )
    )


def _movie_header() -> bytes:
    times = struct.pack(">4I", 0, 0, HZ_90K, 0)
    rate_and_volume = struct.pack(">IH10x", 0x1_0000, 0x0100)
    return _full_box(b"mvhd", times, rate_and_volume, _UNITY_MATRIX, bytes(24), struct.pack(">I", TRACK_ID + 1))


def _track_header(sps: Sps) -> bytes:
    identity = struct.pack(">5I", 0, 0, TRACK_ID, 0, 0)
    size = struct.pack(">II", sps.width << 16, sps.height << 16)
    # Enabled and in the movie; 8 bytes reserved, then layer, group, volume and 2 reserved.
    return _full_box(b"tkhd", identity, bytes(16), _UNITY_MATRIX, size, flags=3)


def _sample_table(sps: Sps, sps_nals: tuple[bytes, ...], pps_nals: tuple[bytes, ...]) -> bytes:
    empty = struct.pack(">I", 0)
    return _box(
        b"stbl",
        _full_box(b"stsd", struct.pack(">I", 1), _sample_entry(sps, sps_nals, pps_nals)),
        _full_box(b"stts", empty),
        _full_box(b"stsc", empty),
        _full_box(b"stsz", empty, empty),
        _full_box(b"stco", empty),
    )


def _sample_entry(sps: Sps, sps_nals: tuple[bytes, ...], pps_nals: tuple[bytes, ...]) -> bytes:
    # Data reference 1; size; 72 dpi both ways; one picture a sample; no name; 24 bits of colour (12.1.3).
    head = struct.pack(">6xH16x2H2II H32xHh", 1, sps.width, sps.height, 0x48_0000, 0x48_0000, 0, 1, 0x18, -1)
    return _box(b"avc1", head, _box(b"avcC", _decoder_configuration(sps, sps_nals, pps_nals)), _colour(sps))


def _decoder_configuration(sps: Sps, sps_nals: tuple[bytes, ...], pps_nals: tuple[bytes, ...]) -> bytes:
    if len(sps_nals) > 31 or len(pps_nals) > 255 or max(map(len, sps_nals + pps_nals)) > 0xFFFF:
        raise CodecError(f"{len(sps_nals)} and {len(pps_nals)} parameter sets do not fit into an MP4")
    # Lengths of 4 bytes; reserved bits are ones.
    parts = [struct.pack(">5B", 1, sps.profile_idc, sps.constraints, sps.level_idc, 0xFC | 3)]
    parts.append(bytes((0xE0 | len(sps_nals),)))
    parts.extend(struct.pack(">H", len(nal)) + nal for nal in sps_nals)
    parts.append(bytes((len(pps_nals),)))
    parts.extend(struct.pack(">H", len(nal)) + nal for nal in pps_nals)
    if sps.profile_idc in HIGH_PROFILES:
        depths = 0xF8 | sps.bit_depth_luma - 8, 0xF8 | sps.bit_depth_chroma - 8
        parts.append(bytes((0xFC | sps.chroma_format_idc, *depths, 0)))
    return b"".join(parts)


def _colour(sps: Sps) -> bytes:
    """Return what the SPS says of its colours, for players that read only boxes; nothing where it says nothing."""
    colour = sps.colour
    if colour is None:
        return b""
    return _box(
        b"colr",
        struct.pack(
            ">4s3HB", b"nclx", colour.primaries, colour.transfer, colour.matrix, 0x80 if colour.full_range else 0
        ),
    )


def _box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _full_box(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", flags), *parts)
