"""What waits for one viewer while its connection is busy: bounded in milliseconds and bytes. Pure.

`VideoBox` keeps order and, when it is over a bound, skips to the newest keyframe in it, or to the next one that comes;
`PictureBox` keeps the newest picture alone. Both say how many frames they dropped.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from common.units import NS_PER_MS
from services.fanout.packet import Packet

MAX_AGE_NS: Final = 500 * NS_PER_MS


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of what waits for a viewer. One message may always wait, however large it is."""

    max_age_ns: int = MAX_AGE_NS
    max_bytes: int = 256 << 10


class Mailbox(Protocol):
    """What waits for a viewer."""

    @property
    def size(self) -> int:
        """The bytes that wait; other viewers may have the same ones, a copy none."""
        ...

    def put(self, packet: Packet) -> tuple[int, bool]:
        """Keep a message; return how many were dropped, and whether the viewer can go on with what is left."""
        ...

    def expire(self, now_ns: int) -> tuple[int, bool]:
        """Drop what is too old by now; return as `put` does."""
        ...

    def take(self) -> Packet | None:
        """Return the next message."""
        ...

    def put_group(self, packets: Sequence[Packet]) -> None:
        """Keep messages that belong together, whatever their size; they grow old as any."""
        ...

    def clear(self) -> int:
        """Drop everything; return how many that were."""
        ...


class VideoBox:
    """Messages in order. Full queue: drop up to the newest keyframe; none there: all, and start at the next one."""

    __slots__ = ("_allowance", "_bounds", "_bytes", "_waiting")

    def __init__(self, bounds: Bounds) -> None:
        self._bounds: Final = bounds
        self._waiting: deque[Packet] = deque()
        self._bytes = 0
        # The bytes of a group that still wait; it came first.
        self._allowance = 0

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def size(self) -> int:
        return self._bytes

    def put(self, packet: Packet) -> tuple[int, bool]:
        self._waiting.append(packet)
        self._bytes += packet.size
        return self.expire(packet.received_ns)

    def expire(self, now_ns: int) -> tuple[int, bool]:
        waiting = self._waiting
        if not waiting or not self._is_over(now_ns):
            return 0, True
        self._allowance = 0
        newest_key = next((at for at in range(len(waiting) - 1, 0, -1) if waiting[at].key), len(waiting))
        for _ in range(newest_key):
            self._bytes -= waiting.popleft().size
        if waiting and self._is_over(now_ns):
            return newest_key + self.clear(), False
        return newest_key, bool(waiting)

    def take(self) -> Packet | None:
        if not self._waiting:
            return None
        packet = self._waiting.popleft()
        self._bytes -= packet.size
        self._allowance = max(0, self._allowance - packet.size)
        return packet

    def put_group(self, packets: Sequence[Packet]) -> None:
        self._waiting.extend(packets)
        self._allowance = sum(packet.size for packet in packets)
        self._bytes += self._allowance

    def clear(self) -> int:
        dropped = len(self._waiting)
        self._waiting.clear()
        self._bytes = self._allowance = 0
        return dropped

    def _is_over(self, now_ns: int) -> bool:
        too_old = now_ns - self._waiting[0].received_ns > self._bounds.max_age_ns
        return too_old or (self._bytes > self._bounds.max_bytes + self._allowance and len(self._waiting) > 1)


class PictureBox:
    """The newest picture. It is never too old: nothing newer exists, and each stands alone."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: Packet | None = None

    def __len__(self) -> int:
        return int(self._waiting is not None)

    @property
    def size(self) -> int:
        return self._waiting.size if self._waiting is not None else 0

    def put(self, packet: Packet) -> tuple[int, bool]:
        dropped = len(self)
        self._waiting = packet
        return dropped, True

    def expire(self, now_ns: int) -> tuple[int, bool]:
        return 0, True

    def take(self) -> Packet | None:
        packet, self._waiting = self._waiting, None
        return packet

    def put_group(self, packets: Sequence[Packet]) -> None:
        self._waiting = packets[-1]

    def clear(self) -> int:
        dropped = len(self)
        self._waiting = None
        return dropped
