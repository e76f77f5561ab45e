"""The H.264 of one camera, as far as it is decided: which frame is encoded next, as what, and what becomes of it.

Frames, requests, demand and time in; jobs for an encoder out; their outcomes in; messages out. One job at a time, so
that the order is kept. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from common.counters import Counters
from common.errors import CodecError
from common.frame import EMPTY, Frame
from common.topics import H264, MP4
from common.units import NS_PER_MS, NS_PER_S
from services.transcode.arrivals import Arrivals, Verdict
from services.transcode.epoch import Epochs
from services.transcode.jobs import Encoded, Failed, Job, Outcome
from services.transcode.keyframes import KeyframePolicy
from services.transcode.ledger import CameraLedger
from services.transcode.mailbox import (
    BUS,
    ENCODER,
    HANDOVER,
    MAX_FPS,
    OVERLOAD,
    STALE,
    UNWANTED,
    Arrived,
    Mailbox,
)
from services.transcode.outlet import Outlet
from services.transcode.pace import RateLimit, Thinning
from services.transcode.timeline import Timeline

# A picture that is older when its turn comes would only show the past (and the bus has held it back).
STALE_NS: Final = NS_PER_S
# The first picture is often one that went out before, from the encoder that had the camera until now (or several times,
# each a tick later): so much later, times go on without a step back whoever made the former ones.
RESUMED_LATER_NS: Final = NS_PER_MS


@dataclass(frozen=True, slots=True)
class RenditionOptions:
    """What the settings say of one camera's stream."""

    gop_ns: int
    max_fps: float
    host: str
    """This machine's id: hop stamps of another one say nothing of a frame's age."""


