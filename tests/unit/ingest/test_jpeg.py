import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common.errors import JpegError
from services.ingest.jpeg import (
    DEFAULT_LIMITS,
    JUNK,
    OVERSIZE,
    SPLICED,
    TRUNCATED,
    UNSUPPORTED,
    Limits,
    Picture,
    find_picture,
)
from tests.helpers.jpegs import (
    EOI,
    REAL_JPEGS,
    SCAN,
    SOI,
    frame_header,
    make_jpeg,
    scan_header,
    segment,
)

GOOD = make_jpeg()


def cause_of(message: bytes, limits: Limits = DEFAULT_LIMITS) -> str:
    with pytest.raises(JpegError) as caught:
        find_picture(message, limits)
    return caught.value.cause


def test_walk_finds_size_and_extent():
    assert find_picture(GOOD) == Picture(0, len(GOOD), 640, 480, progressive=False)


@pytest.mark.parametrize("lead", [1, 16, 64])
def test_walk_skips_bytes_before_soi(lead):
    found = find_picture(b"\x07" * lead + GOOD)
    assert (found.start, found.end) == (lead, lead + len(GOOD))


def test_walk_refuses_soi_after_more_than_64_bytes():
    assert cause_of(b"\x07" * 65 + GOOD) == JUNK


@pytest.mark.parametrize(
    "trailer",
    [
        b"\x00",
        b"\x00" * 600,
        b"\xd9\xd9\xd9",
        b"stale bytes of a larger picture" + EOI,
        b"\xff" * 40,
        GOOD,
    ],
    ids=["one zero", "zeros", "D9 D9 D9", "second EOI", "fill bytes", "another picture"],
)
def test_walk_cuts_at_first_eoi_whatever_follows(trailer):
    assert find_picture(GOOD + trailer).end == len(GOOD)


def test_every_truncation_is_rejected():
    for length in range(len(GOOD)):
        assert cause_of(GOOD[:length]) in {TRUNCATED, JUNK}, length


