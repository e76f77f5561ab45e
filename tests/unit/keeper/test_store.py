"""What keeper remembers of recording, in the state folder and by the footage that is there."""

from common.config import load
from services.keeper.store import Store


def settings_in(tmp_path, **variables):
    return load({"CAM_STATE_DIR": str(tmp_path / "state"), "CAM_RECORDING_DIR": str(tmp_path / "footage"), **variables})


def loaded(settings):
    return Store(settings.state_dir).load(settings, 0, 5)


def test_modes_and_open_events_are_kept(tmp_path):
    settings = settings_in(tmp_path)
    core = loaded(settings)
    core.modes.set("porch", "event")
    core.events.tell("porch", {"id": "door"}, 0, 5)
    Store(settings.state_dir).save_changed(core)

    again = loaded(settings)

    assert again.modes.mode("porch") == "event"
    assert [event.id for event in again.events.due(0, 5)] == ["door"]
    assert not again.modes.is_changed


def test_nothing_is_written_where_nothing_is_recorded(tmp_path):
    settings = settings_in(tmp_path)
    core = loaded(settings)

    Store(settings.state_dir).save_changed(core)

    assert not core.modes.is_used
    assert not (tmp_path / "state").exists()


def test_footage_that_is_there_is_use_whatever_the_state_folder_says(tmp_path):
    (tmp_path / "footage" / ".exports").mkdir(parents=True)
    (tmp_path / "footage" / "porch").touch()
    assert not loaded(settings_in(tmp_path)).modes.is_used

    (tmp_path / "footage" / "attic").mkdir()

    assert loaded(settings_in(tmp_path)).modes.is_used


def test_damaged_state_of_recording_leaves_the_rest(tmp_path):
    (tmp_path / "state").mkdir()
    for name in ("recording.json", "events.json"):
        (tmp_path / "state" / name).write_text("{")
    settings = settings_in(tmp_path, CAM_RECORDING_MODE="continuous")

    core = loaded(settings)

    assert core.modes.mode("porch") == "continuous"
    assert (tmp_path / "state" / "recording.json.corrupt").exists()
    assert (tmp_path / "state" / "events.json.corrupt").exists()
