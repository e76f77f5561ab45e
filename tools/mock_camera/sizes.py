"""Picture sizes by the names that ESP32 sketches use."""

import re
from typing import Final, NamedTuple

MIN_SIDE_PX: Final = 64  # below this a cell of the block code is under 4 pixels
MAX_SIDE_PX: Final = 4096  # the largest sensor, 5 megapixels, has 2592; a typing error should not take all memory


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


# As in esp32-camera's table of resolutions (driver/sensor.c); its CIF is 400x296, not the 352x288 of telephony.
SIZES: Final[dict[str, Size]] = {
    "qqvga": Size(160, 120),
    "qcif": Size(176, 144),
    "hqvga": Size(240, 176),
    "qvga": Size(320, 240),
    "cif": Size(400, 296),
    "hvga": Size(480, 320),
    "vga": Size(640, 480),
    "svga": Size(800, 600),
    "xga": Size(1024, 768),
    "hd": Size(1280, 720),
    "sxga": Size(1280, 1024),
    "uxga": Size(1600, 1200),
    "fhd": Size(1920, 1080),
    "qxga": Size(2048, 1536),
    "5mp": Size(2592, 1944),
}


def parse_size(text: str) -> Size:
    """Return the size that a name (`vga`) or WIDTHxHEIGHT (`640x480`) means; raises ValueError with a sentence."""
    known = SIZES.get(text.lower())
    if known is not None:
        return known
    match = re.fullmatch(r"([0-9]{1,5})[xX]([0-9]{1,5})", text)
    if match is None:
        raise ValueError(f"{text!r} is no size: give WIDTHxHEIGHT or one of {', '.join(SIZES)}")
    size = Size(int(match[1]), int(match[2]))
    if not all(MIN_SIDE_PX <= side <= MAX_SIDE_PX for side in size):
        raise ValueError(f"{size} is out of range: each side has {MIN_SIDE_PX} to {MAX_SIDE_PX} pixels")
    return size
