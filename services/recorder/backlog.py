"""What the main thread hands to the disk thread, in order: frames, bounded in bytes, and orders, which are few.

When it is full a frame does not fit (drop newest): the chain is cut there, and goes on at a keyframe when there is
room. The disk thread looks by itself when its next pass is due; it is woken for orders and when much waits.
"""

import threading
from collections import deque
from typing import Any, Final, NamedTuple

from services.recorder.taking import Arrived

# Half a second of a hundred cameras; woken for each frame, the thread would cost more than writing does.
WAKE_BYTES: Final = 4 << 20
# A header, its map and the objects around it.
FRAME_COST_BYTES: Final = 2048


class Offer(NamedTuple):
    """A frame on its way to the camera's mode."""

    camera: str
    arrived: Arrived


class Backlog:
    """The queue between the two threads."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes: Final = limit_bytes
        self._items: deque[Any] = deque()
        self._bytes = 0
        self._lock = threading.Lock()
        self._woken = threading.Event()

    @property
    def size_bytes(self) -> int:
        """What waits."""
        return self._bytes

    def has_room(self, payload_bytes: int) -> bool:
        """Return whether a frame of that size fits; the first one always does."""
        return not self._bytes or self._bytes + payload_bytes + FRAME_COST_BYTES <= self._limit_bytes

    @property
    def is_crowded(self) -> bool:
        """Return whether there are as many items as frames could be: what will be said again need not wait, too."""
        return len(self._items) * FRAME_COST_BYTES >= self._limit_bytes

    def put_frame(self, camera: str, arrived: Arrived) -> None:
        """Append a frame, for which there is room."""
        with self._lock:
            self._bytes += len(arrived.frame.payload) + FRAME_COST_BYTES
        self._items.append(Offer(camera, arrived))
        if self._bytes > WAKE_BYTES:
            self._woken.set()

    def put_order(self, order: Any) -> None:
        """Append anything else, and wake the disk thread."""
        self._items.append(order)
        self._woken.set()

    def take(self) -> Any | None:
        """Return the next item, None when there is none. A frame is out of the count when it is `done`."""
        try:
            return self._items.popleft()
        except IndexError:
            return None

    def done(self, offer: Offer) -> None:
        """Take note that a frame was dealt with."""
        with self._lock:
            self._bytes -= len(offer.arrived.frame.payload) + FRAME_COST_BYTES

    def wait(self, timeout_s: float) -> None:
        """Sleep until woken, at most `timeout_s`."""
        if timeout_s > 0:
            self._woken.wait(timeout_s)
        self._woken.clear()
