import pytest

from tools.mock_camera.faults import (
    Corrupt,
    Rates,
    Resize,
    Stall,
    Vanish,
    parse_corrupt,
    parse_rates,
    parse_resize,
    parse_stall,
    parse_vanish,
    seconds,
)
from tools.mock_camera.sizes import Size


@pytest.mark.parametrize(("text", "stall"), [
    ("3", Stall(3, 10)), ("0.5:2", Stall(0.5, 2)), ("20", Stall(20, 60)), ("1:1.5", Stall(1, 1.5)),
])  # fmt: skip
def test_stall_is_seconds_and_every(text, stall):
    assert parse_stall(text) == stall


@pytest.mark.parametrize(("text", "corrupt"), [
    ("junk", Corrupt(("junk",), 0.1)), ("truncated,no-eoi:1", Corrupt(("truncated", "no-eoi"), 1.0)),
    ("spliced:0.25", Corrupt(("spliced",), 0.25)),
])  # fmt: skip
def test_corrupt_is_kinds_and_rate(text, corrupt):
    assert parse_corrupt(text) == corrupt


def test_resize_is_a_size_and_a_time():
    assert parse_resize("svga:2.5") == Resize(Size(800, 600), 2.5)
    assert parse_resize("800x600") == Resize(Size(800, 600), 5.0)


def test_rates_are_numbers_and_every():
    assert parse_rates("5,0.2,30:2.5") == Rates((5, 0.2, 30), 2.5)
    assert parse_rates("15") == Rates((15,), 5)


@pytest.mark.parametrize("text", ["", "0", "5,,6", "5:0", "-1", "2000", "fast"])
def test_rates_refuse_what_no_camera_has(text):
    with pytest.raises(ValueError, match=r"rate|number|time"):
        parse_rates(text)


def test_vanish_is_a_time_and_perhaps_a_return():
    assert parse_vanish("4") == Vanish(4, None)
    assert parse_vanish("4:0.5") == Vanish(4, 0.5)


@pytest.mark.parametrize(("parse", "text", "sentence"), [
    (parse_stall, "", "'' is no number"),
    (parse_stall, "x", "'x' is no number"),
    (parse_stall, "-1", "'-1' is no time in seconds above 0"),
    (parse_stall, "nan", "'nan' is no time"),
    (parse_stall, "inf", "'inf' is no time"),
    (parse_stall, "5:5", "a stall of 5 s cannot come every 5 s"),
    (parse_corrupt, "", "'' is no kind of corruption: give truncated, spliced, junk"),
    (parse_corrupt, "junk,", "'' is no kind"),
    (parse_corrupt, "bent", "'bent' is no kind"),
    (parse_corrupt, "junk:0", "a rate of 0 is out of range"),
    (parse_corrupt, "junk:1.1", "a rate of 1.1 is out of range"),
    (parse_corrupt, "junk:nan", "a rate of nan is out of range"),
    (parse_corrupt, "junk:many", "'many' is no number"),
    (parse_resize, "huge", "'huge' is no size"),
    (parse_resize, "vga:0", "'0' is no time"),
    (parse_vanish, "0", "'0' is no time"),
    (parse_vanish, "3:soon", "'soon' is no number"),
])  # fmt: skip
def test_wrong_fault_is_said_in_a_sentence(parse, text, sentence):
    with pytest.raises(ValueError, match=sentence):
        parse(text)


def test_seconds_takes_fractions():
    assert seconds("0.25") == 0.25
