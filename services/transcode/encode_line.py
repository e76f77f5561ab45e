"""A camera that sends JPEGs: its frames go to the pool one by one, what they become goes to the bus."""

import logging
from functools import partial
from typing import Any, Final

from common.encoders import LIBX264, EncoderOptions
from common.frame import Frame
from common.topics import JPEG
from common.units import NS_PER_S
from services.transcode.assignments import Assignment
from services.transcode.crash_note import packed
from services.transcode.figures import Figures
from services.transcode.jobs import Encoded, Failed, Job, Outcome
from services.transcode.limits import NO_LIMIT, Effort, Limit, Seen
from services.transcode.line import Done, LossLog, Source, Tools
from services.transcode.mailbox import CRASH
from services.transcode.pipeline import Pipeline
from services.transcode.rendition import Rendition, RenditionOptions
from services.transcode.trouble import Trouble

log = logging.getLogger(__name__)


class EncodeLine:
    """From `jpeg/` to `h264/` and `mp4/`."""

    def __init__(self, assignment: Assignment, tools: Tools) -> None:
        self.kind: Final = JPEG
        self._tools = tools
        self._assignment = assignment
        camera = assignment.camera
        self._settings = tools.settings.camera(camera)
        options = RenditionOptions(round(tools.settings.transcode.gop_s * NS_PER_S), self._settings.max_fps, tools.host)
        self._ledger = tools.ledger.of(camera)
        self._ledger.publisher = assignment.publisher
        self._rendition = Rendition(camera, assignment.term, options, self._ledger)
        self._losses = LossLog(camera, self._rendition.dropped)
        self._figures = Figures()
        self._trouble = Trouble()
        self._noted = packed(camera)
        self._source = Source(JPEG, camera, tools)
        self._limit = NO_LIMIT
        self._pipeline = self._new_pipeline()
        self._idle_since_ns: int | None = None
        self._is_closed = False
        self._given_ns = self._held_ns = 0

    def follow(self, assignment: Assignment) -> None:
        self._assignment = assignment
        self._ledger.publisher = assignment.publisher
        self._rendition.follow_term(assignment.term)

    def want(self, topics: frozenset[str], now_ns: int) -> None:
        self._rendition.want(topics, now_ns)
        if self._rendition.is_wanted:
            self._idle_since_ns = None
            self._source.open(now_ns)
        elif self._idle_since_ns is None:
            self._idle_since_ns = now_ns
            self._source.close()

    def is_over(self, now_ns: int) -> bool:
        # Opening the codecs costs some milliseconds, which a viewer who flaps would make everybody pay each time.
        idle_ns = round(self._tools.settings.transcode.idle_close_s * NS_PER_S)
        return self._idle_since_ns is not None and now_ns - self._idle_since_ns >= idle_ns

    def request_keyframe(self, reason: str, now_ns: int) -> None:
        self._rendition.request_keyframe(reason, now_ns)

    def take(self, frame: Frame, now_ns: int) -> None:
        self._source.came()
        self._rendition.offer(frame, now_ns)

    def step(self, now_ns: int) -> None:
        self._source.step("join", now_ns)
        job = self._rendition.next_job(now_ns)
        if job is not None:
            self._given_ns = now_ns
            self._tools.pool.give(partial(self._run, job, self._pipeline))

    def wakes_at_ns(self, now_ns: int) -> int | None:
        times = (self._rendition.wakes_at_ns(now_ns), self._source.wakes_at_ns())
        return min((at_ns for at_ns in times if at_ns is not None), default=None)

    def held(self) -> int:
        return self._rendition.held()

    def seen(self, watch: str) -> Seen:
        rendition, figures = self._rendition, self._figures
        preset = self._settings.preset if LIBX264 in (self._settings.encoder, figures.encoder) else ""
        effort = Effort(rendition.asked, rendition.short, figures.encodes, figures.took_ns, self._held_ns)
        return Seen(watch, preset, rendition.interval_ns, effort)

    def limit(self, limit: Limit) -> None:
        self._rendition.limit(limit.every)
        if limit.preset != self._limit.preset:
            self._pipeline.set_preset(limit.preset or self._settings.preset)
        self._limit = limit

    def record(self, now_ns: int) -> dict[str, Any]:
        error = self._trouble.sentence(now_ns)
        return {
            **({"error": error} if error else {}),
            **self._figures.record(now_ns),
            "dropped": self._rendition.dropped.snapshot(),
            "preset": self._limit.preset or self._settings.preset,
            **self._limit_record(),
            "term": self._assignment.term,
        }

    def report_losses(self) -> None:
        self._losses.report(self._rendition.left_out)

    def close(self) -> None:
        # What a thread encodes just now is thrown away when it comes, and the codecs with it.
        self._is_closed = True
        self._source.close()
        self._rendition.close()

    def _run(self, job: Job, pipeline: Pipeline) -> Done:
        """In a thread of the pool: encode, and return what the main thread does with the outcome."""
        note = self._tools.note
        slot = note.enter(self._assignment.camera, self._noted, self._tools.clock.mono_ns())
        try:
            return partial(self._finish, job, pipeline.run(job))
        except Exception as error:  # noqa: BLE001 - the edge of one camera: whatever its codecs do, the others go on
            return partial(self._recover, job, error)
        finally:
            note.leave(slot)

    def _recover(self, job: Job, error: Exception) -> str:
        log.error("camera %s: its codecs crashed and are opened anew", self._assignment.camera, exc_info=error)
        self._pipeline = self._new_pipeline()
        return self._finish(job, Failed(CRASH, repr(error)))

    def _finish(self, job: Job, outcome: Outcome) -> str:
        if not (self._is_closed or self._tools.bus.was_stopped()):
            self._use(job, outcome)
        return self._assignment.camera

    def _use(self, job: Job, outcome: Outcome) -> None:
        now_ns, wall_ns = self._tools.clock.mono_ns(), self._tools.clock.wall_ns()
        self._held_ns += now_ns - self._given_ns
        if isinstance(outcome, Encoded):
            self._figures.encoded(outcome.encoder, outcome.took_ns)
            self._trouble.succeeded()
        else:
            self._losses.reason = outcome.reason
            self._trouble.failed(outcome.reason, now_ns)
        messages = self._rendition.finish(job, outcome, now_ns, wall_ns)
        for where, message in messages:
            self._tools.bus.publish_frame(where, message)
        if messages:
            self._figures.published(len(messages[0][1].payload), now_ns)
        self.step(now_ns)

    def _limit_record(self) -> dict[str, Any]:
        limit, interval_ns = self._limit, self._rendition.interval_ns
        fps = {"fps": round(NS_PER_S / (interval_ns * limit.every), 2)} if limit.every > 1 and interval_ns else {}
        preset = {"preset": limit.preset} if limit.preset else {}
        return {"limit": {**fps, **preset}} if fps or preset else {}

    def _new_pipeline(self) -> Pipeline:
        own = self._settings
        options = EncoderOptions(
            width=0,
            height=0,
            encoder=own.encoder,
            preset=self._limit.preset or own.preset,
            bitrate_kbps=own.bitrate_kbps,
            threads=self._tools.settings.transcode.threads,
        )
        return Pipeline(options, self._tools.refusals, self._tools.clock, self._tools.decoders)
