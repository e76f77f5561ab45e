"""The last member of a pool with a port: inherits the listening socket as descriptor 0 and keeps it open, no more.

While it lives, connections wait in the kernel's queue when all other members are away, instead of being refused.
"""

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1


def main() -> None:
    # The setting survives the exec (prctl(2)); SIGKILL, because a sleep has nothing to finish.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    # Or there is no parent any more.
    if os.environ.get("SUPERVISORD_PID", str(os.getppid())) != str(os.getppid()):
        return
    os.execvp("sleep", ["sleep", "infinity"])


if __name__ == "__main__":
    main()
