"""One stream's account: new frames in, out, dropped by cause, and what was missing before them. Pure.

Counted are new frames: what is sent again (for a newcomer, for a keyframe) was counted before. Missing within an epoch
are numbers of the encoder; at a change of epoch its last messages may be missing, which only the numbers of the
source tell.
"""

from collections.abc import Callable
from typing import Any, Final

from common.accounts import Account, Holes
from common.frame import Frame
from common.topics import JPEG

# Why a message that came in did not go on.
EPOCH: Final = "epoch"
OVERDUE: Final = "overdue"
BROKEN: Final = "broken"

# (camera, format, term) -> the process that makes these messages.
Namer = Callable[[str, str, int], str]


class StreamAccount:
    """The account of one topic."""

    __slots__ = ("_account", "_camera", "_epoch", "_format", "_former", "_holes", "_name", "_newest")

    def __init__(self, camera: str, format_: str, name: Namer) -> None:
        self._camera: Final = camera
        self._format = format_
        self._name: Final = name
        self._account: Final = Account()
        self._holes: Final = Holes()
        self._epoch: tuple[int, int] | None = None
        # The newest frame of this epoch, as (source, seq).
        self._newest = (-1, -1)
        self._former: _Former | None = None

    def forget(self) -> None:
        """Expect a hole: nothing was subscribed."""
        self._holes.forget()
        self._epoch, self._newest, self._former = None, (-1, -1), None

    def follow(self, format_: str) -> None:
        """Go on with this format of the camera, which is subscribed from now on."""
        self._format = format_
        self.forget()

    def take(self, frame: Frame, lost: int, cause: str) -> bool:
        """Count a message of the topic, of the newest epoch; return whether it is a new frame that went on.

        `lost`: messages of its encoder missing before it. `cause`: why it does not go on, empty when it does.
        """
        self._find_missing(frame, lost)
        source, seq = self._newest
        if frame.source == source and frame.seq <= seq:
            return False
        self._newest = frame.source, frame.seq
        self._count(cause)
        return not cause

    def refuse(self, frame: Frame) -> None:
        """Count a message of an epoch that was replaced; one that was missed at the change is found again."""
        former = self._former
        if former is not None and former.epoch == frame.epoch and former.source == frame.source:
            if frame.seq <= former.seq:
                return
            former.seq = frame.seq
            if frame.seq < former.next_seq and former.missed:
                former.missed -= 1
                self._account.found(former.name)
        self._count(EPOCH)

    def record(self) -> dict[str, Any]:
        """Return the row."""
        return self._account.record(held=0)

    def _count(self, cause: str) -> None:
        self._account.enter()
        if cause:
            self._account.drop(cause)
        else:
            self._account.leave()

    def _find_missing(self, frame: Frame, lost: int) -> None:
        missing = self._holes.before(frame)
        if frame.epoch == self._epoch:
            if self._format == JPEG:
                lost = missing
            if lost:
                self._account.miss(self._name(self._camera, self._format, frame.term), lost)
            return
        if self._epoch is not None:
            name = self._name(self._camera, self._format, self._epoch[0])
            self._account.miss(name, missing)
            self._former = _Former(self._epoch, self._newest, frame.seq, missing, name)
            self._newest = (-1, -1)
        self._epoch = frame.epoch


class _Former:
    """The epoch before this one, some of whose messages may still come."""

    __slots__ = ("epoch", "missed", "name", "next_seq", "seq", "source")

    def __init__(self, epoch: tuple[int, int], newest: tuple[int, int], next_seq: int, missed: int, name: str) -> None:
        self.epoch: Final = epoch
        self.source, self.seq = newest
        self.next_seq: Final = next_seq
        self.missed = missed
        self.name: Final = name
