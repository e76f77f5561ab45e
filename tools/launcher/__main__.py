"""`python -m tools.launcher run|demo`: check, prepare, tell, and become supervisord (no process more stays)."""

import os
import sys
from collections.abc import Mapping

from common.config import PROJECT_DIR, Settings, load
from common.errors import ConfigError
from tools.launcher.announce import announce, local_host
from tools.launcher.preflight import StartError, prepare, recording_trouble

EXIT_BAD_SETTING = 2
EXIT_CANNOT_START = 1


def main(argv: list[str]) -> int:
    if argv not in (["run"], ["demo"]):
        print("usage: python -m tools.launcher run|demo", file=sys.stderr)
        return EXIT_BAD_SETTING
    is_demo = argv == ["demo"]
    try:
        settings = load(os.environ)
        lock_fd = prepare(settings)
    except ConfigError as error:
        print(f"esp32-stream: {error}", file=sys.stderr)
        return EXIT_BAD_SETTING
    except StartError as error:
        print(f"esp32-stream: {error}", file=sys.stderr)
        return EXIT_CANNOT_START
    trouble = recording_trouble(settings)
    if trouble:
        print(f"esp32-stream: {trouble}", file=sys.stderr, flush=True)
    _announce_later(settings, lock_fd, is_demo=is_demo)
    os.chdir(PROJECT_DIR)
    command = [sys.executable, "-m", "tools.launcher.foreground", "-n", "-c", str(PROJECT_DIR / "supervisord.conf")]
    os.execve(sys.executable, command, environment(settings, os.environ, is_demo=is_demo))


def environment(settings: Settings, environ: Mapping[str, str], *, is_demo: bool) -> dict[str, str]:
    """Return the environment of supervisord and so of all services: supervisord.conf is filled in from it."""
    server = settings.server
    return {
        **environ,
        "CAM_PORT": str(server.port),
        "CAM_INGEST_PORT": str(server.ingest_port),
        "CAM_BIND": server.bind,
        "CAM_RUN_DIR": str(settings.run_dir),
        "CAM_STATE_DIR": str(settings.state_dir),
        "CAM_PYTHON": sys.executable,
        "CAM_DEMO": "true" if is_demo else "false",
        # This process becomes supervisord: whom its children find as their parent, or end.
        "SUPERVISORD_PID": str(os.getpid()),
        "DEMO_SERVER": f"{local_host(server.bind)}:{server.port}",
    }


def _announce_later(settings: Settings, lock_fd: int, *, is_demo: bool) -> None:
    own = os.getpid()
    if os.fork():
        return
    status = 1
    try:
        os.close(lock_fd)
        announce(settings, own, is_demo=is_demo)
        status = 0
    except OSError as error:
        print(f"esp32-stream: the addresses cannot be told: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        status = 130
    finally:
        # Not the parent's way out: it is supervisord by now.
        os._exit(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
