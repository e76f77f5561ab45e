"""Ends a pipeline from outside: SIGTERM to its supervisord, and a wait until the run folder's lock is free."""

import os
import select
import signal
from typing import Final

from common.config import Settings
from tools.ctl.client import CommandError
from tools.launcher import lock

# Nine groups, each at most stopwaitsecs (5 s, recorders 10) and a little: what supervisord may take when all hang.
PATIENCE_S: Final = 55.0


def stop(settings: Settings) -> str:
    """Stop what runs and return what happened; CommandError when it cannot be stopped."""
    pid = lock.holder(settings.run_dir)
    if pid is None:
        return f"no pipeline runs in {settings.run_dir}"
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return "stopped"
    try:
        signal.pidfd_send_signal(process, signal.SIGTERM)
        if _has_ended(process, PATIENCE_S):
            return "stopped"
        # Its children ask the kernel to end with it (PR_SET_PDEATHSIG).
        signal.pidfd_send_signal(process, signal.SIGKILL)
        if _has_ended(process, 5.0):
            return f"supervisord did not stop within {PATIENCE_S:.0f} s and was killed"
    except PermissionError as error:
        raise CommandError(f"supervisord (pid {pid}) belongs to another user") from error
    finally:
        os.close(process)
    raise CommandError(f"supervisord (pid {pid}) cannot be killed; is its disk gone?")


def _has_ended(process: int, timeout_s: float) -> bool:
    return bool(select.select([process], [], [], timeout_s)[0])