def test_truncation_inside_the_scan_is_called_truncated():
    assert cause_of(GOOD[:-2]) == TRUNCATED
    assert cause_of(GOOD[:-1]) == TRUNCATED
    assert cause_of(GOOD[: len(GOOD) // 2]) == TRUNCATED


def test_exactly_128_kib_without_eoi_is_truncated():
    # What fmt2jpg leaves when its buffer overflows.
    assert cause_of(make_jpeg(scan=b"\x5a" * (200 << 10))[: 128 << 10]) == TRUNCATED


@pytest.mark.parametrize("cut", [-400, -100, -20])
def test_two_halves_of_two_pictures_are_spliced(cut):
    assert cause_of(GOOD[:cut] + GOOD) == SPLICED


@pytest.mark.parametrize("marker", [0xC0, 0xC4, 0xDB, 0xE0, 0xDA, 0x02, 0xFE])
def test_foreign_marker_inside_the_only_scan_is_spliced(marker):
    assert cause_of(make_jpeg(scan=SCAN[:50] + bytes([0xFF, marker]) + SCAN[50:])) == SPLICED


def test_second_frame_header_is_spliced():
    message = SOI + frame_header(64, 64) + frame_header(64, 64) + scan_header() + SCAN + EOI
    assert cause_of(message) == SPLICED


@pytest.mark.parametrize("message", [b"", b"\xff", SOI, b"hello camera", bytes(5000), SOI + EOI, b"\xff\xd8\xff"])
def test_what_is_no_jpeg_is_junk_or_truncated(message):
    assert cause_of(message) in {JUNK, TRUNCATED}


def test_scan_without_frame_header_is_junk():
    assert cause_of(SOI + scan_header() + SCAN + EOI) == JUNK


@pytest.mark.parametrize("marker", [0xC3, 0xC5, 0xC9, 0xCA, 0xCB, 0xCF])
def test_lossless_and_arithmetic_coding_are_unsupported(marker):
    assert cause_of(SOI + frame_header(64, 64, marker=marker) + scan_header() + SCAN + EOI) == UNSUPPORTED


@pytest.mark.parametrize(
    "header",
    [frame_header(64, 64, components=4), frame_header(64, 64, bits=12), frame_header(0, 64), frame_header(64, 0)],
    ids=["CMYK", "12 bit", "no width", "height comes later"],
)
def test_what_no_decoder_takes_is_unsupported(header):
    assert cause_of(SOI + header + scan_header() + SCAN + EOI) == UNSUPPORTED


def test_grey_and_extended_pictures_pass():
    grey = SOI + frame_header(64, 48, marker=0xC1, components=1) + scan_header(1) + SCAN + EOI
    assert find_picture(grey) == Picture(0, len(grey), 64, 48, progressive=False)


def test_progressive_picture_passes_with_its_scans():
    scans = (scan_header() + SCAN) + segment(0xC4, bytes(29)) + (scan_header(1) + SCAN) * 3
    message = SOI + frame_header(800, 600, marker=0xC2) + scans + EOI
    assert find_picture(message + b"\0\0") == Picture(0, len(message), 800, 600, progressive=True)


def test_scans_of_one_component_each_pass_in_a_baseline_picture():
    message = SOI + frame_header(64, 64) + (scan_header(1) + SCAN) * 3 + EOI
    assert find_picture(message).end == len(message)


def test_thumbnail_in_a_segment_is_not_taken_for_the_picture():
    message = SOI + segment(0xE1, b"Exif" + make_jpeg(160, 120)) + GOOD[2:]
    found = find_picture(message)
    assert (found.width, found.height, found.end) == (640, 480, len(message))


def test_fill_bytes_before_markers_are_allowed():
    message = SOI + b"\xff\xff\xff" + frame_header(64, 64) + b"\xff" + scan_header() + SCAN + b"\xff\xff" + EOI
    assert find_picture(message).end == len(message)


@pytest.mark.parametrize(("width", "height"), [(65_501, 8), (8, 65_501), (65_500, 65_500), (5000, 4001)])
def test_picture_beyond_the_limits_is_oversize_before_anything_is_decoded(width, height):
    assert cause_of(make_jpeg(width, height)) == OVERSIZE


@pytest.mark.parametrize(("width", "height"), [(65_500, 8), (5000, 4000), (1, 1)])
def test_picture_at_the_limits_passes(width, height):
    assert find_picture(make_jpeg(width, height)).width == width


def test_limits_are_settings():
    assert cause_of(make_jpeg(640, 480), Limits(side_px=639)) == OVERSIZE
    assert cause_of(make_jpeg(640, 480), Limits(pixels=640 * 480 - 1)) == OVERSIZE


def check_only_jpeg_error(message: bytes) -> None:
    cause = ""
    try:
        found = find_picture(message)
    except JpegError as error:
        cause = error.cause
    if cause:
        assert cause in {JUNK, TRUNCATED, SPLICED, UNSUPPORTED, OVERSIZE}
        return
    assert message[found.start :].startswith(SOI)
    assert message[: found.end].endswith(EOI)
    assert 0 < found.width <= 65_500
    assert found.width * found.height <= 20_000_000


@given(st.binary(max_size=4096))
@settings(max_examples=300, deadline=None)
def test_any_bytes_are_a_picture_or_a_jpeg_error(message):
    check_only_jpeg_error(message)


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_damage_to_a_picture_gives_a_picture_or_a_jpeg_error(data):
    message = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(message) - 1))
        count = data.draw(st.integers(0, 80))
        message[at : at + count] = data.draw(st.binary(max_size=80))
        message = message or bytearray(b"\0")
    check_only_jpeg_error(bytes(message))


@given(st.integers(0, len(GOOD) - 1), st.binary(max_size=64))
@settings(max_examples=200, deadline=None)
def test_truncated_picture_behind_a_lead_is_rejected_as_well(length, lead):
    if lead[-1:] != b"\xff" and b"\xff\xd8" not in lead:
        cause_of(lead + GOOD[:length])


@pytest.mark.parametrize(
    "message",
    [
        SOI + b"\xff" * (2 << 20),
        SOI + b"\xff\xfe\x00\x02" * (1 << 19),
        make_jpeg(scan=b"\xff\x00" * (1 << 20)),
        make_jpeg(scan=b"\xff\xd0" * (1 << 20)),
        SOI + frame_header(64, 64, marker=0xC2) + (scan_header() + b"\x01") * (1 << 17),
        b"\xff\xd8" * (1 << 20),
    ],
    ids=["fill bytes", "empty segments", "stuffing", "restarts", "scans", "SOIs"],
)
def test_hostile_megabytes_take_linear_time(message):
    # Quadratic work on 2 MiB would take many minutes; a linear walk some 20 ms.
    start = time.process_time()
    check_only_jpeg_error(message)
    assert time.process_time() - start < 5


@pytest.mark.skipif(not REAL_JPEGS.is_dir(), reason="the folder of real frames is not here")
def test_real_frames_pass_whole_and_fail_cut():
    frames = [path.read_bytes() for path in sorted(REAL_JPEGS.glob("*.jpg"))]
    assert frames
    for frame in frames:
        found = find_picture(frame)
        assert (found.start, found.end) == (0, len(frame))
        assert (found.width, found.height) in {(640, 480), (800, 600)}
        for length in range(2, len(frame), 97):
            assert cause_of(frame[:length]) in {TRUNCATED, JUNK}
