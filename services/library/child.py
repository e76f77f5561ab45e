"""A child process of the library and the socket to it."""

import asyncio
import socket
import subprocess
from typing import Final, Self

from common.child import command
from common.config import PROJECT_DIR

# After SIGKILL the kernel may still wait for a disk.
_REAP_S: Final = 5.0
# An answer is some 100 KB: read in few steps.
_READ_AHEAD_BYTES: Final = 1 << 20


class Child:
    """One running child; `end()` it. Start it in the main thread: the kernel ends it with the thread that did."""

    def __init__(
        self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._process = process
        self.reader: Final = reader
        self.writer: Final = writer

    @classmethod
    async def start(cls, module: str) -> Self:
        """Start a child of a module. Raises OSError when the system has no room for it."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                reader, writer = await asyncio.open_unix_connection(sock=ours, limit=_READ_AHEAD_BYTES)
            except BaseException:
                ours.close()
                raise
            try:
                # Nothing is waited for from here on: a process that was started has an owner.
                return cls(_spawn(module, theirs), reader, writer)
            except OSError:
                writer.transport.abort()
                raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def how_it_ended(self) -> str:
        """Return words for the exit status, once it has ended."""
        status = self._process.poll()
        if status is None:
            return "it still runs"
        return f"signal {-status}" if status < 0 else f"exit status {status}"

    async def end(self) -> None:
        """Kill it, wherever it is, and reap it. Idempotent."""
        self._process.kill()
        self.writer.transport.abort()
        await asyncio.shield(asyncio.to_thread(self._reap))

    def _reap(self) -> None:
        try:
            self._process.wait(_REAP_S)
        except subprocess.TimeoutExpired:
            # Reaped by a later poll, or by init when the library ends.
            return


def _spawn(module: str, theirs: socket.socket) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command(module), stdin=theirs.fileno(), stdout=subprocess.DEVNULL, cwd=PROJECT_DIR)
