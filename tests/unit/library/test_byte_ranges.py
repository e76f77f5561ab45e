"""Range, If-Range and If-None-Match."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.library.byte_ranges import Wanted, is_known, wanted
from services.library.refusals import Refusal

ALL = Wanted(0, 100, is_part=False)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, ALL),
        ("bytes=0-", Wanted(0, 100, is_part=True)),
        ("bytes=0-0", Wanted(0, 1, is_part=True)),
        ("bytes=10-19", Wanted(10, 20, is_part=True)),
        ("bytes=99-99", Wanted(99, 100, is_part=True)),
        ("bytes=90-1000", Wanted(90, 100, is_part=True)),
        ("bytes=-1", Wanted(99, 100, is_part=True)),
        ("bytes=-1000", Wanted(0, 100, is_part=True)),
        ("Bytes= 5-6", Wanted(5, 7, is_part=True)),
        # Passed over, as RFC 9110 says.
        *((text, ALL) for text in ("", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "pages=1-2", "bytes=0-1,3-4")),
        *((text, ALL) for text in ("bytes=0x1-2", "bytes=\u0661-", "bytes=1 - 2", f"bytes={'9' * 40}-")),
    ],
)
def test_range_is_found(header, expected):
    assert wanted(100, "tag", header) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=100-200", f"bytes={'9' * 19}-", "bytes=-0"])
def test_range_behind_the_end_is_refused_with_the_size(header):
    with pytest.raises(Refusal) as refused:
        wanted(100, "tag", header)
    assert refused.value.status == 416
    assert refused.value.headers == {"Content-Range": "bytes */100"}


@pytest.mark.parametrize(
    ("if_range", "is_part"),
    [('"tag"', True), ('"other"', False), ('W/"tag"', False), ("Sun, 22 Nov 2026 21:00:00 GMT", False), ("tag", False)],
)
def test_range_holds_only_for_what_the_asker_has(if_range, is_part):
    assert wanted(100, "tag", "bytes=1-2", if_range).is_part is is_part


def test_range_behind_the_end_of_another_version_is_all_of_this_one():
    assert wanted(100, "tag", "bytes=500-", '"old"') == ALL


@given(st.integers(1, 10**15), st.text("bytes=0123456789-, ", max_size=40))
def test_any_header_gives_a_range_within_or_is_refused(size, header):
    with suppress(Refusal):
        part = wanted(size, "tag", header)
        assert 0 <= part.start < part.stop <= size


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (None, False),
        ('"tag"', True),
        ('W/"tag"', True),
        ('"a", "tag"', True),
        ("*", True),
        ('"a"', False),
        ("tag", False),
    ],
)
def test_known_version_is_recognised(header, known):
    assert is_known("tag", header) is known
