"""The life of a process: its identity, its settings, its log, its signals, its stamp of life and its status record.

Every room's `__main__` is `process, settings = start(...)` and `run(...)`, or a loop of its own around a `StopFlag`.
"""

import argparse
import ctypes
import logging
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from common.clock import host_id
from common.config import Settings, load
from common.counters import Counters
from common.errors import ConfigError
from common.units import NS_PER_S

if TYPE_CHECKING:
    import asyncio

log = logging.getLogger(__name__)

EXIT_BAD_SETTING: Final = 2
_PR_SET_PDEATHSIG: Final = 1
_CLOCK_TICKS_HZ: Final = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")
# Wanted for hundreds of viewers and cameras; the soft limit is often 1,024.
_DESCRIPTORS: Final = 65_536


@dataclass(frozen=True, slots=True)
class Process:
    """Who this process is. `incarnation` tells two lives of one name apart."""

    name: str
    stage: str
    host: str
    incarnation: int
    started_mono_ns: int


def start(stage: str, argv: Sequence[str], extra: argparse.ArgumentParser | None = None) -> tuple[Process, Settings]:
    """Return this process's identity and settings; set up its log, limits and death with its parent.

    A setting that is wrong is said in one line on standard error and ends the process with exit status 2.
    """
    options = parse_options(stage, argv, extra)
    die_with_parent()
    try:
        settings = load(os.environ)
    except ConfigError as error:
        print(f"{stage}: {error}", file=sys.stderr)  # noqa: T201 - the log is not set up before its level is known
        raise SystemExit(EXIT_BAD_SETTING) from None
    log_to_stderr(settings.server.log_level, options.name)
    _raise_descriptor_limit()
    settings.run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    process = Process(options.name, stage, host_id(), int.from_bytes(os.urandom(8), "big") >> 1, time.monotonic_ns())
    return process, settings


def parse_options(stage: str, argv: Sequence[str], extra: argparse.ArgumentParser | None = None) -> argparse.Namespace:
    """Return the command line of a room: `--name` and what `extra` adds (an `add_help=False` parser)."""
    parents = [extra] if extra else []
    parser = argparse.ArgumentParser(prog=f"python -m services.{stage}", parents=parents)
    parser.add_argument("--name", default=f"{stage}-0", help="name of this process in the status and the log")
    return parser.parse_args(argv)


def die_with_parent() -> None:
    """Ask the kernel for an end with supervisord's, so that no orphan keeps the port (prctl(2)).

    SIGKILL, because a process that is stopped (SIGSTOP) or hangs would keep SIGTERM for later.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # It may have died before that, while Python started (tools/launcher tells its id).
    if os.environ.get("SUPERVISORD_PID", str(os.getppid())) != str(os.getppid()):
        os._exit(1)


def log_to_stderr(level: str, name: str) -> None:
    """Send the log to standard error, each line with the process's name, never waiting for whoever reads it."""
    handler = NonBlockingHandler()
    handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)s {name}: %(message)s"))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Both libraries log each connection at INFO.
    for library in ("websockets", "aiohttp.access"):
        logging.getLogger(library).setLevel(logging.WARNING)


class NonBlockingHandler(logging.Handler):
    """Writes lines to standard error; when the reader stalls (a full pipe), lines are dropped and counted."""

    def __init__(self) -> None:
        super().__init__()
        self.lost = 0
        try:
            os.set_blocking(2, False)
        except OSError:
            # No standard error at all: nothing will be read, nothing blocks.
            self.lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        try:
            line = self.format(record).replace("\n", "\n    ")
        except (TypeError, ValueError) as error:
            line = f"log line could not be formatted: {error!r} {record.msg!r}"
        prefix = f"({self.lost} log lines lost: reader stalled)\n" if self.lost else ""
        try:
            os.write(2, f"{prefix}{line}\n".encode("utf-8", "replace"))
            self.lost = 0
        except OSError:
            self.lost += 1


def run(
    main: Callable[[], Coroutine[Any, Any, None]],
    loop_factory: "Callable[[], asyncio.AbstractEventLoop] | None" = None,
) -> None:
    """Run `main` until it ends or a signal cancels it; SIGTERM and SIGINT end in exit 0, a second one exits at once."""
    import asyncio  # 8 MB and 30 ms (it imports ssl) that rooms with a loop of their own do without

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        loop = runner.get_loop()
        task = loop.create_task(main())
        stop = _Stopper(task)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.signalled, number)
        try:
            loop.run_until_complete(task)
        except asyncio.CancelledError:
            if not stop.asked:
                raise
    log.info("stopped")