class Rendition:
    """One camera's stream, from the first who wants it to the last."""

    def __init__(self, camera: str, term: int, options: RenditionOptions, ledger: CameraLedger | None = None) -> None:
        self.camera = camera
        self.dropped = Counters()
        self._options = options
        self._term = term
        self._arrivals = Arrivals()
        self._ledger = ledger or CameraLedger()
        self._mailbox = Mailbox(self.dropped, self._ledger)
        self._limit = RateLimit(options.max_fps)
        self._thinning = Thinning()
        self._interval_ns = 0
        self.asked = 0
        """Frames that were to be encoded."""
        self.short = 0
        """Those of them that gave way to a newer one because no encoder was free in time."""
        self.left_out = 0
        """Frames that a limit left out; they are among the dropped ones."""
        self._keyframes = KeyframePolicy(options.gop_ns)
        self._timeline = Timeline()
        self._epochs = Epochs()
        self._outlets = (Outlet(H264, camera), Outlet(MP4, camera))
        self._newest: Arrived | None = None
        self._job: Job | None = None
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
            self._empty(UNWANTED)
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
        arrived = Arrived(frame, now_ns, self._ledger.enter(frame.source, frame.seq))
        self._interval_ns = frame.interval_ns
        self._mailbox.lose(BUS, self._arrivals.lost)
        self._ledger.miss(self._arrivals.lost)
        if not self._is_left_out(frame, now_ns):
            self._ask(arrived, now_ns)
        elif self._mailbox.waiting is not None:
            # The turn is that of the one before it, which is taken; the picture may as well be newer.
            self.left_out += 1
            self._mailbox.put(arrived)
        else:
            self.left_out += 1
            self._mailbox.skip(OVERLOAD, arrived)

    def limit(self, every: int) -> None:
        """Encode only each `every`-th frame of those that the settings allow, until told otherwise."""
        fewer = round(self._limit.step_ns / self._interval_ns) if self._interval_ns else 1
        self._thinning.every = every * max(1, fewer) if every > 1 else 1

    @property
    def interval_ns(self) -> int:
        """Distance of the pictures without any limit, as far as it is known; 0: unknown."""
        return max(self._interval_ns, self._limit.step_ns) if self._interval_ns else 0

    def next_job(self, now_ns: int) -> Job | None:
        """Return what to encode now, if anything. Its outcome must come to `finish`, and nothing is given before."""
        if self._job is not None or not self.is_wanted:
            return None
        fresh = self._take_fresh(now_ns)
        arrived = fresh or self._take_again(now_ns)
        if arrived is None:
            return None
        frame = arrived.frame
        if self._timeline.stepped_back(frame.media_time_ns):
            self._timeline.begin()
            self._begins = True
        self._job = Job(
            arrived=arrived,
            time_90k=self._timeline.next_90k(frame.media_time_ns + self._later_ns(frame)),
            interval_ns=self._distance_ns(frame),
            idr=self._begins or self._keyframes.is_due(now_ns, frame.media_time_ns),
            term=self._term,
            skipped=self._skipped(frame) if fresh else EMPTY,
            begins=self._begins,
            again=fresh is None,
        )
        return self._job

    def wakes_at_ns(self, now_ns: int) -> int | None:
        """Return when `next_job` should be asked although nothing came; None: not before something does."""
        if self._job is not None or not self.is_wanted:
            return None
        again_ns = self._again_at_ns()
        if self._mailbox.waiting is None:
            return again_ns
        ready_ns = self._limit.ready_at_ns(now_ns)
        return ready_ns if again_ns is None else min(ready_ns, again_ns)

    def finish(self, job: Job, outcome: Outcome, now_ns: int, wall_ns: int) -> list[tuple[str, Frame]]:
        """Return the messages that a job's outcome makes, each with its topic."""
        self._job = None
        if isinstance(outcome, Failed):
            return self._fail(job, outcome.cause)
        if not self.is_wanted:
            return self._fail(job, UNWANTED)
        try:
            begins = self._epochs.follow(job, outcome, wall_ns)
        except CodecError:
            return self._fail(job, ENCODER)
        if begins:
            self._begins = self._term != job.term
            for outlet in self._outlets:
                outlet.begin()
        self._newest = job.arrived
        # No message: somebody wants it only since it was begun, and starts with the keyframe that comes next.
        return self._publish(job, outcome, now_ns) or self._fail(job, UNWANTED)

    def held(self) -> int:
        """Return how many frames wait or are being encoded."""
        waiting, job = self._mailbox.waiting, self._job
        is_waiting = waiting is not None and waiting.is_new
        return is_waiting + (job is not None and _is_counted(job))

    def close(self) -> None:
        """Give up what waits and what is being encoded: its outcome must not come to `finish`."""
        cause = HANDOVER if self.is_wanted else UNWANTED
        self._empty(cause)
        if self._job is not None:
            self._fail(self._job, cause)
            self._job = None

    def _is_left_out(self, frame: Frame, now_ns: int) -> bool:
        # Whoever waits for a keyframe need not wait for a slow turn as well.
        waited_for = self._job is None and self._keyframes.is_due(now_ns, frame.media_time_ns)
        return self._thinning.leaves_out(frame.source, frame.seq) and not waited_for

    def _ask(self, arrived: Arrived, now_ns: int) -> None:
        self.asked += 1
        self.short += self._mailbox.is_behind
        self._thinning.take(arrived.frame.source, arrived.frame.seq)
        # A frame waits because there were enough for now, or because this worker does not keep up.
        held = self._job is None and self._limit.ready_at_ns(now_ns) > now_ns
        self._mailbox.put(arrived, MAX_FPS if held else OVERLOAD)

    def _distance_ns(self, frame: Frame) -> int:
        return max(frame.interval_ns * self._thinning.every, self._limit.step_ns) if frame.interval_ns else 0

    def _skipped(self, frame: Frame) -> Mapping[str, int]:
        # What was missing before a frame that is sent again was said the first time. And nothing is said with a
        # picture that is encoded again: what is owed came after it.
        return self._mailbox.settle(EMPTY if frame.repeat else frame.skipped)

    def _later_ns(self, frame: Frame) -> int:
        return RESUMED_LATER_NS if frame.repeat and self._newest is None else 0

    def _take_fresh(self, now_ns: int) -> Arrived | None:
        if self._mailbox.waiting is None or self._limit.ready_at_ns(now_ns) > now_ns:
            return None
        arrived = self._mailbox.take()
        if arrived is not None and self._is_stale(arrived.frame, now_ns):
            self._mailbox.skip(STALE, arrived)
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
        interval_ns = self._newest.frame.interval_ns * self._thinning.every
        return self._keyframes.repeat_at_ns(self._newest.at_ns + interval_ns if interval_ns else None)

    def _fail(self, job: Job, cause: str) -> list[tuple[str, Frame]]:
        if job.again:
            self._mailbox.owe(job.skipped)
        else:
            self._mailbox.skip(cause, job.arrived, job.skipped)
        return []

    def _empty(self, cause: str) -> None:
        waiting = self._mailbox.take()
        if waiting is not None:
            self._mailbox.skip(cause, waiting)

    def _publish(self, job: Job, encoded: Encoded, now_ns: int) -> list[tuple[str, Frame]]:
        frame = job.arrived.frame
        if encoded.unit.is_key:
            self._keyframes.made(now_ns, frame.media_time_ns)
        base = self._epochs.describe(job, encoded, now_ns)
        made = [(outlet.topic, outlet.message(base, encoded.unit, job.time_90k)) for outlet in self._outlets]
        messages = [(topic, message) for topic, message in made if message is not None]
        if messages and _is_counted(job):
            self._ledger.leave()
        return messages


def _is_counted(job: Job) -> bool:
    return job.arrived.is_new and not job.again
