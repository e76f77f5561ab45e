"""JPEGs made by hand, marker by marker, for tests that care about structure and not about the picture."""

from pathlib import Path

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
# Entropy-coded data with a stuffed FF and a restart marker, which end no scan.
SCAN = bytes(range(1, 200)) + b"\xff\x00\x11\xff\xd3\x22\xff\x00" + b"\x5a" * 300

REAL_JPEGS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "jpegs"


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def frame_header(width: int, height: int, *, marker: int = 0xC0, components: int = 3, bits: int = 8) -> bytes:
    size = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return segment(marker, bytes([bits]) + size + bytes([components]) + b"\x01\x21\x00" * components)


def scan_header(components: int = 3) -> bytes:
    return segment(0xDA, bytes([components]) + b"\x01\x00" * components + b"\x00\x3f\x00")


def make_jpeg(width: int = 640, height: int = 480, *, scan: bytes = SCAN, number: int = 0) -> bytes:
    """Return a baseline JPEG laid out as an OV2640's: APP0, two DQT, DHT before SOF0, one scan. `number` varies it."""
    return (
        SOI
        + segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x00\x00\x00\x00\x00")
        + segment(0xDB, bytes([0]) + bytes(range(1, 65)))
        + segment(0xDB, bytes([1]) + bytes(range(1, 65)))
        + segment(0xC4, bytes(29))
        + frame_header(width, height)
        + scan_header()
        + number.to_bytes(4, "big").replace(b"\xff", b"\xff\x00")
        + scan
        + EOI
    )
