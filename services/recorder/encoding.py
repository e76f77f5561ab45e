"""Videos of originals: one after the other, by one process of low priority, whichever camera they are of.

The originals are the footage until their video is in the index; they go, or stay as kept ones, after that. So whatever
ends in between, this process or that one, is done again at the next start.
"""

import logging
import shutil
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from common.errors import RecordingError
from common.recordings.camera_store import CameraStore
from common.recordings.disk import make_folder, sync_folder
from common.recordings.rows import FileRow, State
from common.settings import CameraSettings
from common.units import NS_PER_S
from services.recorder.encode_order import Made, Order
from services.recorder.encoder_process import EncoderProcess

log = logging.getLogger(__name__)

WORK_NAME: Final = ".encoding"
# A picture that crashes the codec does so again; once may have been something else.
_CRASHES: Final = 2
_KILLED: Final = ("signal 9", "signal 15")
_RETRY_NS: Final = 5 * NS_PER_S
_KILLED_RETRY_NS: Final = 60 * NS_PER_S
# A picture of 20 megapixels takes a second on a small board.
_CPU_FIRST_S: Final = 60
_CPU_PICTURE_S: Final = 2


@dataclass(frozen=True, slots=True)
class _Camera:
    name: str
    store: CameraStore
    folder: Path
    settings: CameraSettings

    @property
    def work(self) -> Path:
        return self.folder / WORK_NAME


class _Job(NamedTuple):
    camera: _Camera
    name: str
    crashes: int = 0


