"""Ages counted in buckets of equal ratio: cheap to add to, small on the bus, and those of many processes are one sum.

Pure. Bucket b holds ages from 0.05 ms * 2^(b/8) on: a bucket is 9 % wide from 0.05 ms to a minute.
"""

from collections.abc import Mapping
from math import log2
from typing import Final

from common.units import NS_PER_MS

PER_OCTAVE: Final = 8
LEAST_NS: Final = 50_000
# One minute; what is older counts as that.
LAST: Final = 161

Counts = dict[int, int]


def bucket_of(age_ns: float) -> int:
    """Return the bucket of an age; what is younger than the least is in the first."""
    if age_ns <= LEAST_NS:
        return 0
    return min(LAST, int(PER_OCTAVE * log2(age_ns / LEAST_NS)))


def quantile_ms(counts: Mapping[int, int], share: float) -> float:
    """Return the age, in ms, that `share` of all ages are at most: the middle of its bucket. 0 for no ages."""
    rank = share * sum(counts.values())
    reached = 0
    for bucket in sorted(counts):
        reached += counts[bucket]
        if reached >= rank:
            return round(LEAST_NS / NS_PER_MS * 2 ** ((bucket + 0.5) / PER_OCTAVE), 2)
    return 0.0
