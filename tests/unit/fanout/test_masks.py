"""Masked and unmasked frames, however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.fanout.masks import MaskWatch
from tests.helpers.websocket import PING, TEXT, client_frame


@pytest.mark.parametrize("step", [1, 2, 3, 7, 100_000])
def test_masked_frames_pass_in_any_pieces_and_the_first_unmasked_one_does_not(step):
    masked = b"".join(client_frame(TEXT, b"x" * size) for size in (0, 1, 125, 126, 4096, 70_000))
    data = masked + client_frame(PING) + client_frame(TEXT, b"{}", mask=None)
    watch = MaskWatch()
    verdicts = [watch.is_masked(data[at : at + step]) for at in range(0, len(data), step)]
    assert verdicts[-1] is False or False in verdicts
    assert False not in verdicts[: len(masked) // step]


@given(st.lists(st.binary(max_size=300)), st.integers(1, 50))
def test_masked_frames_are_never_refused(payloads, step):
    data = b"".join(client_frame(TEXT, payload, mask=b"abcd") for payload in payloads)
    watch = MaskWatch()
    assert all(watch.is_masked(data[at : at + step]) for at in range(0, len(data), step))
