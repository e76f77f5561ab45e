"""The disk thread: everything about files and indexes, so that a slow disk never keeps the bus waiting."""

import errno
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from common.config import Settings
from common.errors import RecordingError
from common.http1 import Answer, refusal
from common.recordings.camera_store import CameraStore
from common.settings import CameraSettings
from common.units import NS_PER_S
from common.unix_door import Later
from services.recorder.backlog import Backlog, Offer
from services.recorder.house import Encoder
from services.recorder.keeping import LOCK_INTERVAL_NS, KeptCamera
from services.recorder.orders import Announced, Assign, Change, Explain, Happened
from services.recorder.room import Room, free_bytes
from services.recorder.taking import Moment
from services.recorder.tally import CameraTally
from services.recorder.trouble import is_full

if TYPE_CHECKING:
    from services.recorder.encoding import Encoding

log = logging.getLogger(__name__)

RETENTION_INTERVAL_NS: Final = 10 * NS_PER_S
FOLDER_INTERVAL_NS: Final = 5 * NS_PER_S
# A pass that is set to be rare does not let frames wait for longer.
LONGEST_WAIT_NS: Final = NS_PER_S
# What waits has its share of the time also where a pass takes longer than the distance of two.
LEAST_DRAIN_NS: Final = NS_PER_S // 2
NEVER_NS: Final = 1 << 63


def now() -> Moment:
    """Return this moment."""
    return Moment(time.monotonic_ns(), time.time_ns())


