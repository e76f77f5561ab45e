"""Cameras online at other ingest processes, as their announcements tell. Pure; times are monotonic ns."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from common.errors import CameraNameError, WireError
from common.names import CameraId, camera_id
from common.units import NS_PER_S

# Times and random numbers of 63 bits. A term of 64 could not be followed by a higher one that fits a message.
NUMBER_LIMIT: Final = 1 << 63
# Announcements come once a second; after three that did not come, a process holds nothing any more.
SILENCE_NS: Final = 3 * NS_PER_S

Publisher = tuple[str, str]
"""Host id and process name."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One camera's connection elsewhere."""

    camera: CameraId
    host: str
    source: int
    peer: str
    via: str
    named: bool
    claim_mono_ns: int
    is_stalled: bool
    worker: str
    term: int
    first_heard_ns: int


@dataclass(frozen=True, slots=True)
class News:
    """A claim that was not there before, and whose it was until now."""

    claim: Claim
    before: Claim | None


class Others:
    """Who else holds which camera. `own` is this process, whose announcements come back and are not news."""

    def __init__(self, own: Publisher) -> None:
        self._own = own
        self._heard_ns: dict[Publisher, int] = {}
        self._claims: dict[Publisher, dict[CameraId, Claim]] = {}

    def hear(self, record: Mapping[str, Any], now_ns: int) -> list[News]:
        """Take one announcement in; return the claims in it that are new. Raises WireError when it is malformed."""
        publisher = (_text(record, "host"), _text(record, "publisher"))
        if publisher == self._own:
            return []
        listed = record.get("cameras")
        if not isinstance(listed, list):
            raise WireError("camera/ without a list of cameras")
        before = self._claims.get(publisher, {})
        after = {} if record.get("full") is True else dict(before)
        news = []
        for item in listed:
            claim, online = _parse(item, publisher[0], now_ns)
            known = before.get(claim.camera)
            if not online:
                after.pop(claim.camera, None)
            elif known is not None and known.source == claim.source:
                after[claim.camera] = replace(claim, first_heard_ns=known.first_heard_ns)
            else:
                after[claim.camera] = claim
                news.append(News(claim, self.holder(claim.camera)))
        self._claims[publisher] = after
        self._heard_ns[publisher] = now_ns
        return news

    def holder(self, camera: CameraId) -> Claim | None:
        """Return the newest claim of a camera."""
        claims = [claims[camera] for claims in self._claims.values() if camera in claims]
        return max(claims, key=lambda claim: claim.first_heard_ns, default=None)

    def cameras(self) -> set[CameraId]:
        """Return all that are online elsewhere."""
        return {camera for claims in self._claims.values() for camera in claims}

    def expire(self, now_ns: int) -> None:
        """Forget the processes that fell silent."""
        for publisher in [p for p, heard_ns in self._heard_ns.items() if now_ns - heard_ns > SILENCE_NS]:
            del self._heard_ns[publisher], self._claims[publisher]


def _parse(item: Any, host: str, now_ns: int) -> tuple[Claim, bool]:
    if not isinstance(item, dict):
        raise WireError(f"a camera is a {type(item).__name__}, expected a map")
    try:
        camera = camera_id(_text(item, "id"))
    except CameraNameError as error:
        raise WireError(str(error)) from error
    claim = Claim(
        camera=camera,
        host=host,
        source=_number(item, "incarnation"),
        peer=_text(item, "peer", ""),
        via=_text(item, "source", "").partition(" ")[0],
        named=item.get("named") is True,
        claim_mono_ns=_number(item, "claim_mono_ns"),
        is_stalled=item.get("stalled") is True,
        worker=_text(item, "worker", ""),
        term=_number(item, "term"),
        first_heard_ns=now_ns,
    )
    return claim, item.get("online") is True


def _text(fields: Mapping[str, Any], name: str, default: str | None = None) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str):
        raise WireError(f"camera/: field {name!r} is no text")
    return value


def _number(fields: Mapping[str, Any], name: str) -> int:
    value = fields.get(name, 0)
    if type(value) is not int or not 0 <= value < NUMBER_LIMIT:
        raise WireError(f"camera/: field {name!r} is no whole number")
    return value
