"""A bitmap font of 5 by 7 dots: capitals, digits and what names and times need."""

from functools import lru_cache
from typing import Final

GLYPH_WIDTH: Final = 5
GLYPH_HEIGHT: Final = 7
ADVANCE: Final = GLYPH_WIDTH + 1  # a column of space after each glyph

# Two hex digits a line, top to bottom; the lowest five bits are the dots, the leftmost dot the highest of them.
_GLYPHS: Final[dict[str, str]] = {
    " ": "00000000000000",
    "#": "0a0a1f0a1f0a0a",
    "-": "0000000e000000",
    ".": "00000000000c0c",
    "/": "01020204080810",
    ":": "000c0c000c0c00",
    "?": "0e110102040004",
    "_": "0000000000001f",
    "0": "0e11191513110e",
    "1": "040c040404040e",
    "2": "0e11010608101f",
    "3": "1e01010e01011e",
    "4": "1111111f010101",
    "5": "1f10101e01011e",
    "6": "0e10101e11110e",
    "7": "1f010202040404",
    "8": "0e11110e11110e",
    "9": "0e11110f01010e",
    "A": "040a11111f1111",
    "B": "1e11111e11111e",
    "C": "0f10101010100f",
    "D": "1e11111111111e",
    "E": "1f10101e10101f",
    "F": "1f10101e101010",
    "G": "0f10101311110f",
    "H": "1111111f111111",
    "I": "0e04040404040e",
    "J": "0701010101110e",
    "K": "11121418141211",
    "L": "1010101010101f",
    "M": "111b1515111111",
    "N": "11191515131111",
    "O": "0e11111111110e",
    "P": "1e11111e101010",
    "Q": "0e11111115120d",
    "R": "1e11111e141211",
    "S": "0f10100e01011e",
    "T": "1f040404040404",
    "U": "1111111111110e",
    "V": "111111110a0a04",
    "W": "11111115151b11",
    "X": "11110a040a1111",
    "Y": "11110a04040404",
    "Z": "1f01020408101f",
}


def text_lines(text: str, scale: int, ink: int, paper: int) -> list[bytes]:
    """Return the seven dot lines of a text as samples, each to be drawn `scale` times; unknown letters become `?`."""
    glyphs = [_glyph(letter if letter in _GLYPHS else "?", scale, ink, paper) for letter in text.upper()]
    return [b"".join(glyph[line] for glyph in glyphs) for line in range(GLYPH_HEIGHT)]


@lru_cache(maxsize=256)  # 45 glyphs at the few scales that one process uses
def _glyph(letter: str, scale: int, ink: int, paper: int) -> tuple[bytes, ...]:
    lines = bytes.fromhex(_GLYPHS[letter])
    # The lowest bit after the shift is the space between letters.
    return tuple(b"".join(_dot(line << 1 >> bit & 1, scale, ink, paper) for bit in range(5, -1, -1)) for line in lines)


def _dot(is_set: int, scale: int, ink: int, paper: int) -> bytes:
    return bytes([ink if is_set else paper]) * scale
