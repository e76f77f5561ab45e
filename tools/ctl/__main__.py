"""`python -m tools.ctl status|scale|restart|release|stop|config|logs`: a function a command."""

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from common.config import Settings, load
from common.errors import ConfigError
from tools.ctl.client import CommandError, ask_keeper, read_status, require_pipeline
from tools.ctl.stop import stop
from tools.ctl.tables import config_lines, status_lines

# A member has 30 s to be back before keeper gives up, a full house has 26.
RESTART_PATIENCE_S: Final = 26 * 30.0
POLL_S: Final = 0.2


def main(argv: list[str]) -> int:
    command = COMMANDS.get(argv[0]) if argv else None
    if command is None:
        print(f"usage: python -m tools.ctl {'|'.join(COMMANDS)}", file=sys.stderr)
        return 2
    # `make config | head` is no error.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        command(load(os.environ), argv[1:])
    except ConfigError as error:
        print(f"esp32-stream: {error}", file=sys.stderr)
        return 2
    except CommandError as error:
        print(f"esp32-stream: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def show_status(settings: Settings, _arguments: list[str]) -> None:
    pid = require_pipeline(settings)
    print(f"pipeline in {settings.run_dir} (supervisord, pid {pid}), page on port {settings.server.port}\n")
    print("\n".join(status_lines(read_status(settings))))


def scale(settings: Settings, arguments: list[str]) -> None:
    require_pipeline(settings)
    if not arguments:
        for stage, row in ask_keeper(settings, "GET", "/api/scale").items():
            print(f"{stage}={row['wanted']}{_note(row, ' ')}")
        print("change it with, say: make scale fanout=3 transcode=2")
        return
    wish = _parse_wish(arguments)
    answer = ask_keeper(settings, "POST", "/api/scale", wish)
    for stage in wish:
        row = answer[stage]
        print(f"{stage}={row['wanted']}: {' '.join(row['running'])}{_note(row)}")


def _note(row: dict[str, Any], before: str = "") -> str:
    return f"{before}({row['note']})" if "note" in row else ""


def _parse_wish(arguments: list[str]) -> dict[str, int | str]:
    wish: dict[str, int | str] = {}
    for argument in arguments:
        stage, equals, count = argument.partition("=")
        if not equals:
            raise CommandError(f"{argument!r}: expected a stage and a number, such as fanout=3")
        wish[stage] = int(count) if count.isascii() and count.isdigit() else count
    return wish


def restart(settings: Settings, arguments: list[str]) -> None:
    require_pipeline(settings)
    wish = {"stage": arguments[0]} if arguments else {}
    report = ask_keeper(settings, "POST", "/api/restart", wish)
    shown = 0
    deadline = time.monotonic() + RESTART_PATIENCE_S
    while True:
        for name in report["done"][shown:]:
            print(f"{name} restarted", flush=True)
        shown = len(report["done"])
        if report["error"]:
            raise CommandError(report["error"])
        if not report["running"]:
            return
        if time.monotonic() > deadline:
            raise CommandError(f"{report['current']} is not back; see the logs in {settings.run_path('logs')}")
        time.sleep(POLL_S)
        is_last = report["current"] == "keeper" and not report["left"]
        report = _after_keeper(settings, report, deadline) if is_last else ask_keeper(settings, "GET", "/api/restart")


def _after_keeper(settings: Settings, last: dict[str, Any], deadline: float) -> dict[str, Any]:
    """Return the final report: keeper restarts last, and its successor knows of no restart."""
    while time.monotonic() < deadline:
        try:
            if not ask_keeper(settings, "GET", "/api/restart")["running"]:
                return {**last, "running": False, "current": "", "done": [*last["done"], "keeper"]}
        except CommandError:
            # It is away, as it should be.
            time.sleep(POLL_S)
        time.sleep(POLL_S)
    raise CommandError(f"keeper is not back; see {settings.run_path('logs')}/keeper.log")


def release(settings: Settings, arguments: list[str]) -> None:
    require_pipeline(settings)
    if len(arguments) != 1 or not arguments[0]:
        raise CommandError("say which camera: make release CAMERA=porch")
    ask_keeper(settings, "DELETE", f"/api/cameras/{quote(arguments[0], safe='')}/quarantine")
    print(f"camera {arguments[0]} is encoded again, in a process of its own until it has behaved for 10 minutes")


def end(settings: Settings, _arguments: list[str]) -> None:
    print(stop(settings))


def show_config(settings: Settings, _arguments: list[str]) -> None:
    print("\n".join(config_lines(settings)))


def follow_logs(settings: Settings, _arguments: list[str]) -> None:
    files = sorted(str(path) for path in Path(settings.run_path("logs")).glob("*.log"))
    if not files:
        raise CommandError(f"there are no logs in {settings.run_path('logs')} yet; `make run-all` writes them")
    os.execvp("tail", ["tail", "-n", "20", "-F", *files])


COMMANDS: Final[dict[str, Callable[[Settings, list[str]], None]]] = {
    "status": show_status,
    "scale": scale,
    "restart": restart,
    "release": release,
    "stop": end,
    "config": show_config,
    "logs": follow_logs,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
