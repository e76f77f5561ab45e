"""Which transcode process encodes which camera: rendezvous hashing over those heard lately. Pure; monotonic ns."""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

from common.units import NS_PER_MS, NS_PER_S
from services.ingest.ledger import Ledger

# Heartbeats come every 250 ms.
HEARD_NS: Final = NS_PER_S
# After a silence, the first heartbeat is not the only worker: within this time the others' come as well. Without it
# every camera would move to the first one, and back a moment later.
SETTLE_NS: Final = 300 * NS_PER_MS


class _Sign(NamedTuple):
    incarnation: int
    at_ns: int


class Workers:
    """The transcode processes that live."""

    def __init__(self) -> None:
        self._heard: dict[str, _Sign] = {}
        self._left: dict[str, _Sign] = {}
        self._settled_ns = 0

    def hear(self, name: str, incarnation: int, now_ns: int) -> None:
        """Take a heartbeat in."""
        self._expire(now_ns)
        left = self._left.get(name)
        if left is not None and left.incarnation == incarnation:
            return
        if not self._heard:
            self._settled_ns = now_ns + SETTLE_NS
        self._heard[name] = _Sign(incarnation, now_ns)

    def leave(self, name: str, incarnation: int, now_ns: int) -> None:
        """Forget a worker that says that it ends, whatever else is heard of this life of it."""
        self._expire(now_ns)
        self._left[name] = _Sign(incarnation, now_ns)
        heard = self._heard.get(name)
        if heard is not None and heard.incarnation == incarnation:
            del self._heard[name]

    def names(self, now_ns: int) -> tuple[str, ...]:
        """Return who may be named; nobody while it is not yet clear who there is."""
        self._expire(now_ns)
        return tuple(sorted(self._heard)) if now_ns >= self._settled_ns else ()

    def _expire(self, now_ns: int) -> None:
        for signs in (self._heard, self._left):
            for name in [name for name, sign in signs.items() if now_ns - sign.at_ns > HEARD_NS]:
                del signs[name]


def assign(ledger: Ledger, names: Sequence[str], wall_ns: int) -> bool:
    """Name the camera's worker, with a higher term if it is another one; return whether it is.

    While nobody is heard the last one stays named: should it come back first, it goes on at once.
    """
    if not names:
        return False
    worker = choose(ledger.camera, names)
    if worker == ledger.worker:
        return False
    ledger.worker = worker
    renew_term(ledger, wall_ns)
    return True


def renew_term(ledger: Ledger, wall_ns: int) -> None:
    """Begin a new term, later than every one before, also than those that another process gave."""
    ledger.term = max(ledger.term + 1, wall_ns)


def choose(camera: str, names: Sequence[str]) -> str:
    """Return the camera's worker: a name that comes or goes moves only the cameras that are its own."""
    return max(names, key=lambda name: blake2b(f"{camera} {name}".encode(), digest_size=8).digest())
