"""What came before an event: the newest frames of a camera in memory, bounded in time and in bytes. Pure.

A frame leaves the ring once: wanted, in the order of time, or forgotten. Frames that depend on others (H.264) are kept
and taken from a keyframe on; a JPEG is a keyframe, too.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")

# Whether anything of a time is to be kept: from (included), to (excluded).
Wanted = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class Held(Generic[T]):
    """A frame in the ring, by recorder time. It is shown until the next one's time."""

    time_ns: int
    size_bytes: int
    is_key: bool
    frame: T
    weight: int = 1
    """What it counts as when it is forgotten; 0: it is no new frame."""


class Ring(Generic[T]):
    """Bound: the span and the bytes. Full, it forgets the oldest keyframe with all that depend on it."""

    def __init__(self, span_ns: int, limit_bytes: int) -> None:
        self._span_ns = span_ns
        self._limit_bytes = limit_bytes
        self._held: deque[Held[T]] = deque()
        self._can_go_on = False
        self.size_bytes = 0
        self.outlived = 0
        """Frames that became too old, cumulative, as are `pushed_out`."""
        self.pushed_out = 0
        """Frames that were forgotten for want of bytes, and those that depended on them."""

    def __len__(self) -> int:
        return len(self._held)

    def put(self, held: Held[T]) -> None:
        """Hold the newest frame. One that depends on a frame that is neither here nor was taken is not held."""
        if self._held and held.time_ns - self._held[-1].time_ns > self._span_ns:
            # The camera was away. What it showed before then is not what an event begins with.
            self.forget()
        if not (held.is_key or self._held or self._can_go_on):
            self.pushed_out += held.weight
            return
        self._held.append(held)
        self.size_bytes += held.size_bytes
        self._forget_old(held.time_ns - self._span_ns)
        while self.size_bytes > self._limit_bytes:
            self.pushed_out += self._forget_first(self._next_key() or len(self._held))

    @property
    def first_ns(self) -> int:
        """The time of the oldest frame; 0: there is none."""
        return self._held[0].time_ns if self._held else 0

    def withdraw(self) -> None:
        """Take the newest frame back, uncounted."""
        if self._held:
            self.size_bytes -= self._held.pop().size_bytes

    def take(self, is_wanted: Wanted) -> list[Held[T]]:
        """Return the wanted frames by time; they and all older ones leave the ring.

        They are whole groups: what a wanted frame depends on comes with it, and what depends on it until a keyframe.
        The newest frame counts as shown for its first instant alone: how long it will be is not known yet.
        """
        taken: list[Held[T]] = []
        between: list[Held[T]] = []
        goes_on = self._can_go_on
        ends_ns = [*(held.time_ns for held in islice(self._held, 1, None)), 0]
        for held, end_ns in zip(self._held, ends_ns, strict=False):
            if held.is_key:
                between.clear()
                goes_on = False
            between.append(held)
            if goes_on or is_wanted(held.time_ns, max(end_ns, held.time_ns + 1)):
                taken += between
                between.clear()
                goes_on = True
        if taken:
            self._leave(taken[-1], sum(held.weight for held in taken))
        return taken

    def seal(self) -> None:
        """Let what is taken next begin with a keyframe: what was taken before has ended."""
        self.outlived += self._forget_first(self._leading())

    def forget(self) -> None:
        """Hold nothing; the next frame that is held is a keyframe."""
        self.outlived += self._forget_first(len(self._held))

    def _leave(self, last: Held[T], taken: int) -> None:
        """Let everything up to the last one taken go; what was not taken is as good as outlived."""
        gone = 0
        while self._held:
            held = self._held.popleft()
            self.size_bytes -= held.size_bytes
            gone += held.weight
            if held is last:
                break
        self.outlived += gone - taken
        self._can_go_on = True

    def _forget_old(self, before_ns: int) -> None:
        """Forget what is not shown any more at that time; what is shown then stays."""
        while (following := self._next_key()) is not None and self._held[following].time_ns <= before_ns:
            self.outlived += self._forget_first(following)

    def _leading(self) -> int:
        """Return how many frames depend on one that was taken."""
        return next((index for index, held in enumerate(self._held) if held.is_key), len(self._held))

    def _next_key(self) -> int | None:
        # Found soon: among JPEGs it is the second one, and of H.264 a group of pictures is a few dozen.
        return next((index for index, held in enumerate(self._held) if index and held.is_key), None)

    def _forget_first(self, frames: int) -> int:
        weight = 0
        for _ in range(frames):
            held = self._held.popleft()
            self.size_bytes -= held.size_bytes
            weight += held.weight
        self._can_go_on = False
        return weight
