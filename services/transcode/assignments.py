"""Which cameras this worker encodes: what publishers announce in, the newest term that names it decides. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from common.errors import WireError
from common.settings import CAMERA_ID
from common.topics import H264, JPEG
from common.units import NS_PER_S

# Terms compare only while fresh, so that no clock that ran ahead for a while can silence a camera for ever.
HIGHER_TERM_RULES_NS: Final = 2 * NS_PER_S
# Publishers announce each second; what was not heard for this long is gone, and forgotten.
FORGET_NS: Final = 60 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Assignment:
    """One camera as its publisher announced it last: who encodes it, since which term, and what it sends."""

    camera: str
    worker: str
    term: int
    kind: str
    publisher: str = ""
    """The process that sends its frames."""


@dataclass(frozen=True, slots=True)
class _Heard:
    assignment: Assignment
    publisher: tuple[str, str]
    at_ns: int


class Assignments:
    """All announced cameras; `mine` are those whose newest term names this worker."""

    def __init__(self, worker: str) -> None:
        self._worker = worker
        self._heard: dict[str, _Heard] = {}
        self._doubted_until_ns = 0

    def hear(self, record: Mapping[str, Any], now_ns: int) -> bool:
        """Take a `camera/` record in; return whether it may change `mine`. Raises WireError, nothing taken in."""
        assignments = parse_announcement(record)
        publisher = (str(record.get("host", "")), str(record.get("publisher", "")))
        before = self.mine()
        for assignment in assignments:
            if not self._is_outdated(assignment, now_ns):
                self._heard[assignment.camera] = _Heard(assignment, publisher, now_ns)
        if record.get("full") is True:
            self._keep_only({assignment.camera for assignment in assignments}, publisher, now_ns)
        return self.mine() != before

    def mine(self) -> dict[str, Assignment]:
        """Return the cameras that this worker encodes, by name."""
        return {
            camera: heard.assignment
            for camera, heard in self._heard.items()
            if heard.assignment.worker == self._worker and heard.at_ns >= self._doubted_until_ns
        }

    def doubt_until(self, then_ns: int) -> None:
        """Believe only what is heard from then on: this process did not run for a while, others may have taken over."""
        self._doubted_until_ns = then_ns

    def _is_outdated(self, assignment: Assignment, now_ns: int) -> bool:
        known = self._heard.get(assignment.camera)
        return (
            known is not None
            and assignment.term < known.assignment.term
            and now_ns - known.at_ns < HIGHER_TERM_RULES_NS
        )

    def _keep_only(self, announced: set[str], publisher: tuple[str, str], now_ns: int) -> None:
        for camera, heard in list(self._heard.items()):
            gone = heard.publisher == publisher and camera not in announced
            if gone or now_ns - heard.at_ns > FORGET_NS:
                del self._heard[camera]


def parse_announcement(record: Mapping[str, Any]) -> list[Assignment]:
    """Return the assignments of a `camera/` record; raise WireError naming what is wrong."""
    cameras = record.get("cameras")
    if not isinstance(cameras, list):
        raise WireError("announcement without its list of cameras")
    return [_parse_camera(item, str(record.get("publisher", ""))) for item in cameras]


def _parse_camera(item: Any, publisher: str) -> Assignment:
    if not isinstance(item, dict):
        raise WireError("announced camera is no map")
    camera, worker = item.get("id"), item.get("worker", "")
    term, kind = item.get("term", 0), item.get("kind", JPEG)
    if not (isinstance(camera, str) and CAMERA_ID.fullmatch(camera)):
        raise WireError(f"announced camera {str(camera)[:40]!r} is no camera id")
    if not isinstance(worker, str) or type(term) is not int or term < 0 or kind not in (JPEG, H264):
        raise WireError(f"camera {camera}: worker {worker!r}, term {term!r}, kind {kind!r}")
    return Assignment(camera, worker, term, kind, publisher)
