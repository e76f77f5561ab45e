"""One connection of a camera: messages in, numbered and timed frames out; the newest is kept for newcomers. Pure."""

from collections import Counter
from dataclasses import replace
from typing import Final, NamedTuple

from common.errors import AccessUnitError, FrameError
from common.frame import EMPTY, Frame
from common.h264 import has_start_code
from common.names import CameraId
from common.topics import H264, JPEG, topic
from common.units import NS_PER_MS
from services.ingest.access_units import AccessUnits, Group
from services.ingest.jpeg import DEFAULT_LIMITS, OVERSIZE, Limits, Picture, PictureFinder
from services.ingest.ledger import POST, UNWANTED, Instant, Ledger, MediaClock, Origin
from services.ingest.pace import Pace

# A request for a picture is not answered with an old one when a fresh one is due that soon; and answers are that far
# apart: the next waits.
DUE_SOON_NS: Final = 60 * NS_PER_MS
REPEAT_INTERVAL_NS: Final = 100 * NS_PER_MS
# Measured intervals from which on a camera that posts is expected to go on; one picture is no stream.
POST_INTERVALS: Final = 2
# One tick of 90 kHz, rounded up: no two frames of a camera share a time, whatever clock they are put on.
TICK_90K_NS: Final = 11_112


class _Jpeg(NamedTuple):
    """A picture that may become a frame: nobody may want it, and most of a frame's cost is making it."""

    message: bytes
    picture: Picture
    seq: int
    now: Instant
    media_time_ns: int


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
        self._finder = PictureFinder(limits)
        self.is_new_form = False
        """The kind or the size of the pictures changed; whoever tells others of it clears it."""
        self._seq = 0
        # Missing in the stream as it was published: before the newest frame, and since.
        self._missing_before: Counter[str] = Counter()
        self._missing_since: Counter[str] = Counter()
        self._is_published = True
        self._jpeg: _Jpeg | None = None
        self._unit: Frame | None = None
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

    def take(self, message: bytes, now: Instant) -> bool:
        """Take a binary message in; return whether it holds a picture. Raises FrameError, which is counted.

        A picture is then either published (`newest`, `note_published`) or not (`note_unwanted`).
        """
        try:
            return self._take_unit(message, now) if has_start_code(message) else self._take_jpeg(message, now)
        except FrameError as error:
            self._seq += 1
            self.ledger.dropped[error.cause] += 1
            self.ledger.account.enter()
            self.ledger.account.drop(error.cause)
            self._missing_since[error.cause] += 1
            raise

    def newest(self, now_ns: int, *, repeat: bool = False) -> Frame:
        """Return the frame that was taken last, to be sent now."""
        if self._jpeg is not None:
            return self._frame_of(self._jpeg, now_ns, repeat=repeat)
        if self._unit is None:
            raise AssertionError("nothing was taken yet")
        return _send(self._unit, now_ns)

    def note_published(self) -> None:
        """Count the newest frame as handed on."""
        self._is_published = True
        self.ledger.account.enter()
        self.ledger.account.leave()

    def note_unwanted(self) -> None:
        """Count the newest frame as left out, because nobody wants it; the next one that is published says so."""
        self.ledger.account.enter()
        self.ledger.account.drop(UNWANTED)

    def note_repeated(self) -> None:
        """Remember that whoever listens has the newest frame now, counted before, and all that is missing before it."""
        self._is_published = True

    def repeats_for_newcomer(self, now_ns: int) -> tuple[Frame, ...]:
        """Return what somebody who just begins to listen needs to show a picture at once."""
        self._repeated_ns = now_ns
        if self._jpeg is not None:
            return (self.newest(now_ns, repeat=True),)
        # A group has no holes; what is missing before its first frame is told once.
        first, *rest = self._group.frames() or (None,)
        if first is None:
            return ()
        return (
            replace(_send(first, now_ns), repeat=True),
            *(replace(_send(frame, now_ns), repeat=True, skipped=EMPTY) for frame in rest),
        )

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

    def _take_jpeg(self, message: bytes, now: Instant) -> bool:
        picture = self._finder.find(message)
        self.pace.add(now.mono_ns, len(message))
        media_time_ns = self._number(JPEG, picture.width, picture.height, now)
        self._jpeg = _Jpeg(message, picture, self._seq, now, media_time_ns)
        self._unit = None
        self._is_asked = False
        self._seq += 1
        return True

    def _frame_of(self, jpeg: _Jpeg, now_ns: int, *, repeat: bool) -> Frame:
        picture = jpeg.picture
        return Frame(
            seq=jpeg.seq,
            source=self.source,
            media_time_ns=jpeg.media_time_ns,
            captured_at_ns=jpeg.now.wall_ns,
            width=picture.width,
            height=picture.height,
            host=self.host,
            hops={"ingest_in": jpeg.now.mono_ns, "ingest_out": now_ns},
            key=True,
            repeat=repeat,
            skipped=dict(self._missing_before),
            interval_ns=self.pace.interval_ns,
            # The usual message is the JPEG and nothing else; slicing all of it makes no copy.
            payload=jpeg.message[picture.start : picture.end],
        )

    def _take_unit(self, message: bytes, now: Instant) -> bool:
        unit = self._units.take(message)
        if unit is None:
            return False
        if not self._limits.allow(unit.width, unit.height):
            raise AccessUnitError(OVERSIZE, f"{unit.width}x{unit.height} exceeds {self._limits}")
        self.pace.add(now.mono_ns, len(message))
        if unit.is_new_stream:
            self._stream_start_ns = max(now.wall_ns, self._stream_start_ns + 1)
            self._out_seq = 0
        media_time_ns = self._number(H264, unit.width, unit.height, now)
        self._unit = Frame(
            seq=self._seq,
            source=self.source,
            media_time_ns=media_time_ns,
            captured_at_ns=now.wall_ns,
            width=unit.width,
            height=unit.height,
            host=self.host,
            hops={"ingest_in": now.mono_ns},
            key=unit.key,
            skipped=dict(self._missing_before),
            interval_ns=self.pace.interval_ns,
            term=self._term,
            encoder_start_ns=self._stream_start_ns,
            out_seq=self._out_seq,
            codec=unit.codec if unit.key else "",
            payload=unit.payload,
        )
        self._group.add(self._unit)
        self._jpeg = None
        self._is_asked = self._is_asked and not unit.key
        self._seq += 1
        self._out_seq += 1
        return True

    def _number(self, kind: str, width: int, height: int, now: Instant) -> int:
        """Enter a good picture; return its media time. What is missing before it is known from here on."""
        if self._is_published:
            self._missing_before, self._missing_since = self._missing_since, self._missing_before
            self._missing_since.clear()
        else:
            self._missing_before[UNWANTED] += 1
            if self._missing_since:
                self._missing_before += self._missing_since
                self._missing_since.clear()
        self._is_published = False
        ledger = self.ledger
        if (kind, width, height) != (ledger.kind, ledger.width, ledger.height):
            ledger.kind, ledger.width, ledger.height = kind, width, height
            self.is_new_form = True
        ledger.frames += 1
        ledger.last_frame = now
        ledger.last_media_ns = max(self._clock.at(now.mono_ns), ledger.last_media_ns + TICK_90K_NS)
        return ledger.last_media_ns


def _send(frame: Frame, now_ns: int) -> Frame:
    return replace(frame, hops={**frame.hops, "ingest_out": now_ns})
