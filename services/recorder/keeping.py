"""One camera on the disk thread: its folder's lock, its mode at work, its time line, and what a failing disk means."""

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from common.counters import RateMeter
from common.errors import RecordingError
from common.http1 import Answer, refusal
from common.recordings.camera_store import CameraStore
from common.recordings.rows import FileRow, Reason, State
from common.units import NS_PER_MS, NS_PER_S
from services.recorder.api import DELETE, PROTECT
from services.recorder.gaps import StoredGaps
from services.recorder.house import NO_ENCODER, Encoder, House
from services.recorder.modes import CONTINUOUS, EVENT, OFF, begin_mode
from services.recorder.orders import Change
from services.recorder.restore import ALIVE, restore
from services.recorder.retention import Limits
from services.recorder.taking import Arrived, Desk, Moment, Taking, Why
from services.recorder.tally import CameraTally
from services.recorder.trouble import Trouble, is_full, trouble_of

log = logging.getLogger(__name__)

LOCK_INTERVAL_NS: Final = 250 * NS_PER_MS
TOTALS_INTERVAL_NS: Final = 10 * NS_PER_S
PROBE_BYTES: Final = 256 << 10
PROBE_NAME: Final = ".probe"
MODE: Final = "mode"
Result = TypeVar("Result")


class KeptCamera:
    """A camera that this process wants. `store` is None while its lock is held elsewhere, or nothing can be opened."""

    def __init__(self, camera: str, house: House, tally: CameraTally) -> None:
        self.camera: Final = camera
        self.store: CameraStore | None = None
        self.trouble: Trouble | None = None
        self._house: Final = house
        self._tally: Final = tally
        self._gaps: StoredGaps | None = None
        self._identity = (0, 0)
        self._taking: Taking | None = None
        self._encoder: Encoder | None = None
        self._wanted_mode = ""
        self._mode = ""
        self._why = Why(Reason.BUS)
        self._told: tuple[Mapping[str, Any], Moment] | None = None
        self._next_try_ns = 0
        self._rate = RateMeter(10.0)
        self._state = ("", 0)
        self._totals = (0, 0, 0)
        self._next_totals_ns = 0

    @property
    def formats(self) -> tuple[str, ...]:
        """The streams that it takes now."""
        return self._taking.formats if self._taking else ()

    @property
    def limits(self) -> Limits:
        """What retention knows of it."""
        own = self._house.settings_of(self.camera)
        return Limits(own.recording_max_days, self._house.recording.original_max_days, own.recording_max_gib)

    def want(self, mode: str, now: Moment) -> None:
        """Follow a mode; empty: that of before, or the settings'."""
        self._wanted_mode = mode
        if self.store is not None and self.trouble is None:
            self._guarded(lambda: self._follow_mode(now), now)

    def explain(self, why: Why) -> None:
        """Know why nothing comes."""
        self._why = why

    def announced(self, told: Mapping[str, Any], now: Moment) -> None:
        """Know what is announced of the camera."""
        self._told = (told, now)
        self._with_taking(lambda taking: taking.camera(told, now), now)

    def happened(self, record: Mapping[str, Any], now: Moment) -> None:
        """Take an event."""
        self._with_taking(lambda taking: taking.event(record, now), now)

    def offer(self, arrived: Arrived) -> None:
        """Take a frame; one that nobody takes, and one that the disk refuses, is counted with the reason."""
        self._rate.add(arrived.now.mono_ns, len(arrived.frame.payload))
        taking = self._taking
        if taking is None or arrived.format not in taking.formats:
            cause = self.trouble.reason.value if self.trouble else Reason.OFF.value
            self._tally.drop(cause, int(arrived.is_new))
            return
        try:
            taking.offer(arrived)
        except (OSError, RecordingError) as error:
            self._fail(error, arrived.now)
            self._tally.drop(self._reason.value, int(arrived.is_new))

    def tick(self, now: Moment) -> None:
        """Make a pass; try what is due to be tried."""
        if self.store is None or self.trouble is not None:
            if now.mono_ns >= self._next_try_ns:
                self._open(now)
            return
        self._guarded(lambda: self._write(lambda: self._pass(self._live_store, now)), now)

    def count_soon(self) -> None:
        """Look anew at how much there is: something was deleted."""
        self._next_totals_ns = 0

    def fail(self, error: OSError | RecordingError, now: Moment) -> None:
        """Stop for a reason that somebody else found."""
        self._fail(error, now)

    def stop_for(self, error: OSError, now: Moment) -> None:
        """Stop because the disk has no room for anybody, unless nothing is recorded anyway."""
        if self._taking is not None:
            self._fail(error, now)

    def close(self, now: Moment) -> None:
        """Bring everything to disk and give the folder back. Idempotent."""
        self._close_taking(now)
        store, self.store = self.store, None
        if store is None:
            return
        self._detach()
        try:
            if self._gaps is not None:
                self._gaps.store_rows()
            self._stamp(store, now)
        except (OSError, RecordingError) as error:
            log.warning("camera %s: the end of its recording could not be written down: %s", self.camera, error)
        finally:
            _close_store(store)

    def change(self, wish: Change, now: Moment) -> Answer:
        """Protect or delete; the answer for whoever asked."""
        if self.store is None:
            return refusal(404 if self.trouble is None else 503, self._sentence or "another process writes there")
        if self.trouble is not None and self.trouble.reason is Reason.UNWRITABLE:
            return refusal(503, self.trouble.sentence)
        try:
            # A full disk is what somebody may want to delete for.
            if self.trouble is None:
                self._pass(self.store, now)
            answer = self._change(self.store, wish, now)
        except (OSError, RecordingError) as error:
            self._fail(error, now)
            return refusal(503, self._sentence)
        self._next_try_ns = 0
        return answer

    def row(self, now: Moment) -> dict[str, Any]:
        """Return what the status says of the camera."""
        state, gap = self._state_now, self._gaps.gap if self._gaps else None
        if state != self._state[0]:
            self._state = (state, now.wall_ns)
        size_bytes, oldest_ns, newest_ns = self._totals
        stopped = self.trouble
        return {
            "mode": self._mode,
            "state": state,
            "reason": stopped.reason.value if stopped else gap.reason.value if gap and state != "recording" else "",
            "detail": self._detail(state),
            "since_wall_ns": self._state[1],
            "newest_wall_ns": newest_ns,
            "oldest_wall_ns": oldest_ns,
            "size_bytes": size_bytes,
            "bytes_per_s": round(self._rate.per_second(now.mono_ns)) if state == "recording" else 0,
            "shift_s": self._shift_ns / NS_PER_S,
            "waiting_originals": self._taking.waiting_originals if self._taking else 0,
        }

    @property
    def _shift_ns(self) -> int:
        return getattr(self._taking, "shift_ns", 0)

    @property
    def _state_now(self) -> str:
        if self.trouble is not None:
            return "stopped"
        if self._mode == OFF:
            return "off"
        return "recording" if self._taking is not None and self._taking.is_writing else "waiting"

    def _detail(self, state: str) -> str:
        if self.trouble is not None:
            return self.trouble.sentence
        gap = self._gaps.gap if self._gaps and state != "recording" else None
        return (gap.detail if gap else "") or (self._encoder.problem(self.camera) if self._encoder else "")

    @property
    def _reason(self) -> Reason:
        return self.trouble.reason if self.trouble else Reason.UNWRITABLE

    @property
    def _sentence(self) -> str:
        return self.trouble.sentence if self.trouble else ""

    @property
    def _live_store(self) -> CameraStore:
        if self.store is None:
            raise AssertionError("asked for only while the folder is open")
        return self.store

    def _open(self, now: Moment) -> None:
        """Open the folder, anew after trouble: whatever was left is repaired then."""
        self._next_try_ns = now.mono_ns + LOCK_INTERVAL_NS
        try:
            folder = self._house.folder_of(self.camera)
            if self.trouble is not None and folder.is_dir():
                self._house.check_room()
                # As long as the former index is open, what may go can be found and deleted.
                self._write(lambda: _probe(folder / PROBE_NAME))
            former, self.store = self.store, None
            if former is not None:
                self._detach()
                _close_store(former)
            self.store = CameraStore.open(folder, self.camera)
            if self.store is None:
                return
            self._begin(self.store, now)
        except (OSError, RecordingError) as error:
            self._fail(error, now)
            return
        if self.trouble is not None:
            log.info("camera %s: recording goes on", self.camera)
            self.trouble = None

    def _begin(self, store: CameraStore, now: Moment) -> None:
        for sentence in store.repaired.sentences:
            log.warning("camera %s: %s", self.camera, sentence)
        if self._gaps is None or store.identity != self._identity:
            was_elsewhere = self._gaps is not None
            timeline, rows = restore(store.index)
            self._gaps, self._identity = StoredGaps(store, timeline), store.identity
            self._gaps.say(rows)
            if was_elsewhere and self.trouble is not None and timeline.gap is not None:
                # Another folder lies here than before: a recorder was there, but not this disk.
                self._gaps.begin(timeline.edge_ns, self.trouble.reason, self.trouble.sentence)
        else:
            self._gaps.move_to(store)
        self._mode, self._next_totals_ns = "", 0
        if store.index.unfinished(State.ENCODING):
            self._attach(store)
        self._follow_mode(now)
        self._gaps.store_rows()
        self._count(store, now)

    def _follow_mode(self, now: Moment) -> None:
        store = self._live_store
        settings = self._house.settings_of(self.camera)
        mode = self._wanted_mode or store.index.get_meta(MODE) or settings.recording_mode
        if mode == self._mode or self._gaps is None:
            return
        was, self._mode = self._mode, mode
        self._close_taking(now)
        if store.index.get_meta(MODE) != mode:
            store.index.set_meta(MODE, mode)
        if was:
            log.info("camera %s: mode %s", self.camera, mode)
        if mode == EVENT:
            self._attach(store)
        if mode in (CONTINUOUS, EVENT):
            self._taking = begin_mode(mode, self._desk(store, self._gaps), now)
            if self._told is not None:
                self._taking.camera(*self._told)
        elif self._gaps.reason is not Reason.OFF:
            self._gaps.begin(max(now.wall_ns, self._gaps.edge_ns), Reason.OFF)

    def _attach(self, store: CameraStore) -> None:
        if self._encoder is None:
            encoder = self._house.encoder()
            encoder.attach(self.camera, store, store.folder, self._house.settings_of(self.camera))
            self._encoder = encoder

    def _detach(self) -> None:
        encoder, self._encoder = self._encoder, None
        if encoder is not None:
            encoder.detach(self.camera)

    def _desk(self, store: CameraStore, gaps: StoredGaps) -> Desk:
        return Desk(
            camera=self.camera,
            store=store,
            settings=self._house.settings_of(self.camera),
            recording=self._house.recording,
            gaps=gaps,
            tally=self._tally,
            why=lambda: self._why,
            floor_ns=lambda: gaps.edge_ns,
            ask=lambda: self._house.ask(self.camera),
            encoder=self._encoder or NO_ENCODER,
            write=self._write,
        )

    def _write(self, action: Callable[[], Result]) -> Result:
        """Run what writes; when the disk is full, the oldest that may go makes room."""
        while True:
            try:
                return action()
            except OSError as error:
                if not is_full(error) or not self._house.make_room():
                    raise

    def _pass(self, store: CameraStore, now: Moment) -> None:
        store.check_place()
        if self._taking is not None:
            self._taking.tick(now)
        if self._gaps is not None:
            self._gaps.store_rows()
        if self._mode != OFF:
            self._stamp(store, now)
        if now.mono_ns >= self._next_totals_ns:
            self._count(store, now)
        elif self._mode != OFF:
            self._totals = (*self._totals[:2], store.index.newest_end_ns())

    def _stamp(self, store: CameraStore, now: Moment) -> None:
        store.index.set_meta(ALIVE, str(now.wall_ns + self._shift_ns))

    def _count(self, store: CameraStore, now: Moment) -> None:
        index = store.index
        self._next_totals_ns = now.mono_ns + TOTALS_INTERVAL_NS
        self._totals = (index.total_bytes(), index.oldest_start_ns(), index.newest_end_ns())

    def _change(self, store: CameraStore, wish: Change, now: Moment) -> Answer:
        if wish.verb == DELETE:
            return self._delete(store, wish, now)
        if wish.verb == PROTECT:
            rows = store.protect(wish.from_ns, wish.to_ns, wish.name)
        else:
            rows = store.unprotect(wish.from_ns, wish.to_ns)
        return Answer(200, _sums(rows))

    def _delete(self, store: CameraStore, wish: Change, now: Moment) -> Answer:
        rows = store.index.files(wish.from_ns, wish.to_ns)
        kept = sum(row.is_protected for row in rows)
        if kept:
            return refusal(409, f"{kept} of these {len(rows)} files are protected: nothing was deleted")
        if rows and self._taking is not None and rows[-1].end_ns >= store.index.newest_end_ns():
            self._taking.cut(now)
            rows = store.index.files(wish.from_ns, wish.to_ns)
        store.delete_files(rows, Reason.DELETED)
        self._next_totals_ns = 0
        ends = {"from_ns": rows[0].start_ns, "to_ns": max(row.end_ns for row in rows)} if rows else {}
        return Answer(200, {**_sums(rows), **ends})

    def _with_taking(self, action: Callable[[Taking], None], now: Moment) -> None:
        taking = self._taking
        if taking is not None:
            self._guarded(lambda: action(taking), now)

    def _guarded(self, action: Callable[[], None], now: Moment) -> None:
        try:
            action()
        except (OSError, RecordingError) as error:
            self._fail(error, now)

    def _fail(self, error: OSError | RecordingError, now: Moment) -> None:
        """Stop recording, and say why: in the log once, in the status, and in a gap as soon as one can be written."""
        trouble = trouble_of(error, only_protected=self._house.has_protected())
        self._next_try_ns = now.mono_ns + trouble.retry_ns
        if self.trouble is None or self.trouble.reason is not trouble.reason:
            log.warning("camera %s: %s", self.camera, trouble.sentence)
        self.trouble = trouble
        self._close_taking(now)
        if self._gaps is not None:
            self._gaps.begin(self._gaps.edge_ns, trouble.reason, trouble.sentence)

    def _close_taking(self, now: Moment) -> None:
        taking, self._taking = self._taking, None
        if taking is None:
            return
        try:
            taking.close(now)
        except (OSError, RecordingError) as error:
            # Its file is repaired when the folder is opened again.
            log.debug("camera %s: closing: %s", self.camera, error)


def _sums(rows: list[FileRow]) -> dict[str, int]:
    return {"files": len(rows), "size_bytes": sum(row.size_bytes for row in rows)}


def _close_store(store: CameraStore) -> None:
    try:
        store.close()
    except (OSError, RecordingError) as error:
        log.debug("a folder's index could not be closed: %s", error)


def _probe(path: Path) -> None:
    """Write as much as a fragment and remove it again, to know that the disk takes it."""
    try:
        with open(path, "wb") as file:
            file.write(bytes(PROBE_BYTES))
            file.flush()
    finally:
        path.unlink(missing_ok=True)
