"""Which messages of one stream are to be kept, what is missing before them, and when to ask for a keyframe. Pure.

The rules for readers are the bus's (WIRE.md, section 4). Everything that comes is counted in the stream's account.
"""

from dataclasses import dataclass
from typing import Final

from common.accounts import Holes
from common.frame import Frame
from common.order import OUTDATED, Order
from common.recordings.rows import Reason
from common.stream_account import BROKEN, StreamAccount
from common.topics import JPEG
from common.units import NS_PER_MS, NS_PER_S

ASK_INTERVAL_NS: Final = 250 * NS_PER_MS
# 5 s: a camera that has not answered by then is away, and is asked so that its first picture is a keyframe.
PROMPT_ASKS: Final = 20
PATIENT_INTERVAL_NS: Final = 2 * NS_PER_S
# A rebooted camera's old connection may still deliver for a moment.
FORMER_SOURCE_WAITS_NS: Final = 2 * NS_PER_S
JOIN: Final = "join"
LOSS: Final = "loss"
SLOW_DISK: Final = "slow_disk"


@dataclass(frozen=True, slots=True)
class Kept:
    """A frame that goes on. `why` is set where footage is missing before it, of `missing` frames."""

    is_new: bool = True
    missing: int = 0
    why: Reason | None = None
    untold: int = 0
    """Frames of the source that are missing before it besides, and that no `skip` told of: lost before the encoder."""


class Arrivals:
    """One subscription to a camera's `mp4/` or `jpeg/`, from its beginning to its end."""

    def __init__(self, format_: str, account: StreamAccount, now_ns: int) -> None:
        self.format: Final = format_
        self._account: Final = account
        self._order: Final = Order()
        self._holes: Final = Holes()
        self._former: int | None = None
        self._heard_ns = 0
        self._newest: tuple[int, int] | None = None
        self._missing = 0
        self._why: Reason | None = None
        # Of mp4/ nothing can be kept before a keyframe; a JPEG always is one.
        self._awaits = JOIN if format_ != JPEG else ""
        self._next_ask_ns = now_ns
        self._asked = 0

    def take(self, frame: Frame, now_ns: int, *, has_room: bool) -> Kept | None:
        """Return how the frame goes on; None when it ends here. Without room in the queue it is one that is missing."""
        is_new = (
            self._take_picture(frame, now_ns, has_room)
            if self.format == JPEG
            else self._take_video(frame, now_ns, has_room)
        )
        if is_new is None:
            return None
        untold = self._untold(frame)
        self._newest = frame.source, frame.seq
        kept = Kept(is_new, self._missing, self._why, untold)
        self._missing, self._why = 0, None
        return kept

    def need_key(self, now_ns: int) -> None:
        """Wait for a keyframe: what was handed on could not be used."""
        self._await(LOSS, now_ns)

    def take_due(self, now_ns: int) -> str:
        """Return the reason to ask for a keyframe with now, which counts as asked; empty when it is not time."""
        if not self._awaits or now_ns < self._next_ask_ns:
            return ""
        self._asked += 1
        self._next_ask_ns = now_ns + (ASK_INTERVAL_NS if self._asked < PROMPT_ASKS else PATIENT_INTERVAL_NS)
        return self._awaits

    @property
    def next_ask_ns(self) -> int | None:
        """When to ask next; None: not at all."""
        return self._next_ask_ns if self._awaits else None

    def _take_picture(self, frame: Frame, now_ns: int, has_room: bool) -> bool | None:
        if frame.source == self._former and now_ns - self._heard_ns < FORMER_SOURCE_WAITS_NS:
            return None
        if self._holes.has_seen(frame):
            return None
        if self._holes.source not in (None, frame.source):
            self._former = self._holes.source
        self._heard_ns = now_ns
        self._missed(Reason.BUS, self._holes.before(frame))
        self._account.take(frame, 0, "" if has_room else SLOW_DISK)
        if has_room:
            return True
        self._missed(Reason.SLOW_DISK, 1)
        return None

    def _take_video(self, frame: Frame, now_ns: int, has_room: bool) -> bool | None:
        verdict = self._order.judge(frame, now_ns)
        if not verdict.passes:
            if verdict is OUTDATED:
                self._account.refuse(frame)
            return None
        self._missed(Reason.BUS, verdict.lost)
        if verdict.broken and not frame.key:
            self._await(JOIN if self._newest is None else LOSS, now_ns)
        goes_on = has_room and (frame.key or not self._awaits)
        cause = "" if goes_on else BROKEN if has_room else SLOW_DISK
        is_new = self._account.take(frame, verdict.lost, cause)
        if goes_on:
            self._awaits = ""
            return is_new
        if not has_room:
            self._await(LOSS, now_ns)
        self._missed(Reason.BUS if has_room else Reason.SLOW_DISK, 1)
        return None

    def _untold(self, frame: Frame) -> int:
        # After an outage it is a picture sent again that comes first, and what it says of those before it is lost.
        if self.format == JPEG or self._newest is None or frame.source != self._newest[0]:
            return 0
        return max(0, frame.seq - self._newest[1] - 1 - sum(frame.skipped.values()) - self._missing)

    def _missed(self, reason: Reason, frames: int) -> None:
        # Before the first frame nothing is missing: nobody had begun.
        if not frames or self._newest is None:
            return
        # The first reason is the cause: what follows until a keyframe is its consequence.
        self._why = self._why or reason
        self._missing += frames

    def _await(self, reason: str, now_ns: int) -> None:
        if not self._awaits:
            self._next_ask_ns, self._asked = now_ns, 0
        self._awaits = reason
