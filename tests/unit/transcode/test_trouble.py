"""Whether a camera's pictures can be encoded at all."""

from common.units import NS_PER_S
from services.transcode.trouble import Trouble

NOW = 50 * NS_PER_S


def test_no_failure_is_no_trouble():
    assert Trouble().sentence(NOW) == ""


def test_damaged_picture_between_good_ones_is_no_trouble():
    trouble = Trouble()
    trouble.succeeded()
    trouble.failed("damaged", NOW)
    assert trouble.sentence(NOW + 9 * NS_PER_S) == ""


def test_failures_in_a_row_are_told_with_the_newest_reason_until_one_succeeds():
    trouble = Trouble()
    trouble.succeeded()
    for number in range(3):
        trouble.failed(f"reason {number}", NOW)
    assert trouble.sentence(NOW) == "its pictures cannot be encoded: reason 2"
    trouble.succeeded()
    assert trouble.sentence(NOW) == ""


def test_slow_camera_that_never_worked_is_told_after_a_second():
    trouble = Trouble()
    trouble.failed("too wide", NOW)
    assert trouble.sentence(NOW + NS_PER_S - 1) == ""
    assert trouble.sentence(NOW + NS_PER_S) == "its pictures cannot be encoded: too wide"
