"""The bus as fanout sees it: media to the hub, announcements to the directory, status messages to `/status`."""

import logging
from collections.abc import Callable
from typing import Any, Final

from common.bus_asyncio import BusLoop
from common.clock import Clock
from common.counters import Counters
from common.errors import WireError
from common.service import Process
from common.topics import CAMERA, H264, JPEG, KEYFRAME, MP4, STATUS, topic
from common.wire import decode_frame, decode_record, encode_record
from services.fanout.ages import MediaClock, is_overdue
from services.fanout.announced import parse_announcement
from services.fanout.directory import Change, Directory
from services.fanout.hub import Hub
from services.fanout.records import read_list
from services.fanout.statuses import Statuses

log = logging.getLogger(__name__)


class BusSide:
    """Takes messages in through `take`, and does for the hub what it asks."""

    def __init__(
        self,
        process: Process,
        clock: Clock,
        counters: Counters,
        directory: Directory,
        statuses: Statuses,
        *,
        max_age_ns: int,
        on_change: Callable[[Change], None],
        on_known: Callable[[], None],
        wake: Callable[[int], None],
    ) -> None:
        self._process: Final = process
        # What comes back of it says that the bus lives; what it says was heard when it was sent.
        self._own_status: Final = topic(STATUS, process.host, process.name)
        self._clock: Final = clock
        self._counters: Final = counters
        self._directory: Final = directory
        self._statuses: Final = statuses
        self._max_age_ns: Final = max_age_ns
        self._on_change: Final = on_change
        self._on_known: Final = on_known
        self._wake: Final = wake
        self._bus: BusLoop | None = None
        self._media_clocks: dict[str, MediaClock] = {}
        self.hub: Final = Hub(self, counters)
        self.heard_ns = 0

    def start(self, bus: BusLoop) -> None:
        """Use `bus` from now on, and listen to announcements and status messages."""
        self._bus = bus
        bus.subscribe(CAMERA)
        bus.subscribe(STATUS)

    def take(self, message: Any) -> None:
        """Take one message of the bus; a malformed one is dropped and counted."""
        now_ns = self.heard_ns = self._clock.mono_ns()
        kind, _, rest = message.topic.partition("/")
        try:
            if kind in (H264, MP4, JPEG):
                camera = rest.partition("/")[0]
                frame = decode_frame(message.header, message.payload)
                clock = self._media_clocks.get(camera)
                if clock is not None:
                    clock.observe(frame, now_ns, self._process.host)
                overdue = is_overdue(frame, now_ns, self._process.host, self._max_age_ns)
                self.hub.publish(camera, kind, frame, now_ns, overdue=overdue)
            elif kind == CAMERA:
                for change in self._directory.announce(parse_announcement(decode_record(message.header)), now_ns):
                    self._on_change(change)
            elif kind == STATUS and message.topic != self._own_status:
                self._hear_status(decode_record(message.header), now_ns)
        except (WireError, ValueError) as error:
            self._counters.add("malformed")
            log.debug("%s: %s", message.topic, error)

    def publish_status(self, record: dict[str, Any]) -> None:
        """Tell the others what this process does, and remember it at once."""
        if self._bus is not None:
            self._bus.publish(self._own_status, encode_record(record))
        self._statuses.hear(record, self._clock.mono_ns())

    def age_s(self, camera: str, media_time_s: float) -> float | None:
        """Return how old the picture of that media time is now; None when that cannot be said."""
        clock = self._media_clocks.get(camera)
        return clock.age_s(media_time_s, self._clock.mono_ns()) if clock else None

    def subscribe(self, camera: str, format_: str) -> None:
        self._media_clocks.setdefault(camera, MediaClock())
        if self._bus is not None:
            self._bus.subscribe(topic(format_, camera))

    def unsubscribe(self, camera: str, format_: str) -> None:
        if self._bus is not None:
            self._bus.unsubscribe(topic(format_, camera))
        if not self.hub.has_streams(camera):
            self._media_clocks.pop(camera, None)

    def ask_keyframe(self, camera: str, format_: str, reason: str) -> None:
        request = {"reason": reason, "from": self._process.name, "format": format_}
        if self._bus is not None:
            self._bus.publish(topic(KEYFRAME, camera), encode_record(request))

    def wake(self, due_ns: int) -> None:
        self._wake(due_ns)

    def _hear_status(self, record: dict[str, Any], now_ns: int) -> None:
        self._statuses.hear(record, now_ns)
        if "known_cameras" in record:
            self._directory.remember(read_list(record, "known_cameras", str))
            self._on_known()
