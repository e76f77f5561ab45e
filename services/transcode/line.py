"""What the worker asks of one camera's line of work, and what all lines share."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from common.clock import Clock
from common.config import Settings
from common.counters import Counters
from common.frame import Frame
from common.topics import KEYFRAME, topic
from common.wire import encode_record
from services.transcode.asking import Asking
from services.transcode.assignments import Assignment
from services.transcode.crash_note import CrashNote
from services.transcode.decoders import Decoders
from services.transcode.gate import Gate
from services.transcode.ledger import Ledger
from services.transcode.limits import Limit, Seen
from services.transcode.mailbox import HANDOVER, MAX_FPS, OVERLOAD, UNWANTED
from services.transcode.pipeline import Refusals
from services.transcode.pool import Pool

log = logging.getLogger(__name__)

# Frames that nobody misses.
NO_LOSS: Final = {MAX_FPS, UNWANTED, HANDOVER}
# What a thread of the pool returns: called by the main thread, it puts an outcome to use and returns whose it was.
Done = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Tools:
    """What all lines of a process share."""

    name: str
    host: str
    bus: Gate
    pool: Pool[Done]
    clock: Clock
    settings: Settings
    refusals: Refusals
    note: CrashNote
    ledger: Ledger
    decoders: Decoders = field(default_factory=Decoders)


class Line(Protocol):
    """One camera's line: from its topic on the bus, through what is done with it, back to the bus."""

    @property
    def kind(self) -> str:
        """What the camera sends, which decides what is done with it."""

    def follow(self, assignment: Assignment) -> None:
        """Go on under a newer term."""

    def want(self, topics: frozenset[str], now_ns: int) -> None:
        """Say which of the camera's topics somebody wants now."""

    def is_over(self, now_ns: int) -> bool:
        """Return whether nobody wanted anything for so long that the line may be closed."""

    def request_keyframe(self, reason: str, now_ns: int) -> None:
        """Somebody needs a picture to begin with."""

    def take(self, frame: Frame, now_ns: int) -> None:
        """A frame came."""

    def step(self, now_ns: int) -> None:
        """Do what is due."""

    def wakes_at_ns(self, now_ns: int) -> int | None:
        """Return when `step` has something to do although nothing comes."""

    def held(self) -> int:
        """Return how many frames came in and neither went out nor were dropped."""

    def seen(self, watch: str) -> Seen | None:
        """Return the line for who limits it, as it stands, watched like that; None: there is nothing to limit."""

    def limit(self, limit: Limit) -> None:
        """Go on within a limit."""

    def record(self, now_ns: int) -> dict[str, Any]:
        """Return what `/status` shows."""

    def report_losses(self) -> None:
        """Log what was lost since the last call."""

    def close(self) -> None:
        """Stop at once."""


class Source:
    """A line's subscription: made while somebody wants its outcome, with requests until the first frame came."""

    def __init__(self, kind: str, camera: str, tools: Tools) -> None:
        self._topic = topic(kind, camera)
        self._keyframe_topic = topic(KEYFRAME, camera)
        self._tools = tools
        self._asking = Asking()
        self._is_open = False

    def open(self, now_ns: int) -> None:
        """Subscribe. Idempotent."""
        if not self._is_open:
            self._is_open = True
            self._tools.bus.subscribe(self._topic)
            # A second subscriber is invisible to the publisher: it must be asked for the newest picture.
            self._asking.begin(now_ns)

    def close(self) -> None:
        """Unsubscribe. Idempotent."""
        if self._is_open:
            self._is_open = False
            self._tools.bus.unsubscribe(self._topic)
            self._asking.satisfy()

    def came(self) -> None:
        """What was asked for came."""
        self._asking.satisfy()

    def missed(self, now_ns: int) -> None:
        """Ask for a picture to begin with, unless that is under way."""
        if self._is_open and self._asking.due_ns() is None:
            self._asking.begin(now_ns)

    def step(self, reason: str, now_ns: int) -> None:
        """Ask the camera's publisher, if it is time."""
        if self._asking.is_due(now_ns):
            self._tools.bus.publish(self._keyframe_topic, encode_record({"reason": reason, "from": self._tools.name}))

    def wakes_at_ns(self) -> int | None:
        return self._asking.due_ns()


class LossLog:
    """Says what a line loses, in numbers; to be called once a second. What nobody misses is no loss."""

    def __init__(self, camera: str, dropped: Counters) -> None:
        self._camera = camera
        self._dropped = dropped
        self._said: dict[str, int] = {}
        self.reason = ""
        """Why a frame was dropped last, as the codecs put it."""

    def report(self, by_rule: int = 0) -> None:
        """Log the losses; `by_rule` are those of the cause overload, so far, that a limit explains, said elsewhere."""
        counts = self._dropped.snapshot()
        if by_rule:
            counts[OVERLOAD] = max(0, counts.get(OVERLOAD, 0) - by_rule)
        news = {cause: n - self._said.get(cause, 0) for cause, n in counts.items() if cause not in NO_LOSS}
        lost = ", ".join(f"{cause} {n}" for cause, n in sorted(news.items()) if n)
        if lost:
            reason = f" ({self.reason})" if self.reason else ""
            log.warning("camera %s: frames dropped: %s%s", self._camera, lost, reason)
        self._said, self.reason = counts, ""
