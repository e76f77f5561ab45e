"""A whole pipeline for a test: the shipped supervisord.conf, started as `make run-all` does, on free ports.

Use it as a context manager; its end proves that no process is left, and a failed test shows the tails of all logs.
"""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from common.config import PROJECT_DIR
from common.service import die_with_parent
from services.keeper.desired import POOLS, SINGLES, Member, in_force
from services.keeper.supervisor import Supervisor
from tests.helpers.bus import free_port
from tests.helpers.kernel import kill_all, processes_of, wait_until_gone
from tests.helpers.public_port import PublicPort

START_S: Final = 30.0
STOP_S: Final = 30.0
LOG_TAIL_LINES: Final = 40
# What remains of sun_path for the folder when the longest socket name is taken off (common/config.py).
_FOLDER_LIMIT_BYTES: Final = 80
_PORT_TRIES: Final = 5
# Not for a pipeline under test: the developer's settings, and what the `make test` around us was told.
_FOREIGN: Final = ("CAM_", "MAKE", "MFLAGS", "ARGS")


class Pipeline(PublicPort):
    """One running pipeline. `scale` is what runs at first, `env` adds or replaces CAM_* variables."""

    def __init__(
        self,
        tmp_path: Path,
        *,
        env: Mapping[str, str] | None = None,
        scale: Mapping[str, int] | None = None,
        demo: bool = False,
        wrapper: Sequence[str] = (),
    ) -> None:
        self.folder = _short(tmp_path)
        self.run_dir = self.folder / "run"
        self.state_dir = self.folder / "state"
        self.recording_dir = self.folder / "recordings"
        super().__init__(free_port())
        self.ingest_port = free_port()
        # From the launcher's start to the first 200 of /status.
        self.ready_s = 0.0
        self._is_temporary = self.folder != tmp_path
        self._env = dict(env or {})
        self._scale = dict(scale or {})
        self._verb = "demo" if demo else "run"
        # A command that becomes the launcher, in surroundings of its own: `unshare -m`, ...
        self._wrapper = tuple(wrapper)
        self._supervisord: subprocess.Popen[bytes] | None = None
        self._others: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._show_logs()
            self._end()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if kind is not None:
            self._show_logs()
        left = self._end()
        if kind is None and left:
            raise AssertionError(f"processes were left when the pipeline had ended: {left}")

    def start(self) -> None:
        """Start (again, after `stop`) and wait until every process has told its status."""
        for _ in range(_PORT_TRIES):
            began = time.monotonic()
            self._spawn()
            if self._wait_for_first_answer():
                break
            if "is in use" not in self.output():
                raise AssertionError(f"the pipeline did not start: {self.output()}")
            # Somebody else took the port between our look and supervisord's.
            self.port, self.ingest_port = free_port(), free_port()
        else:
            raise AssertionError("no free ports were found")
        self.ready_s = time.monotonic() - began
        scale = in_force({pool: self._scale.get(pool, 1) for pool in POOLS}, is_recording=self.is_recording())
        expected = {single for single in SINGLES if scale.get(single, 1)}
        expected |= {f"{pool}-{number}" for pool in POOLS for number in range(scale[pool])}
        self.wait_until(lambda: expected <= self.process_names(), f"the status of {sorted(expected)}", START_S)

    def is_recording(self) -> bool:
        """Return whether recorders and the library are to run: a setting says so, or keeper remembers it."""
        if self._env.get("CAM_RECORDING_MODE", "off") != "off":
            return True
        try:
            remembered = json.loads((self.state_dir / "recording.json").read_bytes())
        except FileNotFoundError:
            return False
        return bool(remembered["content"]["used"])

    def set_mode(self, camera: str, mode: str | None) -> dict[str, Any]:
        """Set how a camera is recorded, as its page does; return the answer. None: back to the settings."""
        answers: list[bytes] = []

        def is_set() -> bool:
            status, body = self.ask("POST", f"/api/cameras/{camera}/recording", {"mode": mode})
            assert status in (200, 404, 503), body
            answers.append(body)
            return status == 200

        # keeper hears of a camera when fanout does, or a little later.
        self.wait_until(is_set, f"keeper to take mode {mode} of camera {camera}", START_S)
        answer: dict[str, Any] = json.loads(answers[-1])
        return answer

    def environment(self) -> dict[str, str]:
        """Return the variables that `make` targets need to act on this pipeline; nothing of the developer's own."""
        settings = self.folder / "settings.toml"
        settings.touch()
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)},
            "CAM_CONFIG": str(settings),
            "CAM_BIND": "127.0.0.1",
            "CAM_PORT": str(self.port),
            "CAM_INGEST_PORT": str(self.ingest_port),
            "CAM_RUN_DIR": str(self.run_dir),
            "CAM_STATE_DIR": str(self.state_dir),
            "CAM_RECORDING_DIR": str(self.recording_dir),
            **{f"CAM_KEEPER_{stage.upper()}": str(count) for stage, count in self._scale.items()},
            **self._env,
        }

    def table(self) -> list[Member]:
        """Return supervisord's table."""
        return Supervisor(self.run_dir / "supervisord.sock").table()

    def process(self, name: str) -> int:
        """Return the process id of a member of the table, or of supervisord; AssertionError when it does not run."""
        if name == "supervisord":
            assert self._supervisord is not None
            return self._supervisord.pid
        pid = next((row.pid for row in self.table() if row.name == name), 0)
        assert pid, f"{name} does not run"
        return pid

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        """Send a signal to a process of the pipeline; return its process id."""
        pid = self.process(name)
        os.kill(pid, number)
        return pid

    def mock_camera(self, camera: str, *flags: str, fps: float = 25, size: str = "vga") -> subprocess.Popen[bytes]:
        """Start a simulated camera against the public port; it ends with the pipeline."""
        server = f"127.0.0.1:{self.port}"
        command = ["--server", server, "--camera", camera, "--fps", str(fps), "--size", size, "--quiet", *flags]
        return self.run_beside("-m", "tools.mock_camera", *command)

    def wait_for_camera(self, camera: str) -> None:
        """Wait until a camera is online and its first frame was measured."""
        what = f"camera {camera} online"
        self.wait_until(lambda: (row := self.camera(camera)) is not None and row["online"] and row["width"], what)

    def wait_for_new(self, name: str, old_pid: int, timeout: float = 15.0) -> None:
        """Wait until a member of the table runs again as another process than `old_pid`."""
        self.wait_until(
            lambda: any(row.name == name and row.pid not in (0, old_pid) for row in self.table()),
            f"{name} started again",
            timeout,
        )

    def run_beside(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a Python program with this pipeline's variables; it ends with the pipeline."""
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=PROJECT_DIR, env=self.environment(), preexec_fn=die_with_parent
        )
        self._others.append(process)
        return process

    def make(self, *arguments: str, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a make target on this pipeline; its output is text, errors with it."""
        return subprocess.run(
            ["make", *arguments],
            cwd=PROJECT_DIR,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            check=False,
        )

    def processes(self) -> dict[int, str]:
        """Return everything that runs with this run folder: id and command."""
        return processes_of(self.run_dir)

    def output(self) -> str:
        """Return what the launcher has printed."""
        path = self.folder / "terminal.txt"
        return path.read_text(errors="replace") if path.exists() else ""

    def log(self, name: str) -> str:
        """Return the log of a process."""
        path = self.run_dir / "logs" / f"{name}.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self, number: int = signal.SIGTERM) -> None:
        """End supervisord as Ctrl-C (SIGINT to its process group) or `make stop` do, and wait for it."""
        if self._supervisord is None:
            return
        process, self._supervisord = self._supervisord, None
        with suppress(ProcessLookupError):
            (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"supervisord did not end within {STOP_S:.0f} s") from None

    def _spawn(self) -> None:
        self.stop()
        with (self.folder / "terminal.txt").open("wb") as terminal:
            self._supervisord = subprocess.Popen(
                [*self._wrapper, sys.executable, "-m", "tools.launcher", self._verb],
                cwd=PROJECT_DIR,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=subprocess.STDOUT,
                # A process group of its own, as a terminal gives it; and no survivor if the test run itself is killed.
                start_new_session=True,
                preexec_fn=die_with_parent,
            )

    def _wait_for_first_answer(self) -> bool:
        assert self._supervisord is not None
        deadline = time.monotonic() + START_S
        while self._supervisord.poll() is None:
            try:
                if self.ask("GET", "/status")[0] == 200:
                    return True
            except (OSError, http.client.HTTPException):
                pass
            if time.monotonic() > deadline:
                raise AssertionError(f"/status did not answer within {START_S:.0f} s")
            time.sleep(0.01)
        self._supervisord.wait()
        self._supervisord = None
        return False

    def _end(self) -> dict[int, str]:
        """End everything; return what was left when supervisord and the cameras had ended."""
        for process in self._others:
            process.kill()
            process.wait()
        try:
            self.stop()
        finally:
            wait_until_gone(processes_of(self.run_dir), 2.0)
            left = processes_of(self.run_dir)
            kill_all(left)
            if self._is_temporary:
                shutil.rmtree(self.folder, ignore_errors=True)
        return left

    def _show_logs(self) -> None:
        print(f"--- terminal\n{self.output()}")
        for path in sorted((self.run_dir / "logs").glob("*.log")):
            tail = path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]
            if tail:
                print(f"--- {path.name}", *tail, sep="\n")


def _short(tmp_path: Path) -> Path:
    """Return `tmp_path`, or a new folder when sockets below it would have too long names."""
    if len(bytes(tmp_path)) + len("/run") <= _FOLDER_LIMIT_BYTES:
        return tmp_path
    return Path(tempfile.mkdtemp(prefix="cam-"))
