"""Which transcode process encodes which camera: rendezvous hashing over those heard lately. Pure; monotonic ns.

A camera whose pictures crash codecs is kept apart: keeper names a process for it alone, or nobody for a while.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from common.errors import WireError
from common.names import CameraId
from common.rendezvous import choose
from common.units import NS_PER_MS, NS_PER_S
from services.ingest.ledger import Ledger

# Heartbeats come every 250 ms.
HEARD_NS: Final = NS_PER_S
# After a silence, the first heartbeat is not the only worker: within this time the others' come as well. Without it
# every camera would move to the first one, and back a moment later.
SETTLE_NS: Final = 300 * NS_PER_MS
# A process that has just begun does not know whom to keep apart before keeper's next word, which comes once a second.
KEEPER_WAIT_NS: Final = 1200 * NS_PER_MS
# The camera that a worker died of waits so long for keeper's word; without it, it is a camera like the others.
SUSPECT_NS: Final = 5 * NS_PER_S
# A worker names its suspects for the first 60 s of its life; what is older is never heard again.
SUSPECT_FORGOTTEN_NS: Final = 120 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Sign:
    """What a worker says of itself."""

    incarnation: int
    is_alone: bool = False
    """It takes only the camera that keeper gives it."""
    crash_id: int = 0
    suspects: tuple[str, ...] = ()
    """The cameras that its life before, `crash_id`, may have died of."""


def read_sign(record: Mapping[str, Any]) -> Sign:
    """Return what the `status/` of a transcode process says; raise WireError when it is malformed."""
    incarnation, crash_id = record.get("incarnation", 0), record.get("crash_id", 0)
    suspects = record.get("suspects", ())
    if type(incarnation) is not int or type(crash_id) is not int:
        raise WireError("status/ of transcode: incarnation or crash_id is no whole number")
    if not isinstance(suspects, (list, tuple)) or not all(isinstance(camera, str) for camera in suspects):
        raise WireError("status/ of transcode: suspects is no list of names")
    return Sign(incarnation, record.get("alone") is True, crash_id, tuple(suspects))


@dataclass(frozen=True, slots=True)
class Apart:
    """Whom keeper keeps apart."""

    isolated: Mapping[str, str]
    """Camera to the process that is its own."""
    quarantined: Mapping[str, int]
    """Camera to the end of its quarantine, wall ns."""


NOBODY_APART: Final = Apart({}, {})


def read_apart(record: Mapping[str, Any]) -> Apart:
    """Return what the `status/` of keeper says of cameras; raise WireError when it is malformed."""
    isolated, quarantined = record.get("isolated", {}), record.get("quarantined", {})
    # Keys as well: msgpack's may also be bytes, which sort among no names.
    if not isinstance(isolated, dict) or not all(isinstance(each, str) for pair in isolated.items() for each in pair):
        raise WireError("status/ of keeper: isolated is no map of names")
    if not isinstance(quarantined, dict):
        raise WireError("status/ of keeper: quarantined is no map")
    return Apart(isolated, {camera: _end_of(entry) for camera, entry in quarantined.items()})


def _end_of(entry: object) -> int:
    until_ns = entry.get("until_wall_ns") if isinstance(entry, dict) else None
    if type(until_ns) is not int:
        raise WireError("status/ of keeper: a quarantine without until_wall_ns")
    return until_ns


@dataclass(frozen=True, slots=True)
class Pool:
    """Who may be named at one moment, and for whom; equal to another as long as nobody's worker changes."""

    names: tuple[str, ...] = ()
    """The workers for all; empty while it is not yet clear who there is."""
    isolated: tuple[tuple[str, str], ...] = ()
    """The cameras that have a process of their own, and that process; empty: it is not heard."""
    barred: frozenset[str] = frozenset()
    """The cameras that nobody may encode."""

    def choose(self, camera: str) -> str | None:
        """Return the camera's worker, empty when it has none; None: whoever it has stays named."""
        if camera in self.barred:
            return ""
        for isolated, name in self.isolated:
            if isolated == camera:
                return name
        return choose(camera, self.names) if self.names else None


