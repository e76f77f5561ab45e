"""What the library and its stills child say to each other: questions for a picture, and JPEGs. Pure.

Each message is the lengths of its header and payload (2 x 4 bytes, big-endian), a record (`common/wire.py`), a payload.
A question's payload is the samples from the keyframe to the wanted picture, or one JPEG; the answer's is a JPEG.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from common.errors import RecordingError, WireError
from common.wire import decode_record, encode_record

LENGTHS: Final = struct.Struct(">II")
HEADER_LIMIT_BYTES: Final = 1 << 20
# A keyframe and what follows it: 20 s of UXGA at a generous 10 Mbit/s are 25 MB.
PAYLOAD_LIMIT_BYTES: Final = 64 << 20


@dataclass(frozen=True, slots=True)
class Question:
    """Which picture: the last of H.264 `samples`, decoded after `avcc`; without `avcc`, the one JPEG in `samples`.

    `height` 0: as it is. `quality`: FFmpeg's qscale.
    """

    samples: Sequence[bytes]
    avcc: bytes = b""
    height: int = 0
    quality: int = 3


def lengths(head: bytes) -> tuple[int, int]:
    """Return the lengths that a message begins with; raise WireError when they are out of bounds."""
    header_bytes, payload_bytes = LENGTHS.unpack(head)
    if header_bytes > HEADER_LIMIT_BYTES or payload_bytes > PAYLOAD_LIMIT_BYTES:
        raise WireError(f"message of {header_bytes} and {payload_bytes} bytes")
    return header_bytes, payload_bytes


def encode_question(question: Question) -> bytes:
    """Return a question's bytes; raise RecordingError when its samples are too many."""
    total_bytes = sum(map(len, question.samples))
    if total_bytes > PAYLOAD_LIMIT_BYTES:
        raise RecordingError(f"{total_bytes} bytes lie between the keyframe and the picture")
    header = encode_record(
        {
            "sizes": [len(sample) for sample in question.samples],
            "avcc": question.avcc,
            "height": question.height,
            "quality": question.quality,
        }
    )
    return b"".join((LENGTHS.pack(len(header), total_bytes), header, *question.samples))


def decode_question(header: bytes, payload: bytes) -> Question:
    """Return the question; the peer is the library itself, so nothing but the version is checked."""
    record = decode_record(header)
    samples, start = [], 0
    for size in record["sizes"]:
        samples.append(payload[start : start + size])
        start += size
    return Question(samples, record["avcc"], record["height"], record["quality"])


def encode_answer(jpeg: bytes, problem: str = "") -> bytes:
    """Return an answer's bytes: a JPEG, or a sentence on why there is none."""
    header = encode_record({"problem": problem})
    return LENGTHS.pack(len(header), len(jpeg)) + header + jpeg


def decode_answer(header: bytes, payload: bytes) -> bytes:
    """Return the JPEG; raise RecordingError with the child's sentence."""
    problem = decode_record(header).get("problem")
    if problem:
        raise RecordingError(str(problem))
    return payload
