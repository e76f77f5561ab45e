from common.names import CameraId
from common.units import NS_PER_S
from services.ingest.contests import Contests

PORCH = CameraId("porch")


def test_three_claims_in_ten_seconds_leave_the_name_to_its_holder():
    contests = Contests()
    for second in range(3):
        assert not contests.is_left_to_holder(PORCH, second * NS_PER_S)
        contests.note(PORCH, f"10.0.0.{second}", second * NS_PER_S)
    assert contests.is_left_to_holder(PORCH, 3 * NS_PER_S)
    assert not contests.is_left_to_holder(CameraId("yard"), 3 * NS_PER_S)
    assert contests.is_left_to_holder(PORCH, 10 * NS_PER_S - 1)
    assert not contests.is_left_to_holder(PORCH, 10 * NS_PER_S)


def test_claims_further_apart_are_no_contest():
    contests = Contests()
    for claim in range(10):
        contests.note(PORCH, "10.0.0.1", claim * 5 * NS_PER_S)
        assert not contests.is_left_to_holder(PORCH, claim * 5 * NS_PER_S)
    assert contests.warning(PORCH) == ""


def test_name_stays_with_its_holder_while_the_refused_keep_trying():
    contests = Contests()
    for half_second in range(100):
        contests.note(PORCH, "10.0.0.9", half_second * NS_PER_S // 2)
    assert contests.is_left_to_holder(PORCH, 50 * NS_PER_S)


def test_warning_names_the_last_address_and_goes_a_minute_after_the_contest():
    contests = Contests()
    for second in range(4):
        contests.note(PORCH, f"10.0.0.{second}", second * NS_PER_S)
    assert "10.0.0.3" in contests.warning(PORCH)
    assert contests.seen() == {PORCH: "10.0.0.3"}
    contests.expire(62 * NS_PER_S)
    assert contests.warning(PORCH)
    contests.expire(63 * NS_PER_S)
    assert contests.warning(PORCH) == ""


def test_contest_heard_from_another_process_is_warned_of_but_not_told_on():
    contests = Contests()
    contests.hear(PORCH, "10.0.0.7", 5)
    assert "10.0.0.7" in contests.warning(PORCH)
    assert contests.seen() == {}