class Encoding:
    """Belongs to the disk thread, as the stores do: every method is called there."""

    def __init__(self, gop_ns: int, start: Callable[[Order], EncoderProcess] = EncoderProcess) -> None:
        self._gop_ns = gop_ns
        self._start = start
        self._cameras: dict[str, _Camera] = {}
        self._waits: dict[str, str] = {}
        self._kept: dict[str, str] = {}
        self._jobs: deque[_Job] = deque()
        self._current: tuple[_Job, EncoderProcess] | None = None
        self._not_before_ns = 0

    @property
    def pid(self) -> int:
        """The process at work; 0: none is."""
        return self._current[1].pid if self._current else 0

    def attach(self, camera: str, store: CameraStore, folder: Path, settings: CameraSettings) -> None:
        """Take over a camera's folder, and what a life before left to do there. May raise OSError."""
        attached = _Camera(camera, store, folder, settings)
        _wipe(attached.work)
        self._cameras[camera] = attached
        self._jobs.extend(_Job(attached, row.name) for row in store.index.unfinished(State.ENCODING))

    def detach(self, camera: str) -> None:
        """Give a camera's folder back. Idempotent."""
        attached = self._cameras.pop(camera, None)
        self._waits.pop(camera, None)
        self._kept.pop(camera, None)
        if attached is None:
            return
        self._jobs = deque(job for job in self._jobs if job.camera is not attached)
        if self._current and self._current[0].camera is attached:
            self._kill()
        with suppress(OSError):  # a disk that is gone; the next owner tries again
            _wipe(attached.work)

    def submit(self, camera: str, name: str) -> None:
        """Make the video of a file of originals whose row says ENCODING."""
        self._jobs.append(_Job(self._cameras[camera], name))

    def waiting(self, camera: str) -> int:
        """Return how many files of originals wait for their video, the one at work included."""
        jobs = [*self._jobs, *([self._current[0]] if self._current else [])]
        return sum(job.camera.name == camera for job in jobs)

    def problem(self, camera: str) -> str:
        """Return a sentence on why a video waits, or on the last one that could not be made; empty: all is well."""
        return self._waits.get(camera, "") or self._kept.get(camera, "")

    def tick(self, now_ns: int) -> None:
        """Look whether a video is done, and begin the next one. Several times a second, or as often as one likes."""
        if self._current is not None:
            self._look(now_ns)
        if self._current is None and self._jobs and now_ns >= self._not_before_ns:
            self._begin(self._jobs.popleft(), now_ns)

    def close(self) -> None:
        """End the process at work, if any, and forget everything. Idempotent."""
        for camera in list(self._cameras):
            self.detach(camera)

    def _begin(self, job: _Job, now_ns: int) -> None:
        try:
            row = job.camera.store.index.file_named(job.name)
            if row is None or row.state is not State.ENCODING:
                return  # somebody deleted it
            _wipe(job.camera.work)
            job.camera.work.mkdir(mode=0o700)
            self._current = job, self._start(self._order(job.camera, row))
        except (OSError, RecordingError) as error:
            self._later(job, f"a video waits: {error}", now_ns)

    def _order(self, camera: _Camera, row: FileRow) -> Order:
        return Order(
            camera=camera.name,
            originals=str(camera.folder / row.name),
            into=str(camera.work),
            end_ns=row.end_ns,
            shift_ns=row.shift_ns,
            interval_ns=(row.end_ns - row.start_ns) // max(1, row.frames),
            gop_ns=self._gop_ns,
            preset=camera.settings.preset,
            bitrate_kbps=camera.settings.bitrate_kbps,
            cpu_limit_s=_CPU_FIRST_S + _CPU_PICTURE_S * row.frames,
        )

    def _look(self, now_ns: int) -> None:
        if self._current is None or (end := self._current[1].poll()) is None:
            return
        job, self._current = self._current[0], None
        try:
            if job.camera.store.index.file_named(job.name) is None:
                log.debug("camera %s: %s was deleted while it was encoded", job.camera.name, job.name)
            elif isinstance(end, str):
                self._ended(job, end, now_ns)
            elif end.is_disk:
                self._later(job, f"a video waits: {end.problem}", now_ns)
            elif not end.videos:
                reason = end.problem or f"none of its {end.frames} pictures can be decoded"
                self._give_up(job, reason)
            else:
                self._adopt(job, end)
            _wipe(job.camera.work)
        except (OSError, RecordingError) as error:
            self._later(job, f"a video waits: {error}", now_ns)

    def _ended(self, job: _Job, end: str, now_ns: int) -> None:
        log.warning("camera %s: the encoder of %s ended with %s", job.camera.name, job.name, end)
        if end in _KILLED:
            # By somebody, or by a kernel that is out of memory: the pictures may be as good as any.
            self._later(job, f"a video waits: its encoder ended with {end}", now_ns, _KILLED_RETRY_NS)
        elif job.crashes + 1 < _CRASHES:
            self._jobs.appendleft(job._replace(crashes=job.crashes + 1))
        else:
            self._give_up(job, f"a picture crashes the encoder ({end}, {_CRASHES} times)")

    def _give_up(self, job: _Job, reason: str) -> None:
        sentence = f"{job.name} stays as the camera's pictures: {reason}"
        log.warning("camera %s: %s", job.camera.name, sentence)
        self._kept[job.camera.name] = sentence
        row = job.camera.store.index.file_named(job.name)
        if row is not None:
            _set_done(job.camera.store, row)

    def _adopt(self, job: _Job, made: Made) -> None:
        camera, store = job.camera, job.camera.store
        originals = store.index.file_named(job.name)
        if originals is None:
            return  # deleted meanwhile: its video with it
        if made.damaged:
            log.warning("camera %s: %s: %d pictures are damaged", camera.name, job.name, made.damaged)
        _move([row.name for row in made.videos], camera.work, camera.folder)
        for row in made.videos:
            store.add_file(row)
        if camera.settings.recording_keep_original == "yes":
            _set_done(store, originals)
        else:
            store.delete_files([originals], None)
        self._waits.pop(camera.name, None)

    def _later(self, job: _Job, sentence: str, now_ns: int, retry_ns: int = _RETRY_NS) -> None:
        if self._waits.get(job.camera.name) != sentence:
            log.warning("camera %s: %s", job.camera.name, sentence)
        self._waits[job.camera.name] = sentence
        self._jobs.append(job)
        self._not_before_ns = now_ns + retry_ns

    def _kill(self) -> None:
        if self._current is not None:
            self._current[1].kill()
            self._current = None


def _set_done(store: CameraStore, row: FileRow) -> None:
    store.add_file(replace(row, state=State.DONE))


def _move(names: Sequence[str], source: Path, target: Path) -> None:
    """Move files into the camera's folder, so that they are there after a power cut, too."""
    days = {Path(name).parent for name in names}
    for day in days:
        make_folder(target / day)
    # The one that is called like its originals comes last: where it is, all are.
    for name in reversed(names):
        (source / name).replace(target / name)
    for day in days:
        sync_folder(target / day)


def _wipe(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
