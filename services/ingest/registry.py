"""Which connection is which camera: claims, take-overs, second devices, refusals. Pure.

The registry decides; whoever calls it ends the connections that it returns as lost.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from common.errors import CameraNameError, WireError
from common.names import CameraId, camera_id, from_address, with_suffix
from common.units import NS_PER_S
from services.ingest.contests import Contests
from services.ingest.ledger import POST, WS, Accounts, Instant, Ledger, Origin
from services.ingest.others import Claim, Others
from services.ingest.session import Session

# An older connection without a name that still delivers within this time is a second device, not a dead one.
SECOND_DEVICE_NS: Final = 2 * NS_PER_S
LAST_SUFFIX: Final = 99
# A camera that went offline stays in the announcements for so long.
OFFLINE_LISTED_NS: Final = 60 * NS_PER_S
# A camera that posts single pictures is online for so long after each, or for three of its intervals.
POST_ONLINE_NS: Final = 60 * NS_PER_S
POST_ONLINE_INTERVALS: Final = 3


class Lost(NamedTuple):
    """A connection that is no camera any more, and why."""

    session: Session
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A connection that becomes no camera: the HTTP status, and the sentence for the device's owner."""

    status: int
    text: str


class _Ousted(NamedTuple):
    camera: CameraId
    until_ns: int


@dataclass(frozen=True, slots=True)
class _Holder:
    peer: str
    via: str
    is_stalled: bool


