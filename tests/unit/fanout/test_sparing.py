from services.fanout.sparing import LONGEST_NS, Sparing
from tests.helpers.fanout import MS, START_NS


def test_cheap_answer_is_made_anew_for_almost_everybody():
    sparing = Sparing()
    assert sparing.get(START_NS) == b""
    sparing.keep(b"1", START_NS, START_NS + MS)
    assert sparing.get(START_NS + 20 * MS) == b"1"
    assert sparing.get(START_NS + 21 * MS) == b""


def test_dear_answer_is_good_for_a_second_at_most():
    sparing = Sparing()
    sparing.keep(b"1", START_NS - 9 * LONGEST_NS, START_NS)
    assert sparing.get(START_NS + LONGEST_NS - 1) == b"1"
    assert sparing.get(START_NS + LONGEST_NS) == b""
