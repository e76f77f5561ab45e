"""What is checked and prepared before a start, so that a person reads one sentence instead of seven logs."""

import errno
import os
import socket
import stat
from pathlib import Path

from common.config import Settings
from tools.launcher import lock


class StartError(Exception):
    """Why the pipeline cannot start, in one sentence that says what to change."""


def prepare(settings: Settings) -> int:
    """Make the folders, take the run folder's lock, and check the ports; return the lock's descriptor."""
    _make_folder(settings.run_dir, "CAM_RUN_DIR")
    _make_folder(settings.run_dir / "logs", "CAM_RUN_DIR")
    _make_folder(settings.state_dir, "CAM_STATE_DIR")
    fd = lock.acquire(settings.run_dir)
    if fd is None:
        pid = lock.holder(settings.run_dir)
        raise StartError(
            f"a pipeline runs in {settings.run_dir} already (supervisord, pid {pid}): end it with `make stop`, "
            "or choose another CAM_RUN_DIR"
        )
    _check_ports(settings)
    _remove_leftovers(settings.run_dir)
    return fd


def recording_trouble(settings: Settings) -> str:
    """Return why nothing can be recorded although it is asked for; empty when it can. No reason not to start."""
    modes = {settings.recording.mode, *(settings.camera(camera).recording_mode for camera in settings.cameras)}
    # The file says that somebody switched recording on; keeper alone reads more in it.
    if modes == {"off"} and not (settings.state_dir / "recording.json").exists():
        return ""
    folder = settings.recording_dir
    there = next(path for path in (folder, *folder.parents) if path.exists())
    if there.is_dir() and os.access(there, os.W_OK | os.X_OK):
        return ""
    why = "this user may not write there" if there.is_dir() else f"{there} is no folder"
    return f"CAM_RECORDING_DIR={str(folder)!r}: {why}, so nothing is recorded until that is changed; live runs"


def _make_folder(folder: Path, setting: str) -> None:
    if "%" in str(folder):
        raise StartError(f"{setting}={str(folder)!r}: expected a path without %, which supervisord would expand")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"{setting}={str(folder)!r} cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StartError(f"{setting}={str(folder)!r}: expected a folder that this user may write to")


def _check_ports(settings: Settings) -> None:
    server = settings.server
    if server.port == server.ingest_port:
        raise StartError(f"CAM_PORT and CAM_INGEST_PORT are both {server.port}: expected two different ports")
    _check_port(server.bind, server.port, "CAM_PORT", "server.port")
    _check_port(server.bind, server.ingest_port, "CAM_INGEST_PORT", "server.ingest_port")


def _check_port(host: str, port: int, variable: str, setting: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As supervisord will: connections of a former run that linger in TIME_WAIT do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except socket.gaierror as error:
            raise StartError(
                f"CAM_BIND={host!r}: expected an IPv4 address of this machine ({error.strerror})"
            ) from error
        except OSError as error:
            raise StartError(_port_sentence(host, port, variable, setting, error)) from error


def _port_sentence(host: str, port: int, variable: str, setting: str, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} is in use by another program: choose another with {variable} (or {setting} in the file)"
    if error.errno == errno.EACCES:
        return f"port {port} may not be opened by this user: choose one above 1023 with {variable}"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"CAM_BIND={host!r}: expected an IPv4 address of this machine, or 0.0.0.0 for all of them"
    return f"port {port} on {host} cannot be opened ({error.strerror}): see CAM_BIND and {variable}"


def _remove_leftovers(run_dir: Path) -> None:
    """Remove sockets and stamps of a former life: nobody listens there, the lock says so."""
    for path in run_dir.glob("*.sock*"):
        if stat.S_ISSOCK(path.lstat().st_mode):
            path.unlink()
    for path in run_dir.glob("alive/*"):
        path.unlink()
