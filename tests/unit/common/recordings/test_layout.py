import pytest

from common.recordings.layout import day_of, day_start_ns, is_name, is_part, kind_of, name_of
from common.recordings.rows import Kind
from tests.helpers.recording_files import START_NS


def test_name_says_camera_and_utc_start():
    name = name_of("porch", START_NS, Kind.VIDEO)
    assert name == "2026-11-22/porch_20261122T213309.123Z.mp4"
    assert is_name(name)
    assert kind_of(name) is Kind.VIDEO
    assert kind_of(name_of("porch", START_NS, Kind.ORIGINALS)) is Kind.ORIGINALS


@pytest.mark.parametrize(
    "name",
    ["", "/", "2026-11-22/", "../porch_20261122T213309.123Z.mp4", "2026-11-22/../x", "2026-11-22/porch.mp4",
     "2026-11-22/porch_20261122T213309.123Z.mp4\n", "2026-11-22//porch_20261122T213309.123Z.mp4",
     "2026-11-22/a/porch_20261122T213309.123Z.mp4", "porch_20261122T213309.123Z.mp4",
     "2026-11-22/porch_20261122T213309.123Z.mp4\0", "2026-11-22/PORCH_20261122T213309.123Z.mp4"],
)  # fmt: skip
def test_anything_else_is_no_name(name):
    assert not is_name(name)


def test_part_is_known_by_the_name_that_it_will_have():
    assert is_part("2026-11-22/porch_20261122T213309.123Z.mp4.part")
    assert not is_part("2026-11-22/notes.part")
    assert not is_name("2026-11-22/porch_20261122T213309.123Z.mp4.part")


def test_day_begins_where_its_name_does():
    assert day_of(day_start_ns("2026-11-22")) == "2026-11-22"
    assert day_of(day_start_ns("2026-11-22") - 1) == "2026-11-21"
