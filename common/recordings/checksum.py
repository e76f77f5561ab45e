"""CRC-32C (Castagnoli, RFC 3720 appendix B.4) of what is written: the one door to its library. Pure."""

import google_crc32c


def crc32c(data: bytes, start: int = 0) -> int:
    """Return the checksum of `data`, going on from `start`, the checksum of what came before it."""
    return int(google_crc32c.extend(start, data))
