"""Ranges of time, as (start, end) pairs: joined, and cut out of each other. Pure."""

from collections.abc import Iterable

Span = tuple[int, int]


def join(spans: Iterable[Span], tolerance: int = 0) -> list[Span]:
    """Return the spans that cover the same, in order; those at most `tolerance` apart are one."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1] + tolerance:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def cut_out(spans: Iterable[Span], holes: Iterable[Span]) -> list[Span]:
    """Return what is left of the spans outside of the holes."""
    left = list(spans)
    for hole_start, hole_end in holes:
        left = [
            piece
            for start, end in left
            for piece in ((start, min(end, hole_start)), (max(start, hole_end), end))
            if piece[0] < piece[1]
        ]
    return left
