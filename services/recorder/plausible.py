"""Which frames of the bus make sense as footage: files and index have limits. Pure.

Anybody may publish, and nothing of a message is trusted. What is refused here would otherwise end the process, and
everybody's recording with it.
"""

from dataclasses import replace
from typing import Final

from common.errors import WireError
from common.frame import Frame
from common.units import NS_PER_S

# The year 2116; SQLite's integers end in 2262, and times are added up.
LATEST_NS: Final = 1 << 62
# What a JPEG's head can say.
SIZE_LIMIT_PX: Final = 65_535
# Three of them are the longest that one picture may stand: 12 h, of 13.2 h that 32 bits of 90 kHz hold.
LONGEST_INTERVAL_NS: Final = 4 * 3600 * NS_PER_S
# Of one frame; a file's sum of them has 64 bits.
SKIPPED_LIMIT: Final = 1 << 32


def plausible(frame: Frame) -> Frame:
    """Return the frame, its `interval_ns` within limits; raise WireError for one that no file can hold."""
    if frame.captured_at_ns > LATEST_NS or frame.media_time_ns > LATEST_NS:
        raise WireError(f"times of a frame are beyond {LATEST_NS} ns since 1970")
    if frame.width > SIZE_LIMIT_PX or frame.height > SIZE_LIMIT_PX:
        raise WireError(f"frame of {frame.width}x{frame.height} exceeds {SIZE_LIMIT_PX} pixels")
    if frame.skipped and max(frame.skipped.values()) > SKIPPED_LIMIT:
        raise WireError(f"a frame tells of more than {SKIPPED_LIMIT} missing ones")
    if frame.interval_ns > LONGEST_INTERVAL_NS:
        return replace(frame, interval_ns=LONGEST_INTERVAL_NS)
    return frame
