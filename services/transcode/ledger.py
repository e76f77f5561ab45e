"""The cameras' accounts of a process's life: frames in = out + dropped by cause + held, over all lines of a camera.

Pure.
"""

from collections.abc import Hashable, Mapping
from typing import Any, Final

from common.accounts import Account

HOP: Final = "transcode"
# As many cameras as a house may know, several times: names that come and go for months must not pile up.
MOST_ACCOUNTS: Final = 1024


class CameraLedger:
    """One camera's account, and the newest frame that it counted."""

    def __init__(self) -> None:
        self.publisher = ""
        """The process that sends the camera's frames: what is missing is missing from it."""
        self._account = Account()
        self._stream: Hashable = None
        self._newest = -1

    def enter(self, stream: Hashable, number: int) -> bool:
        """Count a frame that came in; return False, nothing counted, for one that had come in before."""
        if stream == self._stream and number <= self._newest:
            return False
        self._stream, self._newest = stream, number
        self._account.enter()
        return True

    def enter_late(self) -> None:
        """Count a frame that came in after all; it was counted as missing."""
        self._account.enter()
        self._account.found(self.publisher)

    def leave(self) -> None:
        """Count a frame that went on."""
        self._account.leave()

    def drop(self, cause: str) -> None:
        """Count a frame that ends here."""
        self._account.drop(cause)

    def leave_late(self, cause: str) -> None:
        """Count a frame as gone on that was counted as dropped: it was sent again, and is of use now."""
        self._account.drop(cause, -1)
        self._account.leave()

    def miss(self, frames: int) -> None:
        """Count frames that did not come."""
        self._account.miss(self.publisher, frames)

    def record(self, held: int) -> dict[str, Any]:
        """Return the row."""
        return {"hop": HOP, **self._account.record(held)}


class Ledger:
    """The accounts of all cameras that this process ever worked for; bounded, those forgotten that ended first."""

    def __init__(self) -> None:
        self._accounts: dict[str, CameraLedger] = {}

    def of(self, camera: str) -> CameraLedger:
        """Return a camera's account, the same one in all its lines."""
        account = self._accounts.pop(camera, None) or CameraLedger()
        self._accounts[camera] = account
        return account

    def record(self, held: Mapping[str, int]) -> dict[str, dict[str, Any]]:
        """Return all rows; `held` is how many frames each open line holds."""
        for camera in list(self._accounts):
            if len(self._accounts) > MOST_ACCOUNTS and camera not in held:
                del self._accounts[camera]
        return {camera: account.record(held.get(camera, 0)) for camera, account in self._accounts.items()}
