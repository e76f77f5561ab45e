"""A pipeline that records: its cameras note what they send, its folder of recordings is looked into from outside."""

import http.client
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from common.config import PROJECT_DIR
from common.errors import RecordingError
from common.recordings.index import IndexReader
from common.recordings.layout import INDEX_NAME
from common.recordings.rows import EventRow, FileRow, GapRow, Kind, State
from common.units import NS_PER_S
from tests.helpers.pipeline import Pipeline
from tests.helpers.recording import pictures_of, sent_frames
from tests.helpers.recording_account import Picture, Taken
from tests.helpers.surroundings import as_seen_by, entering

# The first footage of a process that has just been started, on a machine that is busy.
FOOTAGE_S: Final = 25.0


class RecordedPipeline(Pipeline):
    """A pipeline with a folder of recordings of its own. `mode` is that of every camera."""

    def __init__(
        self,
        tmp_path: Path,
        *,
        mode: str = "continuous",
        segment_s: float = 4,
        scale: Mapping[str, int] | None = None,
        env: Mapping[str, str] | None = None,
        wrapper: Sequence[str] = (),
    ) -> None:
        variables = {
            "CAM_RECORDING_MODE": mode,
            "CAM_RECORDING_SEGMENT_S": str(segment_s),
            "CAM_RECORDING_MIN_FREE_MIB": "0",
            **(env or {}),
        }
        super().__init__(tmp_path, env=variables, scale=scale, wrapper=wrapper)
        self._logs = tmp_path
        # Where a test finds the recordings: through the eyes of a process, when the pipeline has disks of its own.
        self._eyes = 0
        self.seen_at = self.recording_dir

    def look_through(self, pid: int) -> None:
        """Look at the recordings as a process of the pipeline sees them."""
        self._eyes = pid
        self.seen_at = as_seen_by(pid, self.recording_dir)

    # Cameras.

    def logged_camera(self, camera: str, *flags: str, fps: float = 10, size: str = "qvga") -> "subprocess.Popen[bytes]":
        """Start a simulated camera that notes each frame it sends."""
        return self.mock_camera(camera, "--log-sends", str(self._log_of(camera)), *flags, fps=fps, size=size)

    def sent(self, camera: str, ahead_ns: int = 0) -> list[Taken]:
        """Return what a camera has sent."""
        return sent_frames(self._log_of(camera), ahead_ns)

    def _log_of(self, camera: str) -> Path:
        return self._logs / f"sends-{camera}.txt"

    # What is recorded, by the index and by the files.

    def folder_of(self, camera: str) -> Path:
        """Return where a camera's footage lies."""
        return self.seen_at / camera

    def files(self, camera: str, kind: Kind = Kind.VIDEO) -> list[FileRow]:
        """Return the files that the index knows; none while there is no index."""
        try:
            with self._index_of(camera) as index:
                return list(index.files(kind=kind))
        except RecordingError:
            return []

    def gaps(self, camera: str) -> list[GapRow]:
        """Return the gaps that the index knows."""
        with self._index_of(camera) as index:
            return list(index.gaps(0, _NEVER_NS))

    def events(self, camera: str) -> list[EventRow]:
        """Return the events that the index knows."""
        with self._index_of(camera) as index:
            return list(index.events(0, _NEVER_NS))

    @contextmanager
    def _index_of(self, camera: str) -> Iterator[IndexReader]:
        path = self.folder_of(camera) / INDEX_NAME
        if self._eyes:
            # SQLite follows /proc/<pid>/root to our own disk.
            path = _copied(path, self._logs / f"index-{camera}")
        with closing(IndexReader(path)) as reader:
            yield reader

    def pictures(self, camera: str) -> list[Picture]:
        """Return every picture of every file that the index knows."""
        return pictures_of(self.folder_of(camera), self.files(camera))

    def newest_ns(self, camera: str) -> int:
        """Return when the newest footage ends; 0 without any."""
        return max((row.end_ns for row in self.files(camera)), default=0)

    def wait_for_footage(self, camera: str, until_ns: int = 1, timeout: float = FOOTAGE_S) -> None:
        """Wait until footage of a time has come to disk."""
        when = datetime.fromtimestamp(until_ns / NS_PER_S, UTC)
        self.wait_until(lambda: self.newest_ns(camera) >= until_ns, f"footage of {camera} up to {when}", timeout)

    def wait_for_seconds(self, camera: str, seconds: float) -> None:
        """Wait until so many seconds from now are recorded."""
        self.wait_for_footage(camera, time.time_ns() + round(seconds * NS_PER_S), seconds + FOOTAGE_S)

    def wait_all_done(self, camera: str) -> None:
        """Wait until no file of a camera is open or waits for its encoding."""

        def is_done() -> bool:
            rows = self.files(camera) + self.files(camera, Kind.ORIGINALS)
            return bool(rows) and all(row.state is State.DONE for row in rows)

        self.wait_until(is_done, f"all files of {camera} done", FOOTAGE_S)

    # Asking.

    def recording_state(self, camera: str) -> dict[str, Any]:
        """Return what /status says of a camera's recording; empty when nothing."""
        row = self.camera(camera)
        return dict(row.get("recording") or {}) if row else {}

    def wait_for_state(self, camera: str, timeout: float = FOOTAGE_S, **fields: object) -> None:
        """Wait until /status says so of a camera's recording."""

        def has_fields() -> bool:
            state = self.recording_state(camera)
            return all(state.get(name) == value for name, value in fields.items())

        self.wait_until(has_fields, f"recording of {camera} with {fields}", timeout)

    def get(self, path: str, **query: object) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers (small letters) and body of a GET."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", f"{path}?{urlencode(query)}" if query else path)
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def get_json(self, path: str, **query: object) -> dict[str, Any]:
        """Return the JSON that a GET answers with; anything but 200 fails the test."""
        code, _headers, body = self.get(path, **query)
        assert code == 200, f"{path} {query} answered {code}: {body[:300]!r}"
        found: dict[str, Any] = json.loads(body)
        return found

    def wait_for_library(self) -> None:
        """Wait until the library answers."""

        def answers() -> bool:
            try:
                return self.get("/api/recordings")[0] == 200
            except (OSError, http.client.HTTPException):
                return False

        self.wait_until(answers, "the library's answer", FOOTAGE_S)

    # The check.

    def check(self, *flags: str) -> "subprocess.CompletedProcess[str]":
        """Run recordings-check on the folder, as the pipeline sees it."""
        enter = entering(self._eyes) if self._eyes else ()
        command = [*enter, sys.executable, "-m", "tools.recordings_check", "--dir", str(self.recording_dir), *flags]
        return subprocess.run(
            command, cwd=PROJECT_DIR, env=self.environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip

    def assert_clean(self, when: str) -> None:
        """Assert that a check that repairs nothing finds nothing."""
        done = self.check("--read-only")
        assert done.returncode == 0, f"{when}: recordings-check found\n{done.stdout}{done.stderr}"


def _copied(index: Path, folder: Path) -> Path:
    """Copy an index, with what waits beside it to be taken over; one that is just being written may not be readable."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        for path in (index, index.with_name(f"{index.name}-wal")):
            if path.exists():
                shutil.copyfile(path, folder / path.name)
    except OSError as error:
        raise RecordingError(f"{index}: {error}") from error
    return folder / index.name


def rfc3339(time_ns: int) -> str:
    """Return a time as the library takes it."""
    whole, rest = divmod(time_ns, NS_PER_S)
    return f"{datetime.fromtimestamp(whole, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06}Z"


def parsed_ns(text: str) -> int:
    """Return the time that the library gave."""
    moment = datetime.fromisoformat(text)
    whole = moment.replace(microsecond=0)
    return round(whole.timestamp()) * NS_PER_S + moment.microsecond * 1000


_NEVER_NS: Final = (1 << 63) - 1