class Disk:
    """The thread and its cameras. What the main thread reads (`formats`, `rows`) is replaced as a whole."""

    def __init__(self, settings: Settings, backlog: Backlog, on_news: Callable[[], None]) -> None:
        self.recording: Final = settings.recording
        self.folder: Final[Path] = settings.recording_dir
        self.formats: Mapping[str, tuple[str, ...]] = {}
        self.rows: Mapping[str, Mapping[str, Any]] = {}
        self.tallies: dict[str, CameraTally] = {}
        self.known_cameras: list[str] = []
        """Those that have recordings. Found by this thread alone: on a disk that hangs even a look takes forever."""
        self.free_bytes = 0
        self.problem = ""
        self.has_ended = False
        self.answers: deque[tuple[Later, Answer]] = deque()
        self.asked: deque[str] = deque()
        self._settings: Final = settings
        self._backlog: Final = backlog
        self._on_news: Final = on_news
        self._room: Final = Room(self.folder, settings.recording)
        self._cameras: dict[str, KeptCamera] = {}
        self._encoding: Encoding | None = None
        self._stops = False
        self._pass_ns: Final = int(self.recording.sync_interval_s * NS_PER_S)
        self._next_pass_ns = 0
        self._next_retention_ns = 0
        self._next_look_ns = 0
        self._thread: Final = threading.Thread(target=self._run, name="disk")

    def start(self) -> None:
        """Make the folder of all recordings if it is not there yet, and begin."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.problem = f"{self.folder}: {error.strerror}"
        self._thread.start()

    def stop(self) -> None:
        """Bring everything that waits to disk, and end."""
        self._stops = True
        self._backlog.put_order(Assign({}))
        self._thread.join()

    # House, for the cameras

    def settings_of(self, camera: str) -> CameraSettings:
        return self._settings.camera(camera)

    def folder_of(self, camera: str) -> Path:
        if not self.folder.is_dir():
            # Not made anew: it may be a disk that is to be mounted there.
            raise FileNotFoundError(errno.ENOENT, f"{self.folder} is missing")
        return self.folder / camera

    def make_room(self) -> bool:
        self._count_soon()
        return self._room.make_room(self._stores())

    def check_room(self) -> None:
        self._room.check()

    def has_protected(self) -> bool:
        try:
            indexes = [store.index for store in self._stores().values()]
            is_any = any(index.protections() for index in indexes)
            return is_any and not any(index.oldest(unprotected=True) for index in indexes)
        except (OSError, RecordingError):
            return False

    def ask(self, camera: str) -> None:
        self.asked.append(camera)
        self._on_news()

    def encoder(self) -> Encoder:
        if self._encoding is None:
            # A megabyte that only mode event pays for.
            from services.recorder.encoding import Encoding

            self._encoding = Encoding(round(self._settings.transcode.gop_s * NS_PER_S))
        return self._encoding

    # The thread

    def _run(self) -> None:
        try:
            while not self._stops:
                if self._turn():
                    self._backlog.wait(self._wait_s())
            self._drain()
            for camera in self._cameras.values():
                camera.close(now())
            if self._encoding is not None:
                self._encoding.close()
        finally:
            # An error ends the process, in the main thread.
            self.has_ended = True
            self._on_news()

    def _wait_s(self) -> float:
        mono_ns = time.monotonic_ns()
        due_ns = min(self._next_pass_ns, mono_ns + LONGEST_WAIT_NS)
        if any(camera.store is None for camera in self._cameras.values()):
            due_ns = min(due_ns, mono_ns + LOCK_INTERVAL_NS)
        return max(0.0, (due_ns - mono_ns) / NS_PER_S)

    def _turn(self) -> bool:
        """Do what is due; return whether everything that was handed on is dealt with."""
        mono_ns = time.monotonic_ns()
        due_ns = min(self._next_pass_ns, mono_ns + LONGEST_WAIT_NS)
        is_drained = self._drain(until_ns=max(due_ns, mono_ns + LEAST_DRAIN_NS))
        moment = now()
        if moment.mono_ns >= self._next_pass_ns:
            self._next_pass_ns = moment.mono_ns + self._pass_ns
            for camera in self._cameras.values():
                camera.tick(moment)
            if moment.mono_ns >= self._next_retention_ns:
                self._next_retention_ns = moment.mono_ns + RETENTION_INTERVAL_NS
                self._tidy(moment)
        else:
            for camera in self._cameras.values():
                if camera.store is None or camera.trouble is not None:
                    camera.tick(moment)
        if self._encoding is not None:
            self._encoding.tick(moment.mono_ns)
        self._look_around(moment.mono_ns)
        self._tell(moment)
        return is_drained

    def _look_around(self, mono_ns: int) -> None:
        """Find cameras that somebody else's recorder left."""
        if mono_ns < self._next_look_ns:
            return
        self._next_look_ns = mono_ns + FOLDER_INTERVAL_NS
        try:
            known = self._room.known_cameras()
        except OSError:
            known = []
        if known != self.known_cameras:
            self.known_cameras = known
            self._on_news()

    def _drain(self, until_ns: int = NEVER_NS) -> bool:
        """Deal with what waits, until a pass is due: what comes faster than it is written must not put that off."""
        while (item := self._backlog.take()) is not None:
            if isinstance(item, Offer):
                self._offer(item)
            else:
                self._obey(item)
            if time.monotonic_ns() >= until_ns:
                return False
        return True

    def _offer(self, offer: Offer) -> None:
        camera = self._cameras.get(offer.camera)
        if camera is not None:
            camera.offer(offer.arrived)
        else:
            self.tally(offer.camera).drop("moved", int(offer.arrived.is_new))
        self._backlog.done(offer)

    def tally(self, camera: str) -> CameraTally:
        """Return the account of a camera, which outlives its stay here; for both threads."""
        return self.tallies.setdefault(camera, CameraTally())

    def _obey(self, order: object) -> None:
        if isinstance(order, Assign):
            self._assign(order, now())
        elif isinstance(order, Explain):
            for name, why in order.whys.items():
                if name in self._cameras:
                    self._cameras[name].explain(why)
        elif isinstance(order, Change):
            self._change(order)
        elif isinstance(order, (Announced, Happened)) and order.camera in self._cameras:
            camera = self._cameras[order.camera]
            if isinstance(order, Announced):
                camera.announced(order.told, order.now)
            else:
                camera.happened(order.record, order.now)

    def _assign(self, order: Assign, moment: Moment) -> None:
        if self._stops:
            return
        for name in [name for name in self._cameras if name not in order.modes]:
            self._cameras.pop(name).close(moment)
        for name, mode in order.modes.items():
            if name not in self._cameras:
                self._cameras[name] = KeptCamera(name, self, self.tally(name))
            self._cameras[name].want(mode, moment)

    def _change(self, order: Change) -> None:
        camera = self._cameras.get(order.camera)
        if camera is None:
            answer = refusal(404, f"this process does not record camera {order.camera}")
        else:
            answer = camera.change(order, now())
        self.answers.append((order.later, answer))
        self._on_news()

    def _tidy(self, moment: Moment) -> None:
        """Delete what has to go; stop where the disk has no room, and nothing is left that may go."""
        for camera in self._cameras.values():
            if camera.store is None or camera.trouble is not None:
                continue
            try:
                if self._room.tidy(camera.store, camera.limits, moment):
                    camera.count_soon()
            except (OSError, RecordingError) as error:
                camera.fail(error, moment)
        try:
            if self._room.tidy_all(self._stores()):
                self._count_soon()
            self.free_bytes = free_bytes(self.folder)
            if self._room.is_exhausted(self._stores()):
                self._room.check()
        except (OSError, RecordingError) as error:
            if isinstance(error, OSError) and is_full(error):
                for camera in self._cameras.values():
                    camera.stop_for(error, moment)
            else:
                log.debug("retention over all cameras: %s", error)

    def _count_soon(self) -> None:
        for camera in self._cameras.values():
            camera.count_soon()

    def _stores(self) -> dict[str, CameraStore]:
        return {name: camera.store for name, camera in self._cameras.items() if camera.store is not None}

    def _tell(self, moment: Moment) -> None:
        """Let the main thread know how things stand."""
        formats = {name: camera.formats for name, camera in self._cameras.items() if camera.formats}
        self.rows = {name: camera.row(moment) for name, camera in self._cameras.items()
                     if camera.store is not None or camera.trouble is not None}  # fmt: skip
        troubles = {camera.trouble.sentence for camera in self._cameras.values() if camera.trouble is not None}
        self.problem = min(troubles, default="")
        if formats != self.formats:
            self.formats = formats
            self._on_news()
