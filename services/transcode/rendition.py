"""The H.264 of one camera, as far as it is decided: which frame is encoded next, as what, and what becomes of it.

Frames, requests, demand and time in; jobs for an encoder out; their outcomes in; messages out. One job at a time, so
that the order is kept. Pure.
"""

from dataclasses import dataclass
from typing import Final

from common.counters import Counters
from common.errors import CodecError
from common.frame import EMPTY, Frame
from common.topics import H264, MP4
from common.units import NS_PER_S
from services.transcode.arrivals import Arrivals, Verdict
from services.transcode.epoch import Epochs
from services.transcode.jobs import Encoded, Failed, Job, Outcome
from services.transcode.keyframes import KeyframePolicy
from services.transcode.mailbox import BUS, ENCODER, MAX_FPS, OVERLOAD, STALE, Arrived, Mailbox
from services.transcode.outlet import Outlet
from services.transcode.pace import RateLimit
from services.transcode.timeline import Timeline

# A picture that is older when its turn comes would only show the past (and the bus has held it back).
STALE_NS: Final = NS_PER_S


@dataclass(frozen=True, slots=True)
class RenditionOptions:
    """What the settings say of one camera's stream."""

    gop_ns: int
    max_fps: float
    host: str
    """This machine's id: hop stamps of another one say nothing of a frame's age."""


class Rendition:
    """One camera's stream, from the first who wants it to the last."""

    def __init__(self, camera: str, term: int, options: RenditionOptions) -> None:
        self.camera = camera
        self.dropped = Counters()
        self._options = options
        self._term = term
        self._arrivals = Arrivals()
        self._mailbox = Mailbox(self.dropped)
        self._limit = RateLimit(options.max_fps)
        self._keyframes = KeyframePolicy(options.gop_ns)
        self._timeline = Timeline()
        self._epochs = Epochs()
        self._outlets = (Outlet(H264, camera), Outlet(MP4, camera))
        self._newest: Arrived | None = None
        self._busy = False
        self._begins = False

    @property
    def is_wanted(self) -> bool:
        return any(outlet.is_wanted for outlet in self._outlets)

    def want(self, topics: frozenset[str], now_ns: int) -> None:
        """Say which of the camera's topics somebody wants now. A newly wanted one goes on with a fresh keyframe."""
        was_wanted = self.is_wanted
        for outlet in self._outlets:
            if outlet.want(outlet.topic in topics):
                self._keyframes.request("join", now_ns)
        if was_wanted and not self.is_wanted:
            self._mailbox.take()
            self._arrivals.pause()
            # Whoever comes back gets the camera's newest picture, not the last one of then.
            self._newest = None

    def follow_term(self, term: int) -> None:
        """Encode under a newer term: a new epoch, which begins with a keyframe."""
        if term != self._term:
            self._term, self._begins = term, True

    def request_keyframe(self, reason: str, now_ns: int) -> None:
        self._keyframes.request(reason, now_ns)

    def offer(self, frame: Frame, now_ns: int) -> None:
        """Take a frame from the bus."""
        if not self.is_wanted or self._arrivals.judge(frame, now_ns) is not Verdict.FRESH:
            return
        # A frame waits because there were enough for now, or because this worker does not keep up.
        held = not self._busy and self._limit.ready_at_ns(now_ns) > now_ns
        self._mailbox.put(Arrived(frame, now_ns), MAX_FPS if held else OVERLOAD)
        self._mailbox.lose(BUS, self._arrivals.lost)

    def next_job(self, now_ns: int) -> Job | None:
        """Return what to encode now, if anything. Its outcome must come to `finish`, and nothing is given before."""
        if self._busy or not self.is_wanted:
            return None
        fresh = self._take_fresh(now_ns)
        arrived = fresh or self._take_again(now_ns)
        if arrived is None:
            return None
        frame = arrived.frame
        if self._timeline.stepped_back(frame.media_time_ns):
            self._timeline.begin()
            self._begins = True
        self._busy = True
        return Job(
            arrived=arrived,
            time_90k=self._timeline.next_90k(frame.media_time_ns),
            interval_ns=max(frame.interval_ns, self._limit.step_ns) if frame.interval_ns else 0,
            idr=self._begins or self._keyframes.is_due(now_ns, frame.media_time_ns),
            term=self._term,
            # What was missing before a frame that is sent again was said the first time.
            skipped=self._mailbox.settle(EMPTY if fresh is None or frame.repeat else frame.skipped),
            begins=self._begins,
            again=fresh is None,
        )

    def wakes_at_ns(self, now_ns: int) -> int | None:
        """Return when `next_job` should be asked although nothing came; None: not before something does."""
        if self._busy or not self.is_wanted:
            return None
        again_ns = self._again_at_ns()
        if self._mailbox.waiting is None:
            return again_ns
        ready_ns = self._limit.ready_at_ns(now_ns)
        return ready_ns if again_ns is None else min(ready_ns, again_ns)

    def finish(self, job: Job, outcome: Outcome, now_ns: int, wall_ns: int) -> list[tuple[str, Frame]]:
        """Return the messages that a job's outcome makes, each with its topic."""
        self._busy = False
        if isinstance(outcome, Failed):
            return self._fail(job, outcome.cause)
        if not self.is_wanted:
            return []
        try:
            begins = self._epochs.follow(job, outcome, wall_ns)
        except CodecError:
            return self._fail(job, ENCODER)
        if begins:
            self._begins = self._term != job.term
            for outlet in self._outlets:
                outlet.begin()
        self._newest = job.arrived
        return self._publish(job, outcome, now_ns)

    def _take_fresh(self, now_ns: int) -> Arrived | None:
        if self._mailbox.waiting is None or self._limit.ready_at_ns(now_ns) > now_ns:
            return None
        arrived = self._mailbox.take()
        if arrived is not None and self._is_stale(arrived.frame, now_ns):
            self._mailbox.skip(STALE, arrived.frame.skipped)
            return None
        self._limit.take(now_ns)
        return arrived

    def _is_stale(self, frame: Frame, now_ns: int) -> bool:
        if frame.repeat or frame.host != self._options.host:
            return False
        # Who wants a picture in ten seconds gets one that waited for that long.
        wanted_ns = self._limit.step_ns if self._limit.step_ns > STALE_NS else 0
        return now_ns - frame.hops.get("ingest_in", now_ns) > STALE_NS + wanted_ns

    def _take_again(self, now_ns: int) -> Arrived | None:
        again_ns = self._again_at_ns()
        return self._newest if again_ns is not None and now_ns >= again_ns else None

    def _again_at_ns(self) -> int | None:
        if self._newest is None:
            return None
        interval_ns = self._newest.frame.interval_ns
        return self._keyframes.repeat_at_ns(self._newest.at_ns + interval_ns if interval_ns else None)

    def _fail(self, job: Job, cause: str) -> list[tuple[str, Frame]]:
        if job.again:
            self._mailbox.owe(job.skipped)
        else:
            self._mailbox.skip(cause, job.skipped)
        return []

    def _publish(self, job: Job, encoded: Encoded, now_ns: int) -> list[tuple[str, Frame]]:
        frame = job.arrived.frame
        if encoded.unit.is_key:
            self._keyframes.made(now_ns, frame.media_time_ns)
        base = self._epochs.describe(job, encoded, now_ns)
        messages = [(outlet.topic, outlet.message(base, encoded.unit, job.time_90k)) for outlet in self._outlets]
        return [(topic, message) for topic, message in messages if message is not None]
