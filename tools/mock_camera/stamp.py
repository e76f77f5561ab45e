"""The block code in the picture: 48 bits as black and white cells, for programs that must know which frame they see.

24 bits frame number, 12 bits camera hash, 12 bits checksum, most significant bit first. Drawn by `scene`, read back by
tests/helpers/picture.py; where the cells lie is in `layout`.
"""

import binascii
import zlib
from collections.abc import Sequence
from typing import Final, NamedTuple

NUMBER_BITS: Final = 24  # 7.7 days at 25 frames a second, then it starts again
HASH_BITS: Final = 12
CHECK_BITS: Final = 12
STAMP_BITS: Final = NUMBER_BITS + HASH_BITS + CHECK_BITS


class Stamp(NamedTuple):
    """What a picture says of itself."""

    number: int
    camera_hash: int


def camera_hash(camera: str) -> int:
    """Return 12 bits that tell cameras apart; capitals do not count, as in the server's camera ids."""
    return zlib.crc32(camera.lower().encode()) & ((1 << HASH_BITS) - 1)


def stamp_bits(stamp: Stamp) -> list[bool]:
    """Return the cells of a stamp, True for white; the number wraps after 24 bits."""
    body = _body(stamp)
    word = body << CHECK_BITS | _check(body)
    return [bool(word >> bit & 1) for bit in range(STAMP_BITS - 1, -1, -1)]


def parse_stamp(bits: Sequence[bool]) -> Stamp | None:
    """Return the stamp that these cells hold, or None when the checksum says that they hold none."""
    word = 0
    for bit in bits:
        word = word << 1 | bit
    body, check = word >> CHECK_BITS, word & ((1 << CHECK_BITS) - 1)
    if len(bits) != STAMP_BITS or check != _check(body):
        return None
    return Stamp(body >> HASH_BITS, body & ((1 << HASH_BITS) - 1))


def _body(stamp: Stamp) -> int:
    number = stamp.number & ((1 << NUMBER_BITS) - 1)
    return number << HASH_BITS | stamp.camera_hash & ((1 << HASH_BITS) - 1)


def _check(body: int) -> int:
    # CRC-16 cut to 12 bits. It starts from ones, so that a black picture is no valid stamp.
    return binascii.crc_hqx(body.to_bytes(5), 0xFFFF) & ((1 << CHECK_BITS) - 1)
