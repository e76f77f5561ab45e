"""The state folder's files: scale.json and cameras.json."""

from pathlib import Path

from common.config import Settings
from services.keeper import state
from services.keeper.cameras import remembered_from
from services.keeper.core import Core, scale_from


class Store:
    """Loads a `Core` and saves what changed in it."""

    def __init__(self, folder: Path) -> None:
        self._scale = folder / "scale.json"
        self._cameras = folder / "cameras.json"

    def load(self, settings: Settings) -> Core:
        """Return the core as it was left; what is missing or unreadable starts anew."""
        return Core(
            settings,
            scale=state.load(self._scale, scale_from, {}),
            remembered=state.load(self._cameras, remembered_from, {}),
        )

    def save_changed(self, core: Core) -> None:
        """Save what changed since it was last saved; OSError when that fails, and it stays to be saved."""
        if core.is_scale_changed:
            state.save(self._scale, core.scale)
            core.is_scale_changed = False
        if core.cameras.is_changed:
            state.save(self._cameras, core.cameras.document())
            core.cameras.is_changed = False
