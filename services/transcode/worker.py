"""The loop of a worker: the bus's messages to the cameras' lines, the pool's results to the bus, and signs of life."""

import logging
import os
from typing import Any, Final

from common.bus import Bus, Message
from common.clock import Clock
from common.config import Settings
from common.counters import Counters
from common.errors import WireError
from common.service import Process, Status, StopFlag, stamp_alive
from common.topics import CAMERA, H264, JPEG, KEYFRAME, MAIN, MP4, STATUS, parse, topic
from common.units import NS_PER_MS, NS_PER_S
from common.wire import decode_frame, decode_record, encode_record
from services.transcode.assignments import Assignment, Assignments
from services.transcode.crash_note import CrashNote
from services.transcode.encode_line import EncodeLine
from services.transcode.gate import STOPPED_NS, Gate
from services.transcode.ledger import Ledger
from services.transcode.line import Done, Line, Tools
from services.transcode.overload import Overload
from services.transcode.pipeline import Refusals
from services.transcode.pool import Pool
from services.transcode.remux_line import RemuxLine

log = logging.getLogger(__name__)

# Ingest gives a worker's cameras to another one after a second of silence.
HEARTBEAT_NS: Final = 250 * NS_PER_MS
STATUS_NS: Final = NS_PER_S
# At the end: how long others have to take the cameras over. It takes them some milliseconds, if there are any.
LEAVE_NS: Final = 300 * NS_PER_MS
# What was published last is sent before the bus goes.
PARTING_NS: Final = 50 * NS_PER_MS
# What the sockets held meanwhile is read within this time; only later announcements tell who encodes now.
BACKLOG_NS: Final = 250 * NS_PER_MS
# No picture takes so long (UXGA: 25 ms): a codec hangs, and with it a thread. The watchdog hears no more of us.
HUNG_NS: Final = 10 * NS_PER_S
# How long a process says whom its last life suspects: long enough for a keeper that is just being started.
SUSPECTS_NS: Final = 60 * NS_PER_S
DRAIN_LIMIT: Final = 256
# Nobody watches anything through these, and other workers speak most often of all.
UNHEARD_STAGES: Final = ("broker", "ingest", "transcode")


