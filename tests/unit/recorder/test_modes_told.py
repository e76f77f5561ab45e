import pytest

from services.recorder.modes_told import ModesTold


def modes(default: str = "off") -> ModesTold:
    return ModesTold(lambda camera: "continuous" if camera == "porch" else default)


def test_settings_rule_until_keeper_is_heard_and_a_folder_knows_its_own_mode():
    assert modes().modes(["porch", "attic"], ["garden"]) == {"porch": "continuous", "garden": ""}


def test_keepers_word_rules_and_holds():
    told = modes()
    told.hear_keeper({"recording": {"cameras": {"porch": "off", "attic": "event"}, "default": "off"}})
    told.hear_keeper({})
    assert told.modes(["porch", "attic"], []) == {"attic": "event"}
    assert told.modes(["porch", "attic"], ["porch"]) == {"porch": "off", "attic": "event"}


def test_camera_that_keeper_does_not_know_yet_has_the_default():
    told = modes()
    told.hear_keeper({"recording": {"cameras": {}, "default": "continuous"}})
    assert told.modes(["new"], ["old"]) == {"new": "continuous", "old": "continuous"}


@pytest.mark.parametrize("bad", [5, [], {"cameras": 5}, {"cameras": {"porch": "always", 5: "off", "../x": "off"}}])
def test_nonsense_is_as_if_it_were_not_there(bad):
    told = modes()
    told.hear_keeper({"recording": bad})
    assert "../x" not in told.modes([], [])
