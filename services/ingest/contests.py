"""Names that several devices claim at once: when they are left to their holder, and what is said of it. Pure."""

from collections import deque
from typing import Final

from common.names import CameraId
from common.units import NS_PER_S

# More than 3 take-overs in 10 s from different addresses leave the name to its holder.
LIMIT: Final = 3
WINDOW_NS: Final = 10 * NS_PER_S
# Long enough for a person who looks at the status page now and then.
WARNING_NS: Final = 60 * NS_PER_S


class Contests:
    """Claims of names from another address than their holder's: those that took over, and those refused."""

    def __init__(self) -> None:
        self._claims: dict[CameraId, deque[int]] = {}
        self._seen: dict[CameraId, tuple[int, str]] = {}
        # Apart from what was seen here: told on, two processes would keep a warning alive between them for ever.
        self._heard: dict[CameraId, tuple[int, str]] = {}

    def note(self, camera: CameraId, address: str, now_ns: int) -> None:
        """Count a claim from `address`, which is not the holder's."""
        self._claims.setdefault(camera, deque(maxlen=LIMIT)).append(now_ns)
        if self.is_left_to_holder(camera, now_ns):
            self._seen[camera] = (now_ns, address)

    def is_left_to_holder(self, camera: CameraId, now_ns: int) -> bool:
        """Return whether one more claim would be one too many."""
        claims = self._claims.get(camera)
        return claims is not None and len(claims) == LIMIT and now_ns - claims[0] < WINDOW_NS

    def warning(self, camera: CameraId) -> str:
        """Return the sentence for the status page; empty when there is nothing to say."""
        told = max(self._seen.get(camera, (0, "")), self._heard.get(camera, (0, "")))
        return f"several devices claim the name {camera!r}, the last of them at {told[1]}" if told[0] else ""

    def seen(self) -> dict[str, str]:
        """Return the names contested here and the last address of each, to tell the other processes."""
        return {camera: address for camera, (_, address) in self._seen.items()}

    def hear(self, camera: CameraId, address: str, now_ns: int) -> None:
        """Learn that another process sees a contest."""
        self._heard[camera] = (now_ns, address)

    def expire(self, now_ns: int) -> None:
        """Forget what is long over."""
        self._claims = {c: claims for c, claims in self._claims.items() if now_ns - claims[-1] < WINDOW_NS}
        self._seen = {c: told for c, told in self._seen.items() if now_ns - told[0] < WARNING_NS}
        self._heard = {c: told for c, told in self._heard.items() if now_ns - told[0] < WARNING_NS}
