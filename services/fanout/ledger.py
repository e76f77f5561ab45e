"""What becomes here of each topic's messages: in = out + dropped by cause, and what was missing before them. Pure."""

from typing import Any, Final

from common.stream_account import Namer, StreamAccount

# Accounts are kept when nobody watches any more. Beyond this the one that was closed first is forgotten.
TOPICS: Final = 2048


class Ledger:
    """The accounts of this process's life, by camera and format."""

    def __init__(self, name: Namer) -> None:
        self._name: Final = name
        self._accounts: dict[tuple[str, str], StreamAccount] = {}

    def open(self, camera: str, format_: str) -> "StreamAccount":
        """Return the account of a topic that is subscribed from now on; what was missed before was not lost."""
        account = self._accounts.pop((camera, format_), None) or StreamAccount(camera, format_, self._name)
        self._accounts[camera, format_] = account
        account.forget()
        if len(self._accounts) > TOPICS:
            del self._accounts[next(iter(self._accounts))]
        return account

    def record(self) -> dict[str, dict[str, Any]]:
        """Return what the status message says."""
        return {
            f"{camera}/{format_}": {"hop": "fanout", **account.record()}
            for (camera, format_), account in self._accounts.items()
        }
