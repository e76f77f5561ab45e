"""All streams of this process: who watches what, which topics of the bus that needs, and which keyframes. Pure.

The hub tells the shell what to do through `Bus`: subscribe while somebody watches and a little longer, ask for
keyframes when they are due.
"""

from collections.abc import Iterator
from typing import Final, Protocol

from common.counters import Counters
from common.frame import Frame
from common.topics import JPEG
from common.units import NS_PER_S
from services.fanout.asking import LateLimit
from services.fanout.ledger import Ledger
from services.fanout.mailbox import MAX_AGE_NS
from services.fanout.stream import Stream
from services.fanout.viewer import LARGE, TILE, Viewer

# A topic is kept this long after its last viewer: a page that reloads does not stop and start an encoder.
LINGER_NS: Final = NS_PER_S


class Bus(Protocol):
    """What the hub needs of the bus."""

    def subscribe(self, camera: str, format_: str) -> None: ...

    def unsubscribe(self, camera: str, format_: str) -> None: ...

    def ask_keyframe(self, camera: str, format_: str, reason: str) -> None: ...

    def wake(self, due_ns: int) -> None:
        """Call `ask_due` at that time."""
        ...


class Hub:
    """Streams by camera and format."""

    def __init__(self, bus: Bus, counters: Counters, ledger: Ledger, *, max_age_ns: int = MAX_AGE_NS) -> None:
        self._bus: Final = bus
        self._counters: Final = counters
        self._ledger: Final = ledger
        self._max_age_ns: Final = max_age_ns
        self._streams: dict[tuple[str, str], Stream] = {}
        self._idle_since_ns: dict[tuple[str, str], int] = {}
        self._late_limits: dict[str, LateLimit] = {}
        self._asking: set[Stream] = set()

    def join(self, viewer: Viewer, camera: str, now_ns: int) -> None:
        """Let a viewer watch a camera from now on."""
        key = (camera, viewer.format)
        stream = self._streams.get(key)
        if stream is None:
            limit = self._late_limits.setdefault(camera, LateLimit())
            account = self._ledger.open(*key)
            stream = self._streams[key] = Stream(
                camera, viewer.format, limit, self._counters, account, self._want, max_age_ns=self._max_age_ns
            )
            self._bus.subscribe(*key)
        self._idle_since_ns.pop(key, None)
        viewer.camera = camera
        stream.join(viewer, now_ns)

    def leave(self, viewer: Viewer, now_ns: int) -> None:
        """Forget a viewer. Idempotent, and right for one that never joined."""
        key = (viewer.camera, viewer.format)
        stream = self._streams.get(key)
        if stream is None:
            return
        stream.leave(viewer)
        if not stream:
            self._idle_since_ns.setdefault(key, now_ns)

    def publish(self, camera: str, format_: str, frame: Frame, now_ns: int, *, overdue: bool = False) -> bool:
        """Take a message of the bus to its viewers; return whether it is a new frame, and went on.

        Backfill and playback are not live and end here.
        """
        stream = self._streams.get((camera, format_))
        if stream is None or frame.late or frame.replay:
            return False
        return stream.publish(frame, now_ns, overdue=overdue)

    def tick(self, now_ns: int) -> None:
        """Give up topics that nobody watched for a while. Call it about once a second."""
        for key, since_ns in list(self._idle_since_ns.items()):
            if now_ns - since_ns >= LINGER_NS:
                self._close(key)

    def ask_due(self, now_ns: int) -> None:
        """Ask for the keyframes that are due."""
        for stream in list(self._asking):
            if not stream:
                stream.asker.satisfy()
            reason = stream.asker.take_due(now_ns)
            if reason:
                self._counters.add(f"asked_{reason}")
                self._bus.ask_keyframe(stream.camera, stream.format, reason)
            if not stream.asker.reason:
                self._asking.discard(stream)
        if self._asking:
            self._bus.wake(min(stream.asker.next_ns for stream in self._asking))

    def viewers(self, camera: str | None = None) -> Iterator[Viewer]:
        """Yield the viewers of a camera, or all of them."""
        for (watched, _), stream in list(self._streams.items()):
            if camera is None or watched == camera:
                yield from stream.viewers

    def watched(self) -> list[str]:
        """Return the cameras that somebody watches."""
        return sorted({camera for (camera, _), stream in self._streams.items() if stream})

    def has_streams(self, camera: str) -> bool:
        """Return whether any topic of a camera is subscribed."""
        return any(watched == camera for watched, _ in self._streams)

    def revive(self, camera: str, now_ns: int) -> None:
        """Ask for a picture for those who wait for one of a camera that is back."""
        for (watched, _), stream in self._streams.items():
            if watched == camera:
                stream.revive(now_ns)

    def watches(self) -> dict[str, str]:
        """Return how large each camera is shown whose video somebody watches; the largest view counts."""
        views: dict[str, str] = {}
        for (camera, format_), stream in self._streams.items():
            if format_ != JPEG and stream and views.get(camera) != LARGE:
                is_large = any(viewer.view == LARGE for viewer in stream.viewers)
                views[camera] = LARGE if is_large else TILE
        return views

    def _want(self, stream: Stream) -> None:
        self._asking.add(stream)
        self._bus.wake(stream.asker.next_ns)

    def _close(self, key: tuple[str, str]) -> None:
        stream = self._streams.pop(key)
        del self._idle_since_ns[key]
        self._asking.discard(stream)
        camera = key[0]
        if not self.has_streams(camera):
            self._late_limits.pop(camera, None)
        self._bus.unsubscribe(*key)