class _Stopper:
    def __init__(self, task: "asyncio.Task[None]") -> None:
        self._task = task
        self.asked = False

    def signalled(self, number: int) -> None:
        if self.asked:
            os._exit(128 + number)
        self.asked = True
        self._task.cancel()


class StopFlag:
    """For loops without asyncio: becomes set on SIGTERM or SIGINT; a second signal exits at once.

    `fd` is readable once it is set, for pollers.
    """

    def __init__(self) -> None:
        self.is_set = False
        self.fd, self._write_fd = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._signalled)

    def _signalled(self, number: int, _frame: object) -> None:
        if self.is_set:
            os._exit(128 + number)
        self.is_set = True
        os.write(self._write_fd, b"x")


class Status:
    """The `status/` record of a process, with what the kernel says of it."""

    def __init__(self, process: Process, counters: Counters) -> None:
        self._process = process
        self._counters = counters
        self._usage = Usage()

    def record(self, **extras: Any) -> dict[str, Any]:
        """Return the fields of one `status/` message; `extras` are the stage's own."""
        process, now_ns = self._process, time.monotonic_ns()
        return {
            "name": process.name,
            "stage": process.stage,
            "host": process.host,
            "pid": os.getpid(),
            "incarnation": process.incarnation,
            "mono_ns": now_ns,
            "uptime_s": (now_ns - process.started_mono_ns) / NS_PER_S,
            **self._usage.read(os.getpid(), now_ns),
            "tasks": _task_count(),
            "counters": self._counters.snapshot(),
            **extras,
        }


def _task_count() -> int:
    """Return how many asyncio tasks there are: one that nobody waits for any more shows here. 0 without asyncio."""
    loaded = sys.modules.get("asyncio")
    try:
        return len(loaded.all_tasks()) if loaded else 0
    except RuntimeError:
        return 0  # loaded, but no loop runs in this thread


class Usage:
    """Memory and CPU of a process, from /proc; CPU as the share of one core since the last reading."""

    def __init__(self) -> None:
        self._last: tuple[int, int] | None = None

    def read(self, pid: int, now_ns: int) -> Mapping[str, float]:
        """Return rss_bytes and cpu_percent; zeros when the process is gone."""
        try:
            # The command may hold spaces and brackets: fields are counted from its closing bracket (proc(5)).
            stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return {"rss_bytes": 0, "cpu_percent": 0.0}
        ticks = int(stat[11]) + int(stat[12])
        rss_bytes = int(stat[21]) * _PAGE_BYTES
        last, self._last = self._last, (now_ns, ticks)
        if last is None or now_ns <= last[0]:
            return {"rss_bytes": rss_bytes, "cpu_percent": 0.0}
        busy_s = (ticks - last[1]) / _CLOCK_TICKS_HZ
        return {"rss_bytes": rss_bytes, "cpu_percent": round(100 * busy_s * NS_PER_S / (now_ns - last[0]), 1)}


def stamp_alive(settings: Settings, process: Process) -> None:
    """Touch this process's stamp in the run folder: liveness for the watchdog, without the bus.

    Once a second, from the loop that does the work. Its time of change is CLOCK_MONOTONIC, which no clock step moves.
    A run folder that takes no stamp (full, read-only) ends nobody: the watchdog judges nobody then.
    """
    path = settings.run_path("alive") / process.name
    now_ns = time.monotonic_ns()
    try:
        _stamp(path, now_ns)
    except OSError as error:
        if not _STAMPLESS:
            _STAMPLESS.append(path)
            log.warning("no sign of life can be left, and no watchdog helps: %s", error)
    else:
        _STAMPLESS.clear()


# What could not be stamped the last time: said once.
_STAMPLESS: Final[list[Path]] = []


def _stamp(path: Path, now_ns: int) -> None:
    try:
        os.utime(path, ns=(now_ns, now_ns))
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch()
        os.utime(path, ns=(now_ns, now_ns))


def _raise_descriptor_limit() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
