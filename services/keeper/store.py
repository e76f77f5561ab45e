"""The state folder's files: scale.json, cameras.json and quarantine.json."""

from pathlib import Path

from common.config import Settings
from services.keeper import quarantine, state
from services.keeper.cameras import remembered_from
from services.keeper.core import Core, scale_from


class Store:
    """Loads a `Core` and saves what changed in it."""

    def __init__(self, folder: Path) -> None:
        self._scale = folder / "scale.json"
        self._cameras = folder / "cameras.json"
        self._quarantine = folder / "quarantine.json"

    def load(self, settings: Settings, now_ns: int, wall_ns: int) -> Core:
        """Return the core as it was left; what is missing or unreadable starts anew."""
        remembered = state.load(self._quarantine, quarantine.remembered_from, quarantine.Remembered())
        return Core(
            settings,
            scale=state.load(self._scale, scale_from, {}),
            remembered=state.load(self._cameras, remembered_from, {}),
            kept_apart=quarantine.Quarantine(remembered, now_ns, wall_ns),
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
