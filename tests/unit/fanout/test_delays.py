import random

import pytest

from services.fanout.delays import HALF_NS, HOPS, Delays, summarize
from services.fanout.histogram import LAST, bucket_of, quantile_ms
from tests.helpers.fanout import MS, START_NS, make_frame

STAMPS = {
    "ingest_in": START_NS,
    "ingest_out": START_NS + MS,
    "transcode_in": START_NS + 3 * MS,
    "transcode_out": START_NS + 7 * MS,
}


def counts_of(ages_ms):
    counts = {}
    for age_ms in ages_ms:
        bucket = bucket_of(age_ms * MS)
        counts[bucket] = counts.get(bucket, 0) + 1
    return counts


def deliver(delays, frame, received_ms, written_ms, camera="porch"):
    delays.delivered(camera, frame, START_NS + received_ms * MS, START_NS + written_ms * MS)


@pytest.mark.parametrize("age_ms", [0.05, 0.3, 1, 7.7, 40, 499, 1000, 30_000])
def test_age_is_told_within_half_a_bucket(age_ms):
    assert quantile_ms({bucket_of(age_ms * MS): 1}, 0.5) == pytest.approx(age_ms, rel=0.05, abs=0.006)


def test_buckets_grow_with_the_age_and_have_an_end():
    buckets = [bucket_of(age_ms * MS) for age_ms in (-5, 0, 0.05, 0.06, 1, 1000, 60_000, 1e9)]
    assert buckets == sorted(buckets)
    assert (buckets[0], buckets[-1], LAST) == (0, LAST, 161)


def test_quantiles_are_those_of_all_ages():
    ages = sorted(random.Random(4).uniform(1, 500) for _ in range(1000))
    counts = counts_of(ages)
    assert quantile_ms(counts, 0.5) == pytest.approx(ages[499], rel=0.1)
    assert quantile_ms(counts, 0.95) == pytest.approx(ages[949], rel=0.1)
    assert quantile_ms({}, 0.5) == 0


def test_every_hop_of_a_frame_is_measured():
    delays = Delays("h")
    deliver(delays, make_frame(1, host="h", hops=STAMPS), 15, 31)
    delays.shown("porch", 0.08)
    told = summarize([{"delays": delays.record()}])["porch"]
    assert list(told) == list(HOPS)
    expected_ms = [1, 2, 4, 8, 16, 31, 80]
    assert [told[hop]["p50"] for hop in HOPS] == pytest.approx(expected_ms, rel=0.05)


def test_picture_comes_from_ingest_directly():
    delays = Delays("h")
    stamps = {name: STAMPS[name] for name in ("ingest_in", "ingest_out")}
    deliver(delays, make_frame(1, "jpeg", host="h", hops=stamps), 9, 10)
    told = summarize([{"delays": delays.record()}])["porch"]
    assert list(told) == ["ingest", "bus_to_fanout", "fanout", "whole"]
    assert told["bus_to_fanout"]["p95"] == pytest.approx(8, rel=0.05)


@pytest.mark.parametrize("frame", [make_frame(1, host="elsewhere", hops=STAMPS), make_frame(1, host="h")])
def test_stamps_of_another_machine_or_none_say_nothing(frame):
    delays = Delays("h")
    deliver(delays, frame, 9, 10)
    assert list(delays.record()["porch"]) == ["fanout"]


def test_what_is_told_is_of_the_last_ten_seconds():
    delays = Delays("h")
    delays.tick(START_NS)
    delays.shown("porch", 0.1)
    delays.tick(START_NS + HALF_NS - 1)
    delays.shown("porch", 0.1)
    delays.tick(START_NS + HALF_NS)
    delays.shown("porch", 0.1)
    assert sum(delays.record()["porch"]["shown"].values()) == 3
    delays.tick(START_NS + 2 * HALF_NS)
    assert sum(delays.record()["porch"]["shown"].values()) == 1
    delays.tick(START_NS + 3 * HALF_NS)
    assert delays.record() == {}


def test_nothing_old_is_told_after_a_pause():
    delays = Delays("h")
    delays.tick(START_NS)
    delays.shown("porch", 0.1)
    delays.tick(START_NS + 3 * HALF_NS)
    assert delays.record() == {}


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {"porch": None},
        {"porch": {"whole": [1]}},
        {"porch": {"whole": {"x": 1, "-1": 2, "9999": 3, "5": "6"}}},
    ],
)
def test_what_is_no_histogram_is_left_out(told):
    assert not any(summarize([{"delays": told}]).values())