class Worker:
    """One transcode process. `run()` returns when told to stop."""

    def __init__(
        self, process: Process, settings: Settings, clock: Clock, threads: int, *, alone: bool = False
    ) -> None:
        """`alone`: for cameras that may crash it; the others keep away from it."""
        self._process = process
        self._settings = settings
        self._clock = clock
        self._counters = Counters()
        self._status = Status(process, self._counters)
        self._status_topic = topic(STATUS, process.host, process.name)
        self._assignments = Assignments(process.name)
        self._lines: dict[str, Line] = {}
        self._touched: set[str] = set()
        self._wakes: dict[str, int] = {}
        self._begun: list[str] = []
        self._must_review = False
        self._hears_watches = False
        self._is_leaving = False
        self._bus = Bus(settings.bus_addresses, on_demand=self._on_demand)
        self._pool: Pool[Done] = Pool(threads, settings.transcode.nice)
        self._gate = Gate(self._bus, clock)
        self._note = CrashNote(settings.run_path("codec"), process.name, process.incarnation, threads)
        self._ledger = Ledger()
        self._overload = Overload(threads)
        self._tools = Tools(
            process.name,
            process.host,
            self._gate,
            self._pool,
            clock,
            settings,
            Refusals(),
            note=self._note,
            ledger=self._ledger,
        )
        self._alone: dict[str, Any] = {"alone": True} if alone else {}
        self._listens_until_ns = 0
        self._begun_ns = self._resumed_ns = self._gate.round_ns
        self._heartbeat_ns = self._status_ns = self._begun_ns

    def run(self, stop: StopFlag) -> None:
        """Work until `stop` is set."""
        self._bus.subscribe(CAMERA)
        self._bus.subscribe(KEYFRAME)
        self._note.arm()
        if self._note.suspects is not None:
            log.warning("the process before this one ended in the codecs of %s", ", ".join(self._note.suspects.cameras))
        log.info("ready")
        while not stop.is_set:
            is_drained = self.run_once()
            if is_drained:
                self._bus.wait(self._sleep_s(), self._pool.fd, stop.fd)
        # The descriptor stays among those that are waited for; read, it wakes nobody any more.
        os.read(stop.fd, 1)
        self._take_leave()

    def _take_leave(self) -> None:
        """Say that this process ends, and go on with its cameras until others have them: nobody sees a gap."""
        log.info("leaving")
        now_ns = begun_ns = self._clock.mono_ns()
        end_ns = begun_ns + LEAVE_NS
        self._is_leaving = True
        self._heartbeat_ns = now_ns
        while now_ns < end_ns:
            is_drained = self.run_once()
            if not self._lines:
                end_ns = min(end_ns, begun_ns + PARTING_NS)
            if is_drained:
                self._bus.wait(min(self._sleep_s(), (end_ns - now_ns) / NS_PER_S), self._pool.fd)
            now_ns = self._clock.mono_ns()

    def close(self) -> None:
        """Join the threads and leave the bus. Idempotent."""
        for camera in list(self._lines):
            self._close(camera)
        self._pool.close()
        self._note.close()
        self._bus.close()

    def run_once(self) -> bool:
        """Do what there is to do; return whether the bus has nothing more."""
        now_ns = self._clock.mono_ns()
        if now_ns - self._gate.round_ns > STOPPED_NS:
            self._forget_everything(now_ns)
        self._gate.round_ns = now_ns
        messages = self._bus.drain(DRAIN_LIMIT)
        for message in messages:
            self._take(message, now_ns)
        if now_ns < self._listens_until_ns and len(messages) == DRAIN_LIMIT:
            self._listen_until(now_ns + BACKLOG_NS)
        # Before anything is published: another process may have a camera by now.
        if self._must_review:
            self._review(now_ns)
        for done in self._pool.results():
            self._touched.add(done())
        self._step(now_ns)
        self._tell_life(now_ns)
        return len(messages) < DRAIN_LIMIT

    def _step(self, now_ns: int) -> None:
        """Let the lines go on that something came for, or whose time has come; the others cost nothing."""
        self._touched.update([camera for camera, at_ns in self._wakes.items() if at_ns <= now_ns])
        for camera in self._touched:
            line = self._lines.get(camera)
            at_ns = None
            if line is not None:
                line.step(now_ns)
                at_ns = line.wakes_at_ns(now_ns)
            if at_ns is None:
                self._wakes.pop(camera, None)
            else:
                self._wakes[camera] = at_ns
        self._touched.clear()

    def _take(self, message: Message, now_ns: int) -> None:
        try:
            kind, camera, track = parse(message.topic)
            if kind == CAMERA:
                if self._assignments.hear(decode_record(message.header), now_ns):
                    self._must_review = True
            elif kind == STATUS and not track.startswith(UNHEARD_STAGES):
                self._overload.hear(message.topic, decode_record(message.header), now_ns)
            elif track == MAIN and camera in self._lines:
                self._touched.add(camera)
                self._take_for(self._lines[camera], kind, message, now_ns)
        except WireError as error:
            self._counters.add("malformed")
            log.debug("message dropped: %s", error)

    def _take_for(self, line: Line, kind: str, message: Message, now_ns: int) -> None:
        if kind == line.kind:
            line.take(decode_frame(message.header, message.payload), now_ns)
        elif kind == KEYFRAME:
            record = decode_record(message.header)
            # Our own requests are for ingest: they come from the bus, too. Who shows JPEGs needs nothing of ours.
            if record.get("from") != self._process.name and record.get("format") != JPEG:
                line.request_keyframe(str(record.get("reason")), now_ns)

    def _on_demand(self, prefix: str, wanted: bool) -> None:
        self._must_review = True
        if wanted:
            self._begun.append(prefix)

    def _review(self, now_ns: int) -> None:
        """Open and close lines as assignments and demand say."""
        self._must_review = False
        mine = self._assignments.mine()
        for camera, line in list(self._lines.items()):
            if camera not in mine or mine[camera].kind != line.kind:
                self._close(camera)
        begun, self._begun = self._begun, []
        for assignment in mine.values():
            self._serve(assignment, begun, now_ns)
        self._hear_watches(any(line.kind == JPEG for line in self._lines.values()))

    def _hear_watches(self, wanted: bool) -> None:
        """Hear who watches what while there is something to limit: each process's sign would wake an idle worker."""
        if wanted != self._hears_watches:
            self._hears_watches = wanted
            (self._bus.subscribe if wanted else self._bus.unsubscribe)(STATUS)

    def _serve(self, assignment: Assignment, begun: list[str], now_ns: int) -> None:
        camera = assignment.camera
        topics = [topic(kind, camera) for kind in (H264, MP4)]
        wanted = frozenset(each for each in topics if self._bus.is_wanted(each))
        line = self._lines.get(camera)
        if line is None:
            if not self._has_work(assignment, wanted):
                return
            line = self._lines[camera] = self._open(assignment)
        self._touched.add(camera)
        line.follow(assignment)
        line.want(wanted, now_ns)
        # A subscription that is told again comes from somebody behind a broker that forgot: a newcomer.
        if any(each == prefix or each.startswith(f"{prefix}/") for prefix in begun for each in wanted):
            line.request_keyframe("join", now_ns)
        if line.is_over(now_ns):
            self._close(camera)

    def _has_work(self, assignment: Assignment, wanted: frozenset[str]) -> bool:
        return bool(wanted) if assignment.kind == JPEG else topic(MP4, assignment.camera) in wanted

    def _open(self, assignment: Assignment) -> Line:
        log.info("camera %s: begins, term %d", assignment.camera, assignment.term)
        line_type = EncodeLine if assignment.kind == JPEG else RemuxLine
        return line_type(assignment, self._tools)

    def _close(self, camera: str) -> None:
        log.info("camera %s: ends", camera)
        self._lines.pop(camera).close()

    def _forget_everything(self, now_ns: int) -> None:
        """After a stop: drop what waits, and listen before publishing again."""
        log.warning("did not run for %.1f s: listening first", (now_ns - self._gate.round_ns) / NS_PER_S)
        self._counters.add("stopped")
        self._resumed_ns = now_ns
        self._overload.forget()
        self._listen_until(now_ns + BACKLOG_NS)
        for camera in list(self._lines):
            self._close(camera)

    def _listen_until(self, then_ns: int) -> None:
        self._listens_until_ns = then_ns
        self._assignments.doubt_until(then_ns)

    def _tell_life(self, now_ns: int) -> None:
        if now_ns < self._heartbeat_ns:
            return
        self._heartbeat_ns = now_ns + HEARTBEAT_NS
        # Time alone ends a line that nobody wants.
        self._must_review = True
        self._overload.tick(self._lines, now_ns)
        if self._is_leaving:
            return self._publish_sign(now_ns, heartbeat=True, leaving=True)
        if self._is_hung(now_ns):
            return
        if now_ns < self._status_ns:
            return self._publish_sign(now_ns, heartbeat=True)
        self._status_ns = now_ns + STATUS_NS
        stamp_alive(self._settings, self._process)
        self._counters.add("malformed", self._bus.malformed)
        self._bus.malformed = 0
        for line in self._lines.values():
            line.report_losses()
        encodes = {camera: line.record(now_ns) for camera, line in self._lines.items()}
        ledger = self._ledger.record({camera: line.held() for camera, line in self._lines.items()})
        self._publish_status(
            **self._status.record(encodes=encodes, ledger=ledger, overload=self._overload.record()),
            **self._nature(now_ns),
        )

    def _publish_sign(self, now_ns: int, **flags: bool) -> None:
        process = self._process
        own = {"name": process.name, "stage": process.stage, "host": process.host, "incarnation": process.incarnation}
        self._publish_status(**own, **flags, **self._nature(now_ns))

    def _nature(self, now_ns: int) -> dict[str, Any]:
        """Return what every sign of life says of this process, if there is anything."""
        suspects = self._note.suspects
        if suspects is None or now_ns - self._begun_ns > SUSPECTS_NS:
            return self._alone
        return {**self._alone, "suspects": list(suspects.cameras), "crash_id": suspects.crash_id}

    def _publish_status(self, **fields: Any) -> None:
        self._bus.publish(self._status_topic, encode_record(fields))

    def _is_hung(self, now_ns: int) -> bool:
        # The threads know, also of cameras that went to another process meanwhile. Stopped, they hang no more than we.
        hung = self._note.hung(now_ns - HUNG_NS) if now_ns - self._resumed_ns > HUNG_NS else []
        self._note.write_hung(frozenset(hung))
        return bool(hung)

    def _sleep_s(self) -> float:
        wake_ns = min(self._wakes.values(), default=self._heartbeat_ns)
        return max(0, min(wake_ns, self._heartbeat_ns) - self._clock.mono_ns()) / NS_PER_S
