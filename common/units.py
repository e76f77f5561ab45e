"""Units of time and media time, for names that carry them."""

from typing import Final

NS_PER_S: Final = 1_000_000_000
NS_PER_MS: Final = 1_000_000
# RTP's and MP4's video clock: a tick is 11.1 us.
HZ_90K: Final = 90_000


def to_90k(time_ns: int) -> int:
    """Return a time in ticks of 90 kHz, rounded down."""
    return time_ns * HZ_90K // NS_PER_S
