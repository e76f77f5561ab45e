"""The streams that this process subscribes: frames in, those that are to be kept out to the disk thread."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from common.bus import Bus, Message
from common.counters import Counters
from common.errors import WireError
from common.stream_account import StreamAccount
from common.topics import EVENT, KEYFRAME, MP4, parse, topic
from common.wire import decode_frame, encode_record
from services.recorder import tally
from services.recorder.arrivals import Arrivals
from services.recorder.backlog import Backlog
from services.recorder.open_file import is_whole
from services.recorder.orders import Happened
from services.recorder.plausible import plausible
from services.recorder.taking import Arrived, Moment
from services.recorder.tally import Counted

log = logging.getLogger(__name__)

# As many cameras as a house may know, several times: accounts of cameras that are gone must not pile up.
ACCOUNTS: Final = 1024
# As in a frame's `skip` (WIRE.md).
BUS: Final = "bus"


class Streams:
    """Follows the formats that the disk thread wants; belongs to the main thread."""

    def __init__(self, bus: Bus, name: str, backlog: Backlog, counters: Counters) -> None:
        self._bus: Final = bus
        self._name: Final = name
        self._backlog: Final = backlog
        self._counters: Final = counters
        self._arrivals: dict[tuple[str, str], Arrivals] = {}
        self._accounts: dict[str, StreamAccount] = {}
        self._events: set[str] = set()
        self.namer: Callable[[str, str, int], str] = lambda camera, format_, term: "unknown"

    @property
    def watches(self) -> dict[str, str]:
        """The cameras whose video is encoded for this process."""
        return {camera: "recorded" for camera, format_ in self._arrivals if format_ == MP4}

    def follow(self, wanted: Mapping[str, tuple[str, ...]], now_ns: int) -> None:
        """Subscribe what is wanted now, and nothing else."""
        streams = {(camera, format_) for camera, formats in wanted.items() for format_ in formats}
        for camera, format_ in self._arrivals.keys() - streams:
            self._bus.unsubscribe(topic(format_, camera))
            del self._arrivals[camera, format_]
        for camera, format_ in streams - self._arrivals.keys():
            self._arrivals[camera, format_] = Arrivals(format_, self._account(camera, format_), now_ns)
            self._bus.subscribe(topic(format_, camera))
        for camera in self._events - wanted.keys():
            self._bus.unsubscribe(topic(EVENT, camera))
        for camera in wanted.keys() - self._events:
            self._bus.subscribe(topic(EVENT, camera))
        self._events = set(wanted)

    def take(self, message: Message, moment: Moment) -> None:
        """Take a message of a camera; WireError for one that is malformed."""
        kind, camera, _ = parse(message.topic)
        arrivals = self._arrivals.get((camera, kind))
        if arrivals is None:
            return
        frame = plausible(decode_frame(message.header, message.payload))
        if kind == MP4 and not (is_whole(frame) and (frame.init or not frame.key)):
            raise WireError(f"{message.topic}: no fragment, or a keyframe without init")
        kept = arrivals.take(frame, moment.mono_ns, has_room=self._backlog.has_room(len(frame.payload)))
        if kept is not None:
            if kept.untold:
                frame = replace(frame, skipped={**frame.skipped, BUS: frame.skipped.get(BUS, 0) + kept.untold})
            self._backlog.put_frame(camera, Arrived(frame, kind, moment, kept.is_new, kept.missing, kept.why))

    def happened(self, camera: str, record: Mapping[str, Any], moment: Moment) -> None:
        """Take an event of a camera. Who tells of one repeats it: on a disk that hangs, some are not taken."""
        if camera in self._events and not self._backlog.is_crowded:
            self._backlog.put_order(Happened(camera, record, moment))

    def need_key(self, camera: str, now_ns: int) -> None:
        """Ask for a keyframe of a camera's video: the disk thread cannot go on without one."""
        arrivals = self._arrivals.get((camera, MP4))
        if arrivals is not None:
            arrivals.need_key(now_ns)

    def ask(self, now_ns: int) -> None:
        """Send the requests for keyframes that are due."""
        for (camera, format_), arrivals in self._arrivals.items():
            reason = arrivals.take_due(now_ns)
            if reason:
                record = {"reason": reason, "from": self._name, "format": format_}
                self._bus.publish(topic(KEYFRAME, camera), encode_record(record))

    def next_ask_ns(self) -> int | None:
        """Return when the next request is due; None: none is."""
        return min((at for each in self._arrivals.values() if (at := each.next_ask_ns) is not None), default=None)

    def ledger(self, counted: Callable[[str], Counted]) -> dict[str, dict[str, object]]:
        """Return the rows of the ledger."""
        return {camera: tally.row(account.record(), counted(camera)) for camera, account in self._accounts.items()}

    def _account(self, camera: str, format_: str) -> StreamAccount:
        account = self._accounts.pop(camera, None)
        if account is None:
            account = StreamAccount(camera, format_, lambda *names: self.namer(*names))
        self._accounts[camera] = account
        account.follow(format_)
        if len(self._accounts) > ACCOUNTS:
            for name in [name for name in self._accounts if name not in self._events][:1]:
                del self._accounts[name]
        return account
