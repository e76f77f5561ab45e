"""How long frames take from hop to hop, over the last ten seconds: measured here, summed over all processes. Pure.

Once a message, whoever watches: from the stamps that the frame carries (of this machine's clock alone) and from when it
came in here and had been written to every viewer whose connection took it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

from common.frame import Frame
from common.units import NS_PER_S
from services.fanout.histogram import LAST, Counts, bucket_of, quantile_ms

INGEST: Final = "ingest"
BUS_TO_TRANSCODE: Final = "bus_to_transcode"
TRANSCODE: Final = "transcode"
BUS_TO_FANOUT: Final = "bus_to_fanout"
FANOUT: Final = "fanout"
WHOLE: Final = "whole"
SHOWN: Final = "shown"
HOPS: Final = (INGEST, BUS_TO_TRANSCODE, TRANSCODE, BUS_TO_FANOUT, FANOUT, WHOLE, SHOWN)

# Two halves are told together, so that what is told is of the last 5 to 10 s.
HALF_NS: Final = 5 * NS_PER_S
_STAMPED: Final = (
    (INGEST, "ingest_in", "ingest_out"),
    (BUS_TO_TRANSCODE, "ingest_out", "transcode_in"),
    (TRANSCODE, "transcode_in", "transcode_out"),
)

_BUCKETS: Final = {str(bucket): bucket for bucket in range(LAST + 1)}
_Half = dict[str, dict[str, Counts]]
Summary = dict[str, dict[str, dict[str, float]]]


class Delays:
    """The ages of this process's messages, by camera and hop."""

    def __init__(self, host: str) -> None:
        self._host: Final = host
        self._now: _Half = {}
        self._before: _Half = {}
        self._since_ns = 0

    def delivered(self, camera: str, frame: Frame, received_ns: int, written_ns: int) -> None:
        """Count a message that was written to the viewers."""
        hops = self._hops(camera)
        _add(hops, FANOUT, written_ns - received_ns)
        stamps = frame.hops
        if frame.host != self._host or "ingest_in" not in stamps:
            return
        for hop, begin, end in _STAMPED:
            if begin in stamps and end in stamps:
                _add(hops, hop, stamps[end] - stamps[begin])
        _add(hops, BUS_TO_FANOUT, received_ns - max(stamps.values()))
        _add(hops, WHOLE, written_ns - stamps["ingest_in"])

    def shown(self, camera: str, age_s: float) -> None:
        """Count the age of a picture that a viewer says it shows."""
        _add(self._hops(camera), SHOWN, age_s * NS_PER_S)

    def tick(self, now_ns: int) -> None:
        """Forget what is too old. Call it about once a second."""
        if now_ns - self._since_ns < HALF_NS:
            return
        self._before = self._now if now_ns - self._since_ns < 2 * HALF_NS else {}
        self._now, self._since_ns = {}, now_ns

    def record(self) -> dict[str, dict[str, dict[str, int]]]:
        """Return what the status message says: counts by camera, hop and bucket (a map's keys are text on the bus)."""
        told = {}
        for camera in self._before.keys() | self._now.keys():
            halves = self._before.get(camera, {}), self._now.get(camera, {})
            told[camera] = {
                hop: {str(bucket): count for bucket, count in _sum(half.get(hop, {}) for half in halves).items()}
                for hop in halves[0].keys() | halves[1].keys()
            }
        return told

    def _hops(self, camera: str) -> dict[str, Counts]:
        hops = self._now.get(camera)
        if hops is None:
            hops = self._now[camera] = {}
        return hops


def summarize(records: Iterable[Mapping[str, Any]]) -> Summary:
    """Return median and 95th percentile in ms by camera and hop, of all processes' status records together."""
    told: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for record in records:
        for camera, hops in _items(record.get("delays")):
            for hop, counts in _items(hops):
                if isinstance(counts, dict):
                    told[camera][hop].append(counts)
    return {camera: _summarize_hops(hops) for camera, hops in told.items()}


def _summarize_hops(hops: Mapping[str, list[dict[str, Any]]]) -> dict[str, dict[str, float]]:
    summed = ((hop, _sum(map(_checked, hops[hop]))) for hop in HOPS if hop in hops)
    return {
        hop: {"p50": quantile_ms(counts, 0.5), "p95": quantile_ms(counts, 0.95)} for hop, counts in summed if counts
    }


def _add(hops: dict[str, Counts], hop: str, age_ns: float) -> None:
    counts = hops.get(hop)
    if counts is None:
        counts = hops[hop] = {}
    bucket = bucket_of(age_ns)
    counts[bucket] = counts.get(bucket, 0) + 1


def _sum(parts: Iterable[Counts]) -> Counts:
    total: Counts = {}
    for part in parts:
        for bucket, count in part.items():
            total[bucket] = total.get(bucket, 0) + count
    return total


def _checked(counts: Mapping[str, Any]) -> Counts:
    """Return counts as they came over the bus, as numbers; what are none are left out."""
    return {_BUCKETS[text]: count for text, count in counts.items() if text in _BUCKETS and type(count) is int}


def _items(value: object) -> Iterable[tuple[str, Any]]:
    return value.items() if isinstance(value, dict) else ()
