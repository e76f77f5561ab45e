"""The line that tells a person every few seconds what the cameras do."""

from typing import NamedTuple

from common.units import NS_PER_S


class Tally(NamedTuple):
    """What all cameras sent up to a moment."""

    mono_ns: int
    frames: int
    jpeg_bytes: int


def report_line(before: Tally, now: Tally, connected: int, cameras: int) -> str:
    """Return rates between two tallies."""
    elapsed_s = max(1, now.mono_ns - before.mono_ns) / NS_PER_S
    frames, jpeg_bytes = now.frames - before.frames, now.jpeg_bytes - before.jpeg_bytes
    each = jpeg_bytes / frames / 1000 if frames else 0.0
    who = "" if cameras == 1 else f"{connected} of {cameras} cameras connected, "
    return f"{who}{frames / elapsed_s:.1f} fps, {each:.1f} KB a frame, {now.frames} frames so far"
