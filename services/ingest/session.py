"""One connection of a camera: messages in, numbered and timed frames out; the newest is kept for newcomers. Pure."""

from collections import Counter
from dataclasses import replace
from typing import Final

from common.errors import AccessUnitError, FrameError
from common.frame import Frame
from common.h264 import has_start_code
from common.names import CameraId
from common.topics import H264, JPEG, topic
from common.units import NS_PER_MS
from services.ingest.access_units import AccessUnits, Group
from services.ingest.jpeg import DEFAULT_LIMITS, OVERSIZE, Limits, find_picture
from services.ingest.ledger import POST, Instant, Ledger, MediaClock, Origin
from services.ingest.pace import Pace

# A request for a picture is not answered with an old one when a fresh one is due that soon; and answers are that far
# apart: the next waits.
DUE_SOON_NS: Final = 60 * NS_PER_MS
REPEAT_INTERVAL_NS: Final = 100 * NS_PER_MS
# Measured intervals from which on a camera that posts is expected to go on; one picture is no stream.
POST_INTERVALS: Final = 2
# One tick of 90 kHz, rounded up: no two frames of a camera share a time, whatever clock they are put on.
TICK_90K_NS: Final = 11_112


class Session:
    """One connection, from its claim of a name to its end.

    `source` tells it from every other; `ledger` is its camera's, set by the registry when it claims a name.
    """

    def __init__(
        self, source: int, origin: Origin, now: Instant, clock: MediaClock, host: str, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self.source = source
        self.origin = origin
        self.connected = now
        self.claim_mono_ns = now.mono_ns
        self.pace = Pace(now.mono_ns)
        self.ledger = Ledger(CameraId(""))
        self._clock = clock
        self.host = host
        self._limits = limits
        self._seq = 0
        self._skipped: Counter[str] = Counter()
        self._newest: Frame | None = None
        self._repeated_ns = -REPEAT_INTERVAL_NS
        self._is_asked = False
        self._units = AccessUnits()
        self._group = Group()
        self._term = now.wall_ns
        self._stream_start_ns = now.wall_ns
        self._out_seq = 0

    @property
    def camera(self) -> CameraId:
        return self.ledger.camera

    @property
    def topic(self) -> str:
        """The topic that this connection's frames go to."""
        return topic(self.ledger.kind, self.camera)

    @property
    def repeat_due_ns(self) -> int | None:
        """When the request that waits is to be answered; None: none waits. A fresh picture answers it, too."""
        return self._repeated_ns + REPEAT_INTERVAL_NS if self._is_asked else None

    def is_stalled(self, now_ns: int) -> bool:
        """Return whether the camera is silent for too long; one that posts need not go on until its pace is known."""
        is_unknown = self.origin.via == POST and self.pace.intervals < POST_INTERVALS
        return not is_unknown and self.pace.is_stalled(now_ns)

    def take(self, message: bytes, now: Instant) -> Frame | None:
        """Return the frame of a binary message; None when it held no picture. Raises FrameError, which is counted."""
        is_h264 = has_start_code(message)
        try:
            frame = self._take_unit(message, now) if is_h264 else self._take_jpeg(message, now)
        except FrameError as error:
            self._seq += 1
            self.ledger.dropped[error.cause] += 1
            self._skipped[error.cause] += 1
            raise
        if frame is not None:
            self._keep(frame, H264 if is_h264 else JPEG, now)
        return frame

    def repeats_for_newcomer(self, now_ns: int) -> tuple[Frame, ...]:
        """Return what somebody who just begins to listen needs to show a picture at once."""
        self._repeated_ns = now_ns
        if self.ledger.kind == H264:
            return tuple(replace(frame, repeat=True) for frame in self._group.frames())
        return (replace(self._newest, repeat=True),) if self._newest is not None else ()

    def repeats_for_request(self, now_ns: int) -> tuple[Frame, ...]:
        """Return the same for a request of a keyframe, or nothing: a fresh frame is due, or a repeat was just sent.

        After a repeat the request is not forgotten, `repeat_due_ns` says when to call `repeats_due`: who asks may have
        begun to listen only since.
        """
        due_ns = self.pace.due_in_ns(now_ns)
        if self.ledger.kind == JPEG and due_ns is not None and due_ns <= DUE_SOON_NS:
            return ()
        self._is_asked = True
        return self.repeats_due(now_ns)

    def repeats_due(self, now_ns: int) -> tuple[Frame, ...]:
        """Return the repeats for a request that waited, if it still waits and its time has come."""
        if self.repeat_due_ns is None or now_ns < self.repeat_due_ns:
            return ()
        self._is_asked = False
        return self.repeats_for_newcomer(now_ns)

    def _take_jpeg(self, message: bytes, now: Instant) -> Frame:
        found = find_picture(message, self._limits)
        self.pace.add(now.mono_ns, len(message))
        return Frame(
            seq=self._seq,
            source=self.source,
            media_time_ns=self._media_time_ns(now),
            captured_at_ns=now.wall_ns,
            width=found.width,
            height=found.height,
            host=self.host,
            hops={"ingest_in": now.mono_ns},
            key=True,
            skipped=dict(self._skipped),
            interval_ns=self.pace.interval_ns,
            # The usual message is the JPEG and nothing else; slicing all of it makes no copy.
            payload=message[found.start : found.end],
        )

    def _take_unit(self, message: bytes, now: Instant) -> Frame | None:
        unit = self._units.take(message)
        if unit is None:
            return None
        if not self._limits.allow(unit.width, unit.height):
            raise AccessUnitError(OVERSIZE, f"{unit.width}x{unit.height} exceeds {self._limits}")
        self.pace.add(now.mono_ns, len(message))
        if unit.is_new_stream:
            self._stream_start_ns = max(now.wall_ns, self._stream_start_ns + 1)
            self._out_seq = 0
        out_seq, self._out_seq = self._out_seq, self._out_seq + 1
        return Frame(
            seq=self._seq,
            source=self.source,
            media_time_ns=self._media_time_ns(now),
            captured_at_ns=now.wall_ns,
            width=unit.width,
            height=unit.height,
            host=self.host,
            hops={"ingest_in": now.mono_ns},
            key=unit.key,
            skipped=dict(self._skipped),
            interval_ns=self.pace.interval_ns,
            term=self._term,
            encoder_start_ns=self._stream_start_ns,
            out_seq=out_seq,
            codec=unit.codec if unit.key else "",
            payload=unit.payload,
        )

    def _media_time_ns(self, now: Instant) -> int:
        return max(self._clock.at(now.mono_ns), self.ledger.last_media_ns + TICK_90K_NS)

    def _keep(self, frame: Frame, kind: str, now: Instant) -> None:
        self._seq += 1
        self._skipped.clear()
        ledger = self.ledger
        ledger.frames += 1
        ledger.kind = kind
        ledger.width, ledger.height = frame.width, frame.height
        ledger.last_media_ns = frame.media_time_ns
        ledger.last_frame = now
        self._is_asked = self._is_asked and not frame.key
        if kind == H264:
            self._group.add(frame)
            self._newest = None
        else:
            self._newest = frame
