"""Which camera is recorded how, and whether anything ever was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.config import load
from services.keeper.modes import ModeError, Modes, Remembered, remembered_from


def modes_of(remembered=None, **variables):
    return Modes(load(variables), remembered or Remembered())


def configured(tmp_path, text):
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return {"CAM_CONFIG": str(path)}


def test_nothing_is_recorded_and_recording_is_not_used_at_first():
    modes = modes_of()

    assert modes.mode("porch") == "off"
    assert not modes.is_used
    assert not modes.is_changed
    assert modes.record(["porch"]) == {"cameras": {"porch": "off"}, "default": "off", "used": False}


def test_setting_for_all_is_the_mode_of_everybody_and_use():
    modes = modes_of(CAM_RECORDING_MODE="continuous")

    assert modes.mode("porch") == "continuous"
    assert modes.is_used
    assert modes.is_changed


def test_section_of_one_camera_is_use_even_before_it_was_seen(tmp_path):
    modes = modes_of(**configured(tmp_path, '[camera.porch]\nrecording_mode = "event"\n'))

    assert (modes.mode("porch"), modes.mode("attic")) == ("event", "off")
    assert modes.is_used


def test_mode_that_is_set_goes_before_the_settings_until_it_is_given_back():
    modes = modes_of(CAM_RECORDING_MODE="continuous")

    modes.set("porch", "off")
    modes.set("porch", "off")
    assert modes.news == ["camera porch: recording off, it was continuous"]
    assert modes.mode("porch") == "off"
    assert modes.document() == {"cameras": {"porch": "off"}, "used": True}
    modes.set("porch", None)
    assert modes.mode("porch") == "continuous"
    assert modes.document()["cameras"] == {}


def test_use_begins_with_the_first_mode_other_than_off_and_never_ends():
    modes = modes_of()

    modes.set("porch", "off")
    assert not modes.is_used
    modes.set("porch", "event")
    assert modes.is_used
    modes.set("porch", "off")
    assert modes.is_used


@pytest.mark.parametrize("mode", ["on", "", "OFF", 1, True, ["off"], {"off": 1}])
def test_mode_that_is_none_is_refused_with_those_there_are_and_changes_nothing(mode):
    modes = modes_of()

    with pytest.raises(ModeError, match='expected one of "off", "continuous", "event", or null'):
        modes.set("porch", mode)

    assert not modes.is_changed


def test_same_mode_again_is_no_change_to_save():
    modes = modes_of(Remembered({"porch": "event"}, is_used=True))

    modes.set("porch", "event")

    assert not modes.is_changed


def test_forgotten_camera_is_back_at_the_settings():
    modes = modes_of(Remembered({"porch": "event"}, is_used=True))

    modes.forget("porch")
    modes.forget("never-set")

    assert modes.mode("porch") == "off"
    assert modes.is_changed
    assert modes.is_used


def test_record_tells_of_cameras_with_a_mode_that_nobody_remembers_otherwise():
    assert modes_of(Remembered({"attic": "event"}))\
        .record(["porch"])["cameras"] == {"attic": "event", "porch": "off"}  # fmt: skip


@given(st.dictionaries(st.from_regex(r"[a-z0-9_-]{1,32}", fullmatch=True), st.sampled_from(["off", "event"])))
def test_document_is_remembered_as_it_was(cameras):
    first = modes_of(Remembered(cameras))

    again = modes_of(remembered_from(first.document()))

    assert again.document() == first.document()
    assert again.record([]) == first.record([])
    assert not again.is_changed


@pytest.mark.parametrize(
    "document",
    [{"cameras": []}, {"cameras": {"../x": "off"}}, {"cameras": {"porch": "on"}}, {"cameras": {"porch": ["off"]}},
     {"used": 1}, {"used": "yes"}],
)  # fmt: skip
def test_document_that_is_none_is_refused(document):
    with pytest.raises(ValueError, match="expected"):
        remembered_from(document)
