"""How each camera is watched: large, as a tile, or only recorded; the strongest of what processes say. Pure."""

from collections.abc import Mapping
from typing import Any, Final

from common.errors import WireError
from common.units import NS_PER_S

LARGE: Final = "large"
TILE: Final = "tile"
# Also what nobody says anything of: a subscriber that is no part of this system.
RECORDED: Final = "recorded"
STRENGTH: Final = (RECORDED, TILE, LARGE)
# Processes speak once a second; one that was silent for longer is gone, or watches nothing that counts.
FORGET_NS: Final = 3 * NS_PER_S


class Watches:
    """What the processes that serve viewers and recordings said last, each for itself."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[int, dict[str, int]]] = {}

    def hear(self, process: str, record: Mapping[str, Any], now_ns: int) -> None:
        """Take a `status/` record in; raise WireError, nothing taken in, when its `watches` are no such map."""
        if "watches" not in record:
            return
        watches = record["watches"]
        if not isinstance(watches, dict):
            raise WireError(f"watches of {process}: {str(watches)[:40]!r} is no map")
        strengths = {camera: STRENGTH.index(watch) for camera, watch in watches.items() if watch in STRENGTH}
        self._said = {name: said for name, said in self._said.items() if now_ns - said[0] <= FORGET_NS}
        self._said[process] = now_ns, strengths

    def of(self, camera: str, now_ns: int) -> str:
        """Return the strongest watch of a camera."""
        heard = [said for at_ns, said in self._said.values() if now_ns - at_ns <= FORGET_NS]
        return STRENGTH[max((said.get(camera, 0) for said in heard), default=0)]
