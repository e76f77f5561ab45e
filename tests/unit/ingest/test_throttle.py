from common.units import NS_PER_S
from services.ingest.throttle import Throttle


def test_throttle_lets_one_line_a_second_through_and_counts_the_others():
    throttle = Throttle()
    assert throttle.count(5) == 1
    assert [throttle.count(5 + n) for n in range(3)] == [0, 0, 0]
    assert throttle.count(5 + NS_PER_S) == 4
    assert throttle.count(5 + 3 * NS_PER_S) == 1
