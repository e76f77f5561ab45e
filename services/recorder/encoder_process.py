"""The process that encodes, seen from the recorder: started for one order, looked at now and then, ended with it."""

import os
import subprocess
from typing import Final

from common.child import command
from common.config import PROJECT_DIR
from services.recorder.encode_order import Made, Order

_MODULE: Final = "services.recorder.encoder_child"
_ANSWER_LIMIT_BYTES: Final = 16 << 20


class EncoderProcess:
    """One order being carried out. The thread that starts it must live as long: the kernel ends it with that thread."""

    def __init__(self, order: Order) -> None:
        """Start it; raises OSError when the machine has no room for another process."""
        # Answers lie in memory, so that none is too long for a pipe that nobody reads meanwhile.
        self._answer_fd = os.memfd_create("encoder")
        try:
            self._process = subprocess.Popen(
                [*command(_MODULE), order.to_line()],
                cwd=PROJECT_DIR,
                stdin=subprocess.DEVNULL,
                stdout=self._answer_fd,
            )
        except OSError:
            os.close(self._answer_fd)
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def poll(self) -> Made | str | None:
        """Return what was made, how the process ended without an answer, or None while it is at work."""
        status = self._process.poll()
        if status is None:
            return None
        answer = os.pread(self._answer_fd, _ANSWER_LIMIT_BYTES, 0)
        os.close(self._answer_fd)
        if status == 0:
            return Made.from_line(answer.decode())
        return f"signal {-status}" if status < 0 else f"exit status {status}"

    def kill(self) -> None:
        """End it; what it has made so far is of no use."""
        self._process.kill()
        self._process.wait()
        os.close(self._answer_fd)
