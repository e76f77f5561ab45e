"""Which messages of a stream go on, and which are from an encoder that was replaced or come after a hole. Pure.

The rules are the bus's (WIRE.md): an older epoch is dropped only while a newer one delivered within the last 2 s; a
hole in `out_seq` within an epoch is a loss on the bus, and the stream goes on at the next keyframe.
"""

from dataclasses import dataclass
from typing import Final

from common.frame import Frame
from common.units import NS_PER_S

# Two encoders overlap for less than this at a hand-over; longer, and a clock step could silence a camera.
NEWER_EPOCH_RULES_NS: Final = 2 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Verdict:
    """`passes`: hand it on. `broken`: the chain to earlier messages is cut before it. `lost`: messages missing."""

    passes: bool
    broken: bool = False
    lost: int = 0
    cause: str = ""


PASSES: Final = Verdict(True)
CUT: Final = Verdict(True, broken=True)
OUTDATED: Final = Verdict(False, cause="epoch")
DOUBLE: Final = Verdict(False, cause="double")


class Order:
    """The newest epoch of one stream, and what follows in it."""

    __slots__ = ("_epoch", "_heard_ns", "_next")

    def __init__(self) -> None:
        self._epoch: tuple[int, int] | None = None
        self._heard_ns = 0
        self._next = -1

    @property
    def newest(self) -> int:
        """The `out_seq` of the newest message heard: the live edge."""
        return self._next - 1

    def judge(self, frame: Frame, now_ns: int) -> Verdict:
        """Return what to do with the next message of the stream."""
        if self._epoch is None or frame.epoch != self._epoch:
            return self._judge_other_epoch(frame, now_ns)
        self._heard_ns = now_ns
        if frame.out_seq == self._next:
            self._next += 1
            return PASSES
        if frame.out_seq < self._next:
            return DOUBLE
        lost, self._next = frame.out_seq - self._next, frame.out_seq + 1
        return Verdict(True, broken=True, lost=lost, cause="bus")

    def _judge_other_epoch(self, frame: Frame, now_ns: int) -> Verdict:
        newer_rules = self._epoch is not None and now_ns - self._heard_ns < NEWER_EPOCH_RULES_NS
        if newer_rules and self._epoch is not None and frame.epoch < self._epoch:
            return OUTDATED
        self._epoch, self._heard_ns, self._next = frame.epoch, now_ns, frame.out_seq + 1
        return CUT
