"""The video file: fragmented MP4 whose every fragment carries its checksum. Frames of the bus in, bytes out. Pure.

    ftyp moov          the stream's init segment, with room for the whole duration (mehd, once it is known)
    uuid facts         whose it is and when it starts, with the checksum of all before and of itself
    (moof mdat uuid)*  up to about a second of samples; the uuid box is the mark: checksum, end, frames missing so far

What has no valid mark is a torn tail. A stretch that was found damaged later is turned into one `free` box. Times are
ticks of 90 kHz since the file's start; ISO/IEC 14496-12 and 14496-15 as in common/fmp4.py. parsing.py reads it.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import chain, pairwise
from typing import Final

from common.errors import RecordingError
from common.frame import Frame
from common.recordings.checksum import crc32c
from common.recordings.init_segment import BOX, MEHD, TRACK_ID, duration_box, duration_offset, with_duration
from common.units import to_90k
from common.wire import encode_record

FACTS_ID: Final = bytes.fromhex("9b1f0c3ae5d1496ab0a86d3c1e27f450")
MARK_ID: Final = bytes.fromhex("5d0e7c92a46b4f3c8e1739b5d2f0a861")

# Size, uuid, its id, checksum; the facts' record follows.
FACTS_BOX: Final = struct.Struct(">I4s16sI")
# The same, and the end of the last sample in ns since 1970; a record of the frames missing so far may follow.
MARK_BOX: Final = struct.Struct(">I4s16sIQ")
# moof{mfhd traf{tfhd tfdt trun}} up to the samples' table, which holds a duration and a size each.
MOOF: Final = struct.Struct(">I4s I4sII I4s I4sIII I4sIQ I4sIIII")
ENTRY_BYTES: Final = 8

KEY_FLAGS: Final = 0x0200_0000
DELTA_FLAGS: Final = 0x0101_0000
# Default base is moof, default sample flags (8.8.7); data offset, first flags, durations and sizes (8.8.8).
TFHD_FLAGS: Final = 0x02_0000 | 0x20
TRUN_FLAGS: Final = 0x0001 | 0x0004 | 0x0100 | 0x0200


@dataclass(frozen=True, slots=True)
class Sample:
    """One coded picture: recorder time, and its NAL units behind lengths of 4 bytes."""

    time_ns: int
    is_key: bool
    data: bytes

    def __repr__(self) -> str:
        return f"Sample(t={self.time_ns} {'key ' if self.is_key else ''}{len(self.data)} bytes)"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a file says of itself: recorder time of its first sample, the clock's shift, where its frames come from."""

    camera: str
    start_ns: int
    shift_ns: int
    source: int
    term: int
    encoder_start_ns: int
    width: int
    height: int
    codec: str


def sample_of(frame: Frame, time_ns: int) -> Sample:
    """Return the sample in a message of `mp4/`; raise RecordingError when its payload is no moof and mdat."""
    payload = frame.payload
    if len(payload) >= BOX.size:
        moof_bytes, kind = BOX.unpack_from(payload)
        if kind == b"moof" and len(payload) >= moof_bytes + BOX.size:
            mdat_bytes, kind = BOX.unpack_from(payload, moof_bytes)
            if kind == b"mdat" and mdat_bytes > BOX.size and moof_bytes + mdat_bytes == len(payload):
                return Sample(time_ns, frame.key, payload[moof_bytes + BOX.size :])
    raise RecordingError(f"message of {len(payload)} bytes is not one fragment (moof and mdat)")


def head(init: bytes, facts: Facts) -> bytes:
    """Return everything before the first fragment; raise RecordingError when `init` is not of one 90 kHz track."""
    start = with_duration(init)
    record = encode_record(asdict(facts))
    box_bytes = FACTS_BOX.size + len(record)
    crc = head_crc(start + FACTS_BOX.pack(box_bytes, b"uuid", FACTS_ID, 0) + record, len(start))
    return start + FACTS_BOX.pack(box_bytes, b"uuid", FACTS_ID, crc) + record


def head_crc(head_bytes: bytes, facts_at: int) -> int:
    """Return the checksum of a head whose facts begin at `facts_at`, without the duration and the checksum itself."""
    duration_at, crc_at = duration_offset(head_bytes), facts_at + FACTS_BOX.size - 4
    parts = (head_bytes[:duration_at], head_bytes[duration_at + MEHD.size : crc_at], head_bytes[crc_at + 4 :])
    return crc32c(b"".join(parts))


def duration_patch(head_bytes: bytes, duration_90k: int) -> tuple[int, bytes]:
    """Return where the file's whole duration stands, and the bytes that belong there. The checksum leaves them out."""
    return duration_offset(head_bytes), duration_box(duration_90k)


def fragment(
    samples: Sequence[Sample],
    start_ns: int,
    sequence: int,
    end_ns: int,
    skipped: Mapping[str, int] | None = None,
    not_before_90k: int = 0,
) -> bytes:
    """Return moof, mdat and mark of samples of which at most the first is a keyframe.

    Durations come from the samples' times, the last one's from `end_ns`, which may be an estimate: the next fragment's
    start is the truth. Times that do not grow by a tick are made to, from `not_before_90k` on. `skipped`: frames
    missing in the whole file so far, by cause.
    """
    times = _ticks([sample.time_ns - start_ns for sample in samples] + [end_ns - start_ns], not_before_90k)
    sizes = [len(sample.data) for sample in samples]
    durations = [after - time for time, after in pairwise(times)]
    moof_bytes = MOOF.size + ENTRY_BYTES * len(samples)
    body = b"".join(
        (
            _moof(moof_bytes, sequence, times[0], len(samples), is_key=samples[0].is_key),
            struct.pack(f">{2 * len(samples)}I", *chain.from_iterable(zip(durations, sizes, strict=True))),
            BOX.pack(BOX.size + sum(sizes), b"mdat"),
            *[sample.data for sample in samples],
        )
    )
    return body + _mark(crc32c(body), end_ns, skipped)


def _ticks(offsets_ns: list[int], not_before_90k: int) -> list[int]:
    ticks = [to_90k(offset_ns) for offset_ns in offsets_ns]
    at_least = not_before_90k
    for index, tick in enumerate(ticks):
        if tick < at_least:
            ticks[index] = tick = at_least
        at_least = tick + 1
    return ticks


def _moof(moof_bytes: int, sequence: int, time_90k: int, samples: int, *, is_key: bool) -> bytes:
    return MOOF.pack(
        *(moof_bytes, b"moof"),
        *(16, b"mfhd", 0, sequence & 0xFFFF_FFFF),
        *(moof_bytes - 24, b"traf"),
        *(20, b"tfhd", TFHD_FLAGS, TRACK_ID, DELTA_FLAGS),
        *(20, b"tfdt", 1 << 24, time_90k),
        *(moof_bytes - 72, b"trun", TRUN_FLAGS, samples, moof_bytes + BOX.size),
        KEY_FLAGS if is_key else DELTA_FLAGS,
    )


def _mark(body_crc: int, end_ns: int, skipped: Mapping[str, int] | None) -> bytes:
    record = encode_record(skipped) if skipped else b""
    crc = crc32c(end_ns.to_bytes(8, "big") + record, body_crc)
    return MARK_BOX.pack(MARK_BOX.size + len(record), b"uuid", MARK_ID, crc, end_ns) + record