class Registry:
    """The cameras of this process, with an eye on those of the others."""

    def __init__(self, others: Others, max_cameras: int, configured: Iterable[str] = ()) -> None:
        self.holders: dict[CameraId, Session] = {}
        self.ledgers: dict[CameraId, Ledger] = {}
        self.accounts = Accounts()
        self.contests = Contests()
        self.changed: set[CameraId] = set()
        """Cameras to announce at once; whoever announces them clears it."""
        self._others = others
        self._max_cameras = max_cameras
        self._configured = frozenset(configured)
        self._known: frozenset[str] = frozenset()
        self._ousted: dict[Session, _Ousted] = {}

    def join(self, session: Session, now: Instant) -> Refused | list[Lost]:
        """Give a new connection its name, or refuse it; return the connections that lost theirs."""
        origin = session.origin
        camera = origin.name if origin.name is not None else from_address(origin.peer)
        holder = self._holder(camera, now)
        refused = self._refuse_excess(camera) or self._refuse_conflict(session, camera, holder, now)
        if refused is not None:
            return refused
        if holder is not None and _is_contest(origin, holder):
            self.contests.note(camera, origin.peer, now.mono_ns)
        lost = self._oust(camera, origin.peer, origin.name is not None, now)
        self._claim(camera, session, now)
        return lost

    def confirm(self, session: Session, now: Instant) -> bool:
        """Note that a connection delivered a frame; if it had lost its name, it gets another. False: too late."""
        ousted = self._ousted.get(session)
        if ousted is None:
            return True
        camera = self._next_free(ousted.camera)
        if now.mono_ns > ousted.until_ns or camera is None or self._refuse_excess(camera) is not None:
            return False
        del self._ousted[session]
        self._claim(camera, session, now)
        return True

    def leave(self, session: Session, now: Instant) -> None:
        """Note that a connection ended."""
        self._ousted.pop(session, None)
        if self.holders.get(session.camera) is session:
            del self.holders[session.camera]
            session.ledger.offline_since = now
            self.changed.add(session.camera)

    def hear(self, record: Mapping[str, Any], now: Instant) -> list[Lost]:
        """Take another process's announcement in; return the connections whose name is newer there."""
        lost: list[Lost] = []
        for news in self._others.hear(record, now.mono_ns):
            claim = news.claim
            session = self.holders.get(claim.camera)
            before = session.origin.peer if session else news.before.peer if news.before else claim.peer
            if claim.named and before != claim.peer:
                self.contests.note(claim.camera, claim.peer, now.mono_ns)
            if session is None or _is_newer(claim, session):
                lost += self._oust(claim.camera, claim.peer, claim.named, now)
                self.ledgers.pop(claim.camera, None)
        self._hear_contests(record.get("contested"), now.mono_ns)
        return lost

    def learn_known(self, cameras: Iterable[str]) -> None:
        """Learn which cameras were ever seen, from whoever remembers."""
        self._known = frozenset(cameras)

    def tick(self, now: Instant) -> list[Lost]:
        """Return the connections whose time is over; forget what is long gone."""
        self._others.expire(now.mono_ns)
        self.contests.expire(now.mono_ns)
        lost = [
            Lost(session, f"replaced as {ousted.camera} by a newer connection")
            for session, ousted in self._ousted.items()
            if now.mono_ns > ousted.until_ns
        ]
        lost += [Lost(s, "no picture posted lately") for s in self.holders.values() if _has_stopped_posting(s, now)]
        for camera, ledger in list(self.ledgers.items()):
            silent_ns = now.mono_ns - ledger.offline_since.mono_ns
            if camera not in self.holders and silent_ns > OFFLINE_LISTED_NS:
                del self.ledgers[camera]
        return lost

    def poster(self, camera: CameraId) -> Session | None:
        """Return the session of a camera that posts its pictures."""
        session = self.holders.get(camera)
        return session if session is not None and session.origin.via == POST else None

    def _holder(self, camera: CameraId, now: Instant) -> _Holder | None:
        session = self.holders.get(camera)
        if session is not None:
            return _Holder(session.origin.peer, session.origin.via, session.is_stalled(now.mono_ns))
        claim = self._others.holder(camera)
        return _Holder(claim.peer, claim.via, claim.is_stalled) if claim is not None else None

    def _refuse_excess(self, camera: CameraId) -> Refused | None:
        cameras = self._known | self._configured | self.ledgers.keys() | self._others.cameras()
        if camera in cameras or len(cameras) < self._max_cameras:
            return None
        return Refused(503, f"There are {len(cameras)} cameras already, and max_cameras allows {self._max_cameras}.")

    def _refuse_conflict(
        self, session: Session, camera: CameraId, holder: _Holder | None, now: Instant
    ) -> Refused | None:
        origin = session.origin
        if holder is None:
            return None
        if origin.via == POST and holder.via == WS and not holder.is_stalled:
            return Refused(409, f"The camera {camera} is connected over WebSocket, and pictures come from there.")
        if _is_contest(origin, holder) and self.contests.is_left_to_holder(camera, now.mono_ns):
            self.contests.note(camera, origin.peer, now.mono_ns)
            return Refused(409, f"Several devices call themselves {camera}; it is left to the one at {holder.peer}.")
        return None

    def _oust(self, camera: CameraId, peer: str, is_named: bool, now: Instant) -> list[Lost]:
        """Take the name from its connection here, if there is one; return it unless it may be a second device."""
        session = self.holders.pop(camera, None)
        if session is None:
            return []
        origin = session.origin
        if not is_named and origin.name is None and origin.via == WS and origin.peer == peer:
            session.ledger = Ledger(camera)
            self._ousted[session] = _Ousted(camera, now.mono_ns + SECOND_DEVICE_NS)
            return []
        return [Lost(session, f"replaced by a newer connection from {peer}")]

    def _claim(self, camera: CameraId, session: Session, now: Instant) -> None:
        if camera not in self.ledgers:
            self.ledgers[camera] = Ledger(camera, account=self.accounts.open(camera, self.ledgers.keys()))
        session.ledger = self.ledgers[camera]
        session.claim_mono_ns = now.mono_ns
        self.holders[camera] = session
        self.changed.add(camera)
        elsewhere = self._others.holder(camera)
        if elsewhere is not None and elsewhere.term > session.ledger.term:
            # Its worker goes on without a break, and no term of ours is older than one that was announced.
            session.ledger.worker, session.ledger.term = elsewhere.worker, elsewhere.term

    def _next_free(self, camera: CameraId) -> CameraId | None:
        taken = self.holders.keys() | self._others.cameras()
        names = (with_suffix(camera, number) for number in range(2, LAST_SUFFIX + 1))
        return next((name for name in names if name not in taken), None)

    def _hear_contests(self, contested: object, now_ns: int) -> None:
        if contested is None:
            return
        if not isinstance(contested, dict):
            raise WireError("camera/: field 'contested' is no map")
        for name, address in contested.items():
            try:
                self.contests.hear(camera_id(str(name)), str(address)[:64], now_ns)
            except CameraNameError as error:
                raise WireError(str(error)) from error


def _is_contest(origin: Origin, holder: _Holder) -> bool:
    """Return whether two devices seem to want one name. Single pictures may come through any of a proxy's addresses."""
    return origin.name is not None and holder.peer != origin.peer and not origin.via == holder.via == POST


def _is_newer(claim: Claim, session: Session) -> bool:
    """Return whether a claim elsewhere came after the session's.

    Monotonic stamps compare within a host. Between hosts what counts is whether we had heard of it when our
    connection came: clocks that differ would else leave a name to the wrong device for ever.
    """
    ours_ns = session.claim_mono_ns
    if claim.host == session.host:
        return (claim.claim_mono_ns, claim.source) > (ours_ns, session.source)
    return claim.first_heard_ns > ours_ns


def _has_stopped_posting(session: Session, now: Instant) -> bool:
    silent_ns = now.mono_ns - session.pace.last_ns
    limit_ns = max(POST_ONLINE_NS, POST_ONLINE_INTERVALS * session.pace.interval_ns)
    return session.origin.via == POST and silent_ns > limit_ns
