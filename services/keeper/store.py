"""The state folder's files: scale.json, cameras.json, quarantine.json, recording.json and events.json."""

from pathlib import Path

from common.config import Settings
from common.settings import CAMERA_ID
from services.keeper import events, modes, quarantine, state
from services.keeper.cameras import remembered_from
from services.keeper.core import Core, scale_from


class Store:
    """Loads a `Core` and saves what changed in it."""

    def __init__(self, folder: Path) -> None:
        self._scale = folder / "scale.json"
        self._cameras = folder / "cameras.json"
        self._quarantine = folder / "quarantine.json"
        self._recording = folder / "recording.json"
        self._events = folder / "events.json"

    def load(self, settings: Settings, now_ns: int, wall_ns: int) -> Core:
        """Return the core as it was left; what is missing or unreadable starts anew."""
        remembered = state.load(self._quarantine, quarantine.remembered_from, quarantine.Remembered())
        return Core(
            settings,
            scale=state.load(self._scale, scale_from, {}),
            remembered=state.load(self._cameras, remembered_from, {}),
            kept_apart=quarantine.Quarantine(remembered, now_ns, wall_ns),
            modes=self._modes(settings),
            events=events.Events(
                settings.recording.event_limit_s, state.load(self._events, events.remembered_from, [])
            ),
            now_ns=now_ns,
        )

    def save_changed(self, core: Core) -> None:
        """Save what changed since it was last saved; OSError when that fails, and it stays to be saved."""
        if core.is_scale_changed:
            state.save(self._scale, core.scale)
            core.is_scale_changed = False
        if core.cameras.is_changed:
            state.save(self._cameras, core.cameras.document())
            core.cameras.is_changed = False
        if core.quarantine.is_changed:
            state.save(self._quarantine, core.quarantine.document())
            core.quarantine.is_changed = False
        if core.modes.is_changed:
            state.save(self._recording, core.modes.document())
            core.modes.is_changed = False
        if core.events.is_changed:
            state.save(self._events, core.events.document())
            core.events.is_changed = False

    def _modes(self, settings: Settings) -> modes.Modes:
        loaded = modes.Modes(settings, state.load(self._recording, modes.remembered_from, modes.Remembered()))
        # A state folder that was lost, or footage that was brought from elsewhere. Nobody waits for a disk needlessly.
        if not loaded.is_used and _has_footage(settings.recording_dir):
            loaded.note_use()
        return loaded


def _has_footage(folder: Path) -> bool:
    try:
        return any(CAMERA_ID.fullmatch(entry.name) and entry.is_dir() for entry in folder.iterdir())
    except OSError:
        return False
