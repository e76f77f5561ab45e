"""supervisord itself, prompt: it starts, restarts and stops at once instead of at the next of its 1 s polls.

A closed terminal (SIGHUP) ends the pipeline; supervisord alone would start it anew and live on unseen. And it watches
keeper, who watches everybody else: a keeper that hangs is killed, and started again as after any other end.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from supervisor import supervisord
from supervisor.options import ServerOptions
from supervisor.poller import PollPoller
from supervisor.states import ProcessStates, SupervisorStates

from tools.launcher.keeper_watch import NS_PER_S, KeeperWatch

# supervisord's rounds are: poll, start what is due, reap. After a signal some rounds follow quickly: one reaps, the
# next one starts again what was reaped. Measured without: a killed member back after 1.2 s, six groups stopped in 6 s.
QUICK_ROUNDS: Final = 3
QUICK_S: Final = 0.01


class PromptPoller(PollPoller):  # type: ignore[misc]  # supervisor has no type hints
    """supervisord's poller, which wakes for signals (Python's own poll goes on after them, PEP 475).

    `look` is called once a round: at least once a second.
    """

    def __init__(self, options: Any, look: Callable[[], None]) -> None:
        super().__init__(options)
        self._look = look

    def initialize(self) -> None:
        super().initialize()
        self._quick_rounds = QUICK_ROUNDS
        self._wake_fd, write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(write_fd, warn_on_full_buffer=False)
        self.register_readable(self._wake_fd)

    def poll(self, timeout_s: float) -> tuple[list[int], list[int]]:
        if self._quick_rounds or self.options.mood < SupervisorStates.RUNNING:
            timeout_s = QUICK_S
            self._quick_rounds = max(0, self._quick_rounds - 1)
        readable, writable = super().poll(timeout_s)
        self._look()
        if self._wake_fd in readable:
            readable.remove(self._wake_fd)
            os.read(self._wake_fd, 4096)
            self._quick_rounds = QUICK_ROUNDS
        return readable, writable


class KeeperGuard:
    """supervisord's eye on keeper, its child; looks at most once a second."""

    def __init__(self, options: Any, run_dir: str, clock: Callable[[], int] = time.monotonic_ns) -> None:
        self._clock = clock
        self._options = options
        self._stamp = os.path.join(run_dir, "alive", "keeper")
        self._watch = KeeperWatch()
        self._next_look_ns = 0
        self._keeper: Any = None

    def look(self) -> None:
        """Kill a keeper that hangs; start one that was given up. Not while everything ends."""
        now_ns = self._clock()
        if now_ns < self._next_look_ns or self._options.mood < SupervisorStates.RUNNING:
            return
        self._next_look_ns = now_ns + NS_PER_S
        living = [child for child in self._options.pidhistory.values() if child.config.name == "keeper"]
        self._keeper = living[0] if living else self._keeper
        if self._keeper is None:
            return
        if not living and self._keeper.state == ProcessStates.FATAL:
            if self._watch.is_due_again(now_ns):
                self._say("keeper was given up; it is started again")
                self._keeper.spawn()
        elif self._watch.is_hung(now_ns, self._keeper.pid, self._stamp_ns()):
            self._say(f"keeper (pid {self._keeper.pid}) hangs; it is killed and started anew")
            # Its id cannot be another's: a child that nobody waited for keeps it.
            os.kill(self._keeper.pid, signal.SIGKILL)

    def _say(self, sentence: str) -> None:
        # supervisord's own logger knows nothing of arguments.
        self._options.logger.warn(sentence)  # noqa: G010

    def _stamp_ns(self) -> int:
        try:
            return os.stat(self._stamp).st_mtime_ns
        except OSError:
            return 0


class ForegroundOptions(ServerOptions):  # type: ignore[misc]
    """supervisord's options, with that poller and with its signals."""

    def __init__(self) -> None:
        super().__init__()
        guard = KeeperGuard(self, os.environ.get("CAM_RUN_DIR", ""))
        self.poller = PromptPoller(self, guard.look)

    def setsignals(self) -> None:
        super().setsignals()
        signal.signal(signal.SIGHUP, self._hung_up)

    def _hung_up(self, _number: int, frame: FrameType | None) -> None:
        self.signal_receiver.receive(signal.SIGTERM, frame)


def main(argv: list[str]) -> None:
    options = ForegroundOptions()
    options.realize(argv, doc=supervisord.__doc__)
    options.first = True
    options.test = False
    supervisord.go(options)
    options.close_httpservers()
    options.close_logger()


if __name__ == "__main__":
    main(sys.argv[1:])
