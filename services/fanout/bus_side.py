"""The bus as fanout sees it: media to the hub, announcements to the directory, status messages to `/status`."""

import logging
from collections.abc import Callable
from typing import Any, Final

from common.bus_asyncio import BusLoop
from common.clock import Clock
from common.counters import Counters
from common.errors import WireError
from common.frame import Frame
from common.service import Process
from common.topics import CAMERA, H264, JPEG, KEYFRAME, MP4, STATUS, topic
from common.wire import decode_frame, decode_record, encode_record
from services.fanout.ages import MediaClock, is_overdue
from services.fanout.announced import parse_announcement
from services.fanout.delays import Delays
from services.fanout.directory import Change, Directory
from services.fanout.hub import Hub
from services.fanout.ledger import Ledger
from services.fanout.makers import Makers
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
        on_trouble: Callable[[str], None],
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
        self._on_trouble: Final = on_trouble
        self._wake: Final = wake
        self._bus: BusLoop | None = None
        self._media_clocks: dict[str, MediaClock] = {}
        self._makers: Final = Makers()
        self.ledger: Final = Ledger(self._makers.name)
        self.delays: Final = Delays(process.host)
        self.hub: Final = Hub(self, counters, self.ledger, max_age_ns=max_age_ns)
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
                self._take_frame(rest.partition("/")[0], kind, decode_frame(message.header, message.payload), now_ns)
            elif kind == CAMERA:
                announcement = parse_announcement(decode_record(message.header))
                self._makers.learn(announcement)
                for change in self._directory.announce(announcement, now_ns):
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

    def hear_shown(self, camera: str, media_time_s: float) -> float | None:
        """Count that a viewer shows the picture of that media time; return its age, None when that cannot be said."""
        clock = self._media_clocks.get(camera)
        age_s = clock.age_s(media_time_s, self._clock.mono_ns()) if clock else None
        if age_s is not None:
            self.delays.shown(camera, age_s)
        return age_s

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

    def _take_frame(self, camera: str, format_: str, frame: Frame, now_ns: int) -> None:
        clock = self._media_clocks.get(camera)
        if clock is not None:
            clock.observe(frame, now_ns, self._process.host)
        overdue = is_overdue(frame, now_ns, self._process.host, self._max_age_ns)
        if self.hub.publish(camera, format_, frame, now_ns, overdue=overdue):
            self.delays.delivered(camera, frame, now_ns, self._clock.mono_ns())

    def _hear_status(self, record: dict[str, Any], now_ns: int) -> None:
        for camera in self._statuses.hear(record, now_ns):
            self._on_trouble(camera)
        if "known_cameras" in record:
            self._directory.remember(read_list(record, "known_cameras", str))
            self._on_known()
