"""What goes wrong with a JPEG between sensor and server, as seen in the field; each kind maps bytes to bytes."""

import random
from collections.abc import Callable
from typing import Final

_EOI: Final = b"\xff\xd9"
_SOS: Final = 0xDA
_NOISE_BLOCK_BYTES: Final = 64  # the size of a DMA block: so long are the gaps in frames taken with too fast a clock
_MOST_LEADING_BYTES: Final = 64  # what the server is to skip before SOI
_MOST_STALE_BYTES: Final = 512  # a DMA block's rest, where the driver finds an older frame's end

Corruption = Callable[[bytes, bytes, random.Random], bytes]


def corrupt(kind: str, jpeg: bytes, previous: bytes, dice: random.Random) -> bytes:
    """Return a JPEG damaged in that way; `previous` is the frame before it (for what two frames leave behind)."""
    return CORRUPTIONS[kind](jpeg, previous, dice)


def scan_start(jpeg: bytes) -> int:
    """Return where the entropy-coded data begins; 2, behind SOI, when the segments do not lead there."""
    position = 2
    while position + 4 <= len(jpeg) and jpeg[position] == 0xFF:
        marker, length = jpeg[position + 1], int.from_bytes(jpeg[position + 2 : position + 4])
        position += 2 + length
        if marker == _SOS and position < len(jpeg):
            return position
    return 2


def _truncated(jpeg: bytes, _previous: bytes, dice: random.Random) -> bytes:
    """The connection or the frame buffer ended early."""
    return jpeg[: dice.randrange(scan_start(jpeg), len(jpeg) - len(_EOI))]


def _spliced(jpeg: bytes, previous: bytes, dice: random.Random) -> bytes:
    """A message of the promised length that holds the first part of one frame and the start of the next.

    Links2004's library sends such after a stall: it gives up in mid-frame and goes on with a new one.
    """
    # Far enough from both ends that neither frame is whole.
    cut = dice.randint(len(previous) // 4, len(previous) * 3 // 4)
    return (previous[:cut] + jpeg)[: len(previous)]


def _junk(jpeg: bytes, _previous: bytes, dice: random.Random) -> bytes:
    """No JPEG at all."""
    # Without a byte of FF there is no marker in it by accident.
    return dice.randbytes(len(jpeg)).replace(b"\xff", b"\x00")


def _noise(jpeg: bytes, _previous: bytes, dice: random.Random) -> bytes:
    """Every marker is right, but a block of the scan was overwritten: decoders show it, or complain."""
    first = scan_start(jpeg)
    length = min(_NOISE_BLOCK_BYTES, len(jpeg) - len(_EOI) - first)
    start = dice.randrange(first, len(jpeg) - len(_EOI) - length + 1)
    block = dice.randbytes(length).replace(b"\xff", b"\x7f")
    # The byte before the block may be FF, whose stuffed zero must stay one.
    if jpeg[start - 1] == 0xFF:
        block = b"\x00" + block[1:]
    tail = jpeg[start + length :]
    return jpeg[:start] + block + tail


def _leading(jpeg: bytes, _previous: bytes, dice: random.Random) -> bytes:
    """A private header, or the rest of the frame before, stands before SOI."""
    return _junk(bytes(dice.randint(1, _MOST_LEADING_BYTES)), b"", dice) + jpeg


def _trailing(jpeg: bytes, previous: bytes, dice: random.Random) -> bytes:
    """Bytes behind EOI: zeros of the drivers before 2021, the sensor's padding, or a longer frame's old end."""
    stale = previous[-dice.randint(len(_EOI) + 1, _MOST_STALE_BYTES) :]
    return jpeg + dice.choice((b"\x00", b"\x00\x00", b"\xd9\xd9\xd9", stale))


def _no_eoi(jpeg: bytes, _previous: bytes, _dice: random.Random) -> bytes:
    """The end marker is missing, and nothing else."""
    return jpeg.removesuffix(_EOI)


CORRUPTIONS: Final[dict[str, Corruption]] = {
    "truncated": _truncated,
    "spliced": _spliced,
    "junk": _junk,
    "noise": _noise,
    "leading": _leading,
    "trailing": _trailing,
    "no-eoi": _no_eoi,
}
# With these the server is to show the frame all the same. `noise` may or may not decode; the others are to be dropped.
HARMLESS: Final = frozenset({"leading", "trailing"})
