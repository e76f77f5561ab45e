import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common import fmp4
from common.errors import RecordingError
from common.frame import Frame
from common.h264 import AccessUnit
from common.recordings.checksum import crc32c
from common.recordings.container import Sample, duration_patch, fragment, head, sample_of
from common.recordings.init_segment import BOX, duration_offset, with_duration, without_duration
from common.recordings.parsing import (
    checked_mark,
    free_size,
    head_size,
    mark_end_ns,
    mark_size,
    mdat_size,
    parse_head,
    parse_moof,
)
from common.units import NS_PER_S, to_90k
from tests.helpers.annex_b import IDR, PPS, SLICE, SPS_QVGA
from tests.helpers.recording_files import INIT, START_NS, facts, samples

HEAD = head(INIT, facts())


def live_message(unit: AccessUnit) -> Frame:
    payload = fmp4.fragment(unit, 5, 1234, 6000)
    return Frame(1, 7, 0, 0, 320, 240, key=unit.is_key, payload=payload)


def test_checksum_is_the_one_of_the_standard():
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(b"6789", crc32c(b"12345")) == 0xE3069283


def test_sample_is_what_the_live_fragment_holds():
    for unit in (AccessUnit((SPS_QVGA, PPS, IDR)), AccessUnit((SLICE,))):
        sample = sample_of(live_message(unit), 55)
        nal = unit.nals[-1]
        assert sample == Sample(55, unit.is_key, len(nal).to_bytes(4, "big") + nal)


@pytest.mark.parametrize("cut", [0, 4, 8, 60, 100, -1])
def test_sample_of_a_cut_message_is_refused(cut):
    whole = live_message(AccessUnit((SLICE,)))
    with pytest.raises(RecordingError, match="not one fragment"):
        sample_of(Frame(1, 7, 0, 0, 320, 240, payload=whole.payload[:cut]), 0)


def test_head_gives_back_facts_and_init():
    parsed = parse_head(HEAD)
    assert (parsed.facts, parsed.init, parsed.size_bytes) == (facts(), INIT, len(HEAD))
    assert head_size(HEAD) == len(HEAD)


def test_duration_is_patched_without_breaking_the_checksum():
    at, patch = duration_patch(HEAD, 90_000 * 61)
    patched = HEAD[:at] + patch + HEAD[at + len(patch) :]
    assert parse_head(patched) == parse_head(HEAD)
    assert BOX.unpack_from(patched, at)[1] == b"mehd"
    assert int.from_bytes(patched[at + 12 : at + 20], "big") == 90_000 * 61


def is_refused(data: bytes) -> bool:
    """Whether a file that goes on with zeros is refused."""
    data += bytes(1 << 17)
    try:
        while (needed := head_size(data)) > len(data):
            data += bytes(needed)
        parse_head(data[:needed])
    except RecordingError:
        return True
    return False


def test_every_changed_byte_of_a_head_is_noticed():
    at = duration_offset(HEAD)
    for index in range(len(HEAD)):
        if at <= index < at + 20:
            continue
        changed = bytearray(HEAD)
        changed[index] ^= 0x10
        assert is_refused(bytes(changed)), index


def test_every_cut_head_asks_for_more():
    for cut in range(len(HEAD)):
        assert head_size(HEAD[:cut]) > cut


@pytest.mark.parametrize("start", [b"\xff\xd8\xff\xe0" * 20, bytes(64), b"hello, this is no recording" * 4])
def test_foreign_file_is_named_as_such(start):
    with pytest.raises(RecordingError, match="is no recording"):
        head_size(start)


def test_other_mp4_file_is_none_of_ours():
    with pytest.raises(RecordingError, match="no recording"):
        head_size(INIT + BOX.pack(64, b"uuid") + bytes(64))


def test_init_of_another_timescale_is_refused():
    mdhd = INIT.index(b"mdhd")
    with pytest.raises(RecordingError, match="12800 Hz"):
        with_duration(INIT[: mdhd + 16] + struct.pack(">I", 12_800) + INIT[mdhd + 20 :])


@given(st.integers(0, len(INIT) - 1), st.integers(1, 255))
def test_damaged_init_is_refused_or_kept(index, change):
    damaged = bytearray(INIT)
    damaged[index] ^= change
    with suppress(RecordingError):
        assert without_duration(with_duration(bytes(damaged))) == bytes(damaged)


@given(st.binary(max_size=300))
def test_random_init_is_refused(init):
    with pytest.raises(RecordingError):
        with_duration(init)


gaps_ns = st.lists(st.integers(0, 3 * NS_PER_S), min_size=1, max_size=40)


@given(gaps_ns, st.integers(0, 1000), st.dictionaries(st.sampled_from(["overload", "bus"]), st.integers(1, 9)))
def test_fragment_says_what_was_put_in(steps, first_90k, skipped):
    times = [START_NS + sum(steps[: index + 1]) for index in range(len(steps))]
    put = [Sample(time, index == 0, bytes((index,)) * (index + 1)) for index, time in enumerate(times)]
    data = fragment(put, START_NS, 3, times[-1] + NS_PER_S, skipped, first_90k)

    moof = parse_moof(data)
    assert moof is not None
    assert (moof.samples, moof.is_key) == (len(put), True)
    table = struct.unpack_from(f">{2 * len(put)}I", data, moof.size_bytes - 8 * len(put))
    assert list(table[1::2]) == [len(sample.data) for sample in put]
    assert min(table[0::2]) >= 1, "each picture has its own time"
    assert moof.time_90k == max(to_90k(times[0] - START_NS), first_90k)
    mdat = mdat_size(data, moof.size_bytes)
    body = moof.size_bytes + mdat
    assert data[moof.size_bytes + 8 : body] == b"".join(sample.data for sample in put)
    assert mark_size(data, body) == len(data) - body
    assert mark_end_ns(data, body) == times[-1] + NS_PER_S
    assert checked_mark(data[body:], crc32c(data[:body])) == skipped


def test_times_that_are_apart_stay_exact():
    put = samples(5, step_ns=NS_PER_S // 15)
    data = fragment(put, START_NS, 1, START_NS + NS_PER_S // 3)
    durations = struct.unpack_from(">10I", data, 96)[0::2]
    ticks = [to_90k(sample.time_ns - START_NS) for sample in put]
    assert [sum(durations[:index]) for index in range(5)] == ticks


def test_every_changed_byte_of_a_fragment_is_noticed():
    data = fragment(samples(3), START_NS, 1, START_NS + NS_PER_S, {"bus": 2})
    for index in range(len(data)):
        changed = bytearray(data)
        changed[index] ^= 0x04
        moof = parse_moof(changed)
        if moof is None:
            continue
        body = moof.size_bytes + mdat_size(changed, moof.size_bytes)
        size = mark_size(changed, body)
        if size:
            mark = bytes(changed[body : body + size])
            assert checked_mark(mark, crc32c(bytes(changed[:body]))) is None, index


@given(st.binary(max_size=200))
def test_parsers_take_anything(data):
    parse_moof(data)
    mdat_size(data, 0)
    mark_size(data)
    free_size(data)
    with suppress(RecordingError):
        assert head_size(data) > len(data) or parse_head(data)
