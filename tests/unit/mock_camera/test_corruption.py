"""Each kind of corruption is what its name says, for any seed."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.mock_camera.corruption import CORRUPTIONS, HARMLESS, corrupt, scan_start
from tools.mock_camera.scene import Scene
from tools.mock_camera.sizes import SIZES

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
SCENE = Scene("porch", SIZES["qqvga"])
PREVIOUS, JPEG = SCENE.jpeg(1, 0), SCENE.jpeg(2, 3_000_000_000)
seeds = st.integers(min_value=0, max_value=2**32)


def damaged(kind: str, seed: int) -> bytes:
    return corrupt(kind, JPEG, PREVIOUS, random.Random(seed))


def markers(scan: bytes) -> list[int]:
    """Return the markers in entropy-coded bytes; a stuffed FF 00 is none."""
    return [after for byte, after in pairwise(scan) if byte == 0xFF and after != 0]


def test_scan_starts_behind_the_last_header():
    start = scan_start(JPEG)
    assert JPEG[start - 14 : start - 12] == b"\xff\xda"
    assert markers(JPEG[start:]) == [0xD9]


@pytest.mark.parametrize("headless", [b"", SOI, SOI + b"no marker here", SOI + b"\xff\xe0\xff\xff"])
def test_scan_start_of_what_is_no_jpeg_is_2(headless):
    assert scan_start(headless) == 2


@given(seeds)
def test_truncated_ends_within_the_scan(seed):
    cut = damaged("truncated", seed)
    assert JPEG.startswith(cut)
    assert scan_start(JPEG) <= len(cut) < len(JPEG) - len(EOI)


@given(seeds)
def test_spliced_is_as_long_as_promised_and_holds_two_starts(seed):
    spliced = damaged("spliced", seed)
    second = spliced.index(SOI, 2)
    assert len(spliced) == len(PREVIOUS)
    assert PREVIOUS.startswith(spliced[:second])
    assert JPEG.startswith(spliced[second:])
    assert len(spliced[second:]) < len(JPEG)


@given(seeds)
def test_junk_has_no_marker_at_all(seed):
    junk = damaged("junk", seed)
    assert len(junk) == len(JPEG)
    assert b"\xff" not in junk


@given(seeds)
def test_noise_changes_a_block_and_no_marker(seed):
    noisy, start = damaged("noise", seed), scan_start(JPEG)
    assert len(noisy) == len(JPEG)
    assert noisy[:start] == JPEG[:start]
    changed = [index for index in range(len(JPEG)) if noisy[index] != JPEG[index]]
    assert changed
    assert changed[-1] - changed[0] < 64
    assert markers(noisy[start:]) == [0xD9]


@given(seeds)
def test_leading_puts_at_most_64_bytes_before_soi(seed):
    message = damaged("leading", seed)
    assert message.endswith(JPEG)
    assert 1 <= message.index(SOI) <= 64


@given(seeds)
def test_trailing_adds_behind_the_end(seed):
    message = damaged("trailing", seed)
    assert message.startswith(JPEG)
    added = message[len(JPEG) :]
    assert added in (b"\0", b"\0\0", b"\xd9\xd9\xd9") or (added.endswith(EOI) and 3 <= len(added) <= 512)


def test_trailing_is_of_every_kind():
    added = {damaged("trailing", seed)[len(JPEG) :] for seed in range(40)}
    assert {b"\0", b"\0\0", b"\xd9\xd9\xd9"} < added


def test_no_eoi_lacks_the_end_and_nothing_else():
    assert damaged("no-eoi", 0) + EOI == JPEG


def test_every_kind_is_covered_here_and_harmless_ones_exist():
    assert set(CORRUPTIONS) == {"truncated", "spliced", "junk", "noise", "leading", "trailing", "no-eoi"}
    assert set(CORRUPTIONS) > HARMLESS
