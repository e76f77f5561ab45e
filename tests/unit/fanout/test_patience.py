"""How long slow clients are borne with."""

import pytest

from services.fanout.patience import Patience

LIMIT_S = 20.0


def test_no_way_of_being_slow_lasts_longer_than_20_s_with_the_default():
    patience = Patience.of(15.0)
    assert patience.line_s + patience.head_s < LIMIT_S
    assert patience.answer_ns / 1e9 + 1.0 < patience.head_s
    # A second for the beat that looks for slow readers.
    assert patience.answer_ns / 1e9 + 1.0 < LIMIT_S
    assert patience.body_due_s(0) < LIMIT_S


def test_dripping_body_is_not_borne_longer_and_a_slow_link_is():
    patience = Patience.of(15.0)
    assert patience.body_due_s(100) == pytest.approx(15, abs=0.1)
    # 8 MiB at 10 KiB/s.
    assert patience.body_due_s(8 << 20) > (8 << 20) / (10 << 10)


def test_reader_must_take_what_a_bad_line_carries():
    patience = Patience.of(2.0)
    assert patience.answer_ns == 1_400_000_000
    assert patience.answer_bytes == pytest.approx(1.4 * 4096, abs=1)