class _Heard(NamedTuple):
    incarnation: int
    is_alone: bool
    at_ns: int


class Workers:
    """The transcode processes that live, and the cameras that are kept apart."""

    def __init__(self, started_ns: int) -> None:
        self._heard: dict[str, _Heard] = {}
        self._left: dict[str, _Heard] = {}
        self._suspected: dict[tuple[int, str], int] = {}
        self._apart = NOBODY_APART
        self._settled_ns = 0
        self._keeper_ns = started_ns + KEEPER_WAIT_NS

    def hear(self, name: str, sign: Sign, now_ns: int) -> None:
        """Take a heartbeat in."""
        self._expire(now_ns)
        for camera in sign.suspects:
            self._suspected.setdefault((sign.crash_id, camera), now_ns)
        left, before = self._left.get(name), self._heard.get(name)
        if left is not None and left.incarnation == sign.incarnation:
            return
        # What it once said of this life of it holds: not every sign says everything.
        was_alone = before is not None and before.incarnation == sign.incarnation and before.is_alone
        if not self._general():
            self._settled_ns = now_ns + SETTLE_NS
        self._heard[name] = _Heard(sign.incarnation, sign.is_alone or was_alone, now_ns)

    def leave(self, name: str, incarnation: int, now_ns: int) -> None:
        """Forget a worker that says that it ends, whatever else is heard of this life of it."""
        self._expire(now_ns)
        self._left[name] = _Heard(incarnation, False, now_ns)
        heard = self._heard.get(name)
        if heard is not None and heard.incarnation == incarnation:
            del self._heard[name]

    def keep_apart(self, apart: Apart) -> None:
        """Take keeper's word in; it holds until the next."""
        self._apart = apart
        self._keeper_ns = 0

    def pool(self, now_ns: int, wall_ns: int) -> Pool:
        """Return who may be named."""
        self._expire(now_ns)
        apart = self._apart
        is_settled = now_ns >= max(self._settled_ns, self._keeper_ns)
        quarantined = {camera for camera, until_ns in apart.quarantined.items() if wall_ns < until_ns}
        waiting = {camera for (_, camera), at_ns in self._suspected.items() if now_ns - at_ns < SUSPECT_NS}
        isolated = sorted((camera, name if name in self._heard else "") for camera, name in apart.isolated.items())
        return Pool(
            tuple(sorted(self._general())) if is_settled else (),
            tuple(isolated),
            frozenset(quarantined | (waiting - apart.isolated.keys())),
        )

    def _general(self) -> list[str]:
        return [name for name, heard in self._heard.items() if not heard.is_alone]

    def _expire(self, now_ns: int) -> None:
        for signs in (self._heard, self._left):
            for name in [name for name, sign in signs.items() if now_ns - sign.at_ns > HEARD_NS]:
                del signs[name]
        for crash in [crash for crash, at_ns in self._suspected.items() if now_ns - at_ns > SUSPECT_FORGOTTEN_NS]:
            del self._suspected[crash]


def assign(ledgers: Iterable[Ledger], pool: Pool, wall_ns: int) -> set[CameraId]:
    """Name the cameras' workers, with a higher term where it is another one; return the cameras where it is.

    While nobody is heard the last one stays named: should it come back first, it goes on at once.
    """
    moved = set()
    for ledger in ledgers:
        worker = pool.choose(ledger.camera)
        if worker is not None and worker != ledger.worker:
            ledger.worker = worker
            renew_term(ledger, wall_ns)
            moved.add(ledger.camera)
    return moved


def renew_term(ledger: Ledger, wall_ns: int) -> None:
    """Begin a new term, later than every one before, also than those that another process gave."""
    ledger.term = max(ledger.term + 1, wall_ns)
