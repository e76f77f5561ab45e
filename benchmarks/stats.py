"""The arithmetic of measurements: percentiles, medians of ratios, slopes between two lengths. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from benchmarks.calm import Span


def percentile(samples: Sequence[float], percent: float) -> float:
    """Return the smallest sample that at least `percent` of them do not exceed (nearest rank); ValueError for none."""
    if not samples:
        raise ValueError("no samples")
    ordered = sorted(samples)
    rank = max(1, -(-len(ordered) * percent // 100))
    return ordered[min(len(ordered), int(rank)) - 1]


def median_ratio(values: Sequence[float], yardsticks: Sequence[float]) -> float:
    """Return the median of the ratios of paired blocks: what disturbs a pair disturbs both."""
    return median(value / yardstick for value, yardstick in zip(values, yardsticks, strict=True))


def slope(short: float, long: float, short_length: int, long_length: int) -> float:
    """Return the cost of one unit more, from runs of two lengths: what a start costs falls out."""
    if long_length <= short_length:
        raise ValueError(f"lengths {short_length} and {long_length} do not grow")
    return (long - short) / (long_length - short_length)


def ways(sent_ns: Mapping[int, int], received_ns: Mapping[int, int]) -> list[Span]:
    """Return each frame's way from its sending to its receipt, by frame number, in the order of sending."""
    return [Span(sent_ns[number], received_ns[number]) for number in sorted(sent_ns) if number in received_ns]


def spread(values: Iterable[float], digits: int = 2) -> str:
    """Return the range of repeated measurements in words."""
    ordered = sorted(values)
    if len(ordered) < 2:
        return ""
    return f"{ordered[0]:.{digits}f} to {ordered[-1]:.{digits}f} in {len(ordered)} blocks"
